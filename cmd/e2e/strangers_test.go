package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestOddRequests: ids, senders and partings that XMPP allows and few think of.
func TestOddRequests(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := testMux(t)
		g := make(chan struct{})
		add(t, m, component.Extension{Name: "late", Routes: []component.Route{{Name: name("late"),
			Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { <-g; return nil, nil })}}})
		c := serve(t, srv, component.Config{Handler: m})
		alice, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")
		t.Run("Q09 odd ids", func(t *testing.T) { oddIDs(t, srv, alice) })
		t.Run("Q10 the same id", func(t *testing.T) { sameID(t, srv, alice, bob) })
		t.Run("Q20 odd resources", func(t *testing.T) { oddResources(t, srv, c) })
		t.Run("Q31 client leaves", func(t *testing.T) {
			for i := range 10 {
				gone := srv.Login(t, "alice", fmt.Sprint("gone", i))
				gone.Send(get(srv, "late", "late", ""))
				gone.IQ(get(srv, "fence", "nil", ""))
				gone.Close()
			}
			before := c.Stats().Unsolicited
			close(g)
			realserver.Eventually(t, 10*time.Second, func() bool { return c.Stats().Open == 0 })
			if got := bob.IQ(get(srv, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
				t.Errorf("after it: %s", got)
			}
			if n := c.Stats().Unsolicited - before; n > 10 {
				t.Errorf("%d errors came back", n)
			}
		})
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 || st.Requests != st.Results+st.Errors+st.Unanswered {
			t.Errorf("afterwards: %+v", st)
		}
	})
}

// oddIDs asks with ids that have to come back as they are; a line end may be
// normalised on the way (XML 1.0, 2.11).
func oddIDs(t *testing.T, srv *realserver.Server, alice *realserver.Client) {
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&apos;", "\n", "&#10;", "\t", "&#9;", "\r", "&#13;").Replace
	for _, id := range []string{"\"'&<>", "\U0001F980 ", "  ", "a\nb\tc", "a\rb", strings.Repeat("x", 10_000), strings.Repeat("y", 200_000)} {
		alice.Send("<iq type='get' id='" + esc(id) + "' to='" + srv.Component + "'><nil xmlns='" + nsTest + "'/></iq>")
		got := realserver.Parse(alice.Next(10 * time.Second))
		if plain := strings.NewReplacer("\r", "\n").Replace; plain(got.ID) != plain(id) || got.Type != "result" {
			t.Errorf("id %.40q came back as %.40q: %s", id, got.ID, got.Type)
		}
	}
}

// sameID: two requests with one id are two requests, of one sender and of two.
func sameID(t *testing.T, srv *realserver.Server, alice, bob *realserver.Client) {
	for _, c := range []*realserver.Client{alice, bob} {
		c.Send(get(srv, "same", "nil", "") + get(srv, "same", "text", ""))
	}
	for _, c := range []*realserver.Client{alice, bob} {
		for range 2 {
			if got := realserver.Parse(c.Expect(realserver.Answers("same"), 10*time.Second)); got.Type != "result" || got.To != c.JID {
				t.Errorf("got %+v", got)
			}
		}
		c.IQ(get(srv, "fence", "nil", ""))
		if extra := c.Next(time.Millisecond); extra != "" {
			t.Errorf("one more: %s", extra)
		}
	}
}

// oddResources: ejabberd takes these as they are, Prosody makes its own of some. A
// resource that is nothing once it is normalised is answered like any other, but an
// ejabberd finds nobody at it then.
func oddResources(t *testing.T, srv *realserver.Server, comp *component.Component) {
	for resource, lost := range map[string]bool{"\u200b": true, "\u00ad": true, "\u00a0": false, " ": false, "a\u200bb": false} {
		c, before := srv.Login(t, "alice", resource), comp.Stats()
		c.Send(get(srv, "odd", "nil", ""))
		realserver.Eventually(t, 10*time.Second, func() bool { return comp.Stats().Results > before.Results && comp.Stats().Open == 0 })
		got := realserver.Parse(c.Next(time.Second))
		if lost = lost && srv.Kind == realserver.Ejabberd; !lost && (got.Type != "result" || got.To != c.JID) {
			t.Errorf("resource %q: got %+v", resource, got)
		}
		if s := comp.Stats(); s.Errors != before.Errors {
			t.Errorf("resource %q was answered with an error", resource)
		}
		c.Close()
	}
}

// TestRosterOfAnother: neither a set nor a push nor a reply of somebody else, nor
// one that is wrapped in what only a server says, changes a roster.
func TestRosterOfAnother(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		serve(t, srv, component.Config{Handler: standard(t, srv, "memory:")})
		alice, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")
		query := func(typ, id, to, item string) string {
			return "<iq type='" + typ + "' id='" + id + "' to='" + to + "'><query xmlns='jabber:iq:roster'>" + item + "</query></iq>"
		}
		mallory := "<item jid='mallory@example.net' subscription='both'/>"
		alice.IQ(query("set", "s1", srv.Component, "<item jid='romeo@example.net' name='Romeo'/>"))
		want := alice.IQ(query("get", "g", srv.Component, ""))
		if !strings.Contains(want, "Romeo") {
			t.Fatalf("got %s", want)
		}
		inner := "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='set' id='x' from='" + alice.JID + "' to='" + srv.Component + "'>" +
			"<query xmlns='jabber:iq:roster'>" + mallory + "</query></iq></forwarded>"
		to := "' to='" + srv.Component + "'>"
		for label, raw := range map[string]string{
			"CVE-2015-8688 push":                        query("set", "x", srv.Component, mallory),
			"CVE-2016-9928 push as alice":               query("set", "x", "alice@"+srv.Component, mallory),
			"CVE-2019-16236 result":                     query("result", "s1", srv.Component, mallory),
			"CVE-2017-5589 carbon":                      "<message id='x" + to + "<received xmlns='urn:xmpp:carbons:2'>" + inner + "</received></message>",
			"CVE-2017-5591 forwarded":                   "<iq type='set' id='x" + to + inner + "</iq>",
			"CVE-2020-26547 delegated":                  "<iq type='set' id='x" + to + "<delegation xmlns='urn:xmpp:delegation:2'>" + inner + "</delegation></iq>",
			"CVE-2020-26547 delegated the ejabberd way": "<iq type='set' id='x" + to + "<delegation xmlns='urn:xmpp:delegation:1'>" + inner + "</delegation></iq>",
		} {
			t.Run(label, func(t *testing.T) {
				bob.Send(raw)
				bob.IQ(query("get", "fence", srv.Component, ""))
				if got := alice.IQ(query("get", "g", srv.Component, "")); got != want {
					t.Errorf("the roster has changed:\n%s\n%s", want, got)
				}
			})
		}
	})
}
