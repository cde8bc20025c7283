package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestPromises asks for each line of what is promised of every request that a
// client can reach. Checklist 28 to 33, 25.
func TestPromises(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t), Limits: component.Limits{HandlerTimeout: 2 * time.Second}})
		alice := srv.Login(t, "alice", "balcony")
		for _, tc := range []struct{ name, ask, want string }{
			{"nil is an empty result", "nil", "result"},
			{"a payload is in the result", "text", "&lt;&amp;&gt;"},
			{"an Error is a stanza error", "error", "item-not-found"},
			{"with its text", "error", "nothing here"},
			{"and its application element", "error", "because"},
			{"any other error is internal", "plain", "internal-server-error"},
			{"a panic is internal", "panic", "internal-server-error"},
			{"runtime.Goexit is internal", "goexit", "internal-server-error"},
			{"a forbidden character does not leave", "forbidden", "internal-server-error"},
			{"nor a bad name", "name", "internal-server-error"},
			{"nor a reply over the limit", "huge", "internal-server-error"},
			{"nor a deep one", "deep", "internal-server-error"},
			{"a handler that hangs is answered at the deadline", "hang", "remote-server-timeout"},
			{"and so is one that asks somebody who does not answer", "ask", "remote-server-timeout"},
			{"what nobody handles", "unknown", "feature-not-implemented"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				got := alice.IQ(get(srv, "q1", tc.ask, ""))
				if !strings.Contains(got, tc.want) {
					t.Errorf("got %s, want %s in it", got, tc.want)
				}
				if strings.Contains(got, "a secret of ours") {
					t.Errorf("an internal error reached the requester: %s", got)
				}
				if s := realserver.Parse(got); s.From != srv.Component || s.To != alice.JID {
					t.Errorf("from %q to %q, want %q and %q", s.From, s.To, srv.Component, alice.JID)
				}
			})
		}
		t.Run("wrong type", func(t *testing.T) {
			got := alice.IQ(fmt.Sprintf("<iq type='set' id='w1' to='%s'><nil xmlns='%s'/></iq>", srv.Component, nsTest))
			if !strings.Contains(got, "feature-not-implemented") {
				t.Errorf("got %s", got)
			}
		})
		t.Run("nobody lives at accounts and resources", func(t *testing.T) {
			for _, to := range []string{"someone@" + srv.Component, srv.Component + "/there", "someone@" + srv.Component + "/there"} {
				got := alice.IQ(fmt.Sprintf("<iq type='get' id='n1' to='%s'><nil xmlns='%s'/></iq>", to, nsTest))
				if s := realserver.Parse(got); !strings.Contains(got, "service-unavailable") || s.From != to {
					t.Errorf("to %s: got %s", to, got)
				}
			}
		})
		if st := c.Stats(); st.Streams != 1 {
			t.Errorf("%d streams, want the first one to live", st.Streams)
		}
	})
}

// TestAskedBack: a handler sends a request to its requester and waits for the
// reply, while the requester waits for its own. Checklist 38, 43.
func TestAskedBack(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t)})
		alice, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")
		alice.Send(get(srv, "a1", "ask", ""))
		asked := realserver.Parse(alice.Expect(func(s string) bool { return strings.Contains(s, "urn:xmpp:ping") }, 10*time.Second))
		// CVE-2014-0364: bob knows the id, and still cannot answer for alice.
		bob.Send(fmt.Sprintf("<iq type='result' id='%s' to='%s'/>", asked.ID, srv.Component))
		realserver.Eventually(t, 10*time.Second, func() bool { return c.Stats().Spoofed == 1 })
		alice.Send(fmt.Sprintf("<iq type='result' id='%s' to='%s'/>", asked.ID, srv.Component))
		got := alice.Expect(realserver.Answers("a1"), 10*time.Second)
		if !strings.Contains(got, alice.JID) || !strings.Contains(got, "asked") {
			t.Errorf("got %s, want the answer of %s", got, alice.JID)
		}
	})
}

// TestPipelined: 300 requests from two users, written in one go, are answered
// exactly once. Checklist 28.
func TestPipelined(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: testMux(t)})
		clients := []*realserver.Client{srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")}
		const each = 150
		for _, c := range clients {
			var b strings.Builder
			for i := range each {
				b.WriteString(get(srv, fmt.Sprint("p", i), "nil", ""))
			}
			c.Send(b.String())
		}
		for _, c := range clients {
			seen := map[string]int{}
			for range each {
				s := realserver.Parse(c.Expect(func(s string) bool { return strings.Contains(s, "<iq") }, 20*time.Second))
				if s.Type != "result" {
					t.Errorf("id %s: type %s", s.ID, s.Type)
				}
				seen[s.ID]++
			}
			// A fence: whatever was answered twice would come ahead of it.
			c.Send(get(srv, "fence", "nil", ""))
			if s := realserver.Parse(c.Next(10 * time.Second)); s.ID != "fence" {
				t.Errorf("id %s came again", s.ID)
			}
			if len(seen) != each {
				t.Errorf("%d different ids answered, want %d", len(seen), each)
			}
		}
	})
}

// TestN20Deaf: after "module reload component" Prosody keeps the stream and routes
// nothing to it. The check finds it. Checklist 10, 14; N20.
func TestN20Deaf(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	c := serve(t, srv, component.Config{Handler: testMux(t), CheckInterval: 500 * time.Millisecond})
	if out, err := srv.Ctl("shell", "module", "reload", "component", srv.Component); err != nil {
		t.Fatalf("reload: %v: %s", err, out)
	}
	realserver.Eventually(t, 45*time.Second, func() bool { return c.Stats().Deaf == 1 && c.Stats().Streams == 2 && c.Status().Heard })
	alice := srv.Login(t, "alice", "balcony")
	if got := alice.IQ(get(srv, "d1", "nil", "")); realserver.Parse(got).Type != "result" {
		t.Errorf("got %s", got)
	}
}

// TestQ27Subscription: a subscription is answered once, for Prosody repeats it at
// each login until it is. Q27.
func TestQ27Subscription(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: testMux(t)})
		alice := srv.Login(t, "alice", "balcony")
		alice.Send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
		alice.Presence()
		alice.Send(fmt.Sprintf("<presence type='subscribe' to='%s'/>", srv.Component))
		alice.Expect(func(s string) bool {
			return strings.Contains(s, "unsubscribed") || strings.Contains(s, "subscription='none'") && !strings.Contains(s, "ask=")
		}, 10*time.Second)
	})
}

// TestSister: two processes at one domain of ejabberd share its requests, and
// each is answered. Checklist 14.
func TestSister(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Ejabberd, realserver.Options{})
	cfg := component.Config{Handler: testMux(t), CheckInterval: 100 * time.Millisecond}
	one, two := serve(t, srv, cfg), serve(t, srv, cfg)
	alice := srv.Login(t, "alice", "balcony")
	for i := range 100 {
		if got := alice.IQ(get(srv, fmt.Sprint("s", i), "nil", "")); realserver.Parse(got).Type != "result" {
			t.Fatalf("got %s", got)
		}
	}
	if a, b := one.Stats().Requests, two.Stats().Requests; a < 10 || b < 10 {
		t.Errorf("one got %d requests, the other %d", a, b)
	}
}
