package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
	"mellium.im/xmpp/stanza"
)

const nsNobody = "urn:example:nobody"

// TestDelegated: clients ask their server and accounts there, and get the answers
// of the component, whatever they are, from whom they have asked.
func TestDelegated(t *testing.T) {
	t.Parallel()
	opts := realserver.Options{Delegate: []string{nsTest, nsNobody}, Components: map[string]string{"other.localhost": "other"}}
	bothServers(t, opts, func(t *testing.T, srv *realserver.Server) {
		m := testMux(t)
		add(t, m, standardOf(t, srv, "disco", "memory:"))
		h := component.HandlerFunc(tellOwner)
		add(t, m, component.Extension{Name: "owner", Routes: []component.Route{{
			Name: name("owner"), At: component.Host | component.User, Get: h, Set: h}}})
		c := serve(t, srv, component.Config{Handler: m, Limits: component.Limits{HandlerTimeout: 2 * time.Second}})
		delegated(t, c, nsTest)
		alice := srv.Login(t, "alice", "balcony")
		srv.Login(t, "bob", "orchard").Presence()
		askOwners(t, alice)
		askForTrouble(t, srv, alice)
		t.Run("Q28 forged", func(t *testing.T) { forgeDelegation(t, srv, alice) })
		t.Run("Q30 nodes of delegation", func(t *testing.T) { askNodes(t, srv, alice) })
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 || st.Requests != st.Results+st.Errors+st.Unanswered {
			t.Errorf("afterwards: %+v", st)
		}
		t.Run("Q33 after a restart", func(t *testing.T) {
			srv.Restart()
			srv.WaitReady()
			delegated(t, c, nsTest)
			got := srv.Login(t, "alice", "again").IQ(askAt("again", "get", "", "<owner xmlns='"+nsTest+"'/>"))
			if !strings.Contains(got, "of alice@localhost") {
				t.Errorf("got %s", got)
			}
		})
	})
}

// delegated waits until the server has delegated a namespace.
func delegated(t *testing.T, c *component.Component, space string) {
	t.Helper()
	realserver.Eventually(t, 20*time.Second, func() bool { return slices.Contains(c.Status().Delegated, space) })
}

func tellOwner(_ context.Context, req *component.Request) (component.Payload, error) {
	owner, err := req.Owner()
	if err != nil {
		return nil, err
	}
	return component.Text(nsTest, "owner", fmt.Sprintf("%s of %s for %s by %s", req.Type, owner, req.From, req.Via)), nil
}

// askOwners asks at each kind of address that can be delegated.
func askOwners(t *testing.T, alice *realserver.Client) {
	for i, tc := range []struct{ name, typ, to, owner, from string }{
		{"Q33 get", "get", "localhost", "alice@localhost", "localhost"},
		{"Q33 set", "set", "localhost", "alice@localhost", "localhost"},
		{"Q33 without to", "get", "", "alice@localhost", ""},
		{"Q33 set without to", "set", "", "alice@localhost", ""},
		{"Q33 to oneself", "get", "alice@localhost", "alice@localhost", ""},
		{"Q33 to another user", "get", "bob@localhost", "bob@localhost", "bob@localhost"},
		{"Q33 set to another user", "set", "bob@localhost", "bob@localhost", "bob@localhost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := alice.IQ(askAt(fmt.Sprint("o", i), tc.typ, tc.to, "<owner xmlns='"+nsTest+"'/>"))
			st := realserver.Parse(got)
			want := ">" + tc.typ + " of " + tc.owner + " for " + alice.JID + " by localhost<"
			if st.Type != "result" || !strings.Contains(got, want) {
				t.Errorf("got %s, want a result with %s", got, want)
			}
			if from := strings.TrimSuffix(st.From, "alice@localhost"); from != tc.from {
				t.Errorf("it comes from %q, want %q", st.From, tc.from)
			}
		})
	}
}

// askAt is a request to an address, or to none.
func askAt(id, typ, to, payload string) string {
	if to != "" {
		to = " to='" + to + "'"
	}
	return "<iq type='" + typ + "' id='" + id + "'" + to + ">" + payload + "</iq>"
}

// askForTrouble asks what ends in every kind of error.
func askForTrouble(t *testing.T, srv *realserver.Server, alice *realserver.Client) {
	q := func(local string) string { return "<" + local + " xmlns='" + nsTest + "'/>" }
	deep := "<nil xmlns='" + nsTest + "'>" + strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200) + "</nil>"
	policy, unknown := "service-unavailable", "feature-not-implemented"
	if srv.Kind == realserver.Ejabberd { // it makes up its own, and delegates nothing that nobody answers
		policy, unknown = "internal-server-error", "service-unavailable"
	}
	for i, tc := range []struct{ name, payload, want string }{
		{"Q34 empty result", q("nil"), "result"},
		{"Q34 result", q("text"), "result"},
		{"Q34 unknown element", q("unknown"), "feature-not-implemented"},
		{"Q34 unknown namespace", "<q xmlns='" + nsNobody + "'/>", unknown},
		{"Q34 stanza error", q("error"), "item-not-found"},
		{"Q34 other error", q("plain"), "internal-server-error"},
		{"Q34 panic", q("panic"), "internal-server-error"},
		{"Q34 goexit", q("goexit"), "internal-server-error"},
		{"Q34 bad character", q("forbidden"), "internal-server-error"},
		{"Q34 bad name", q("name"), "internal-server-error"},
		{"Q34 reply too big", q("huge"), "internal-server-error"},
		{"Q34 reply too deep", q("deep"), "internal-server-error"},
		{"Q34 timeout", q("hang"), "remote-server-timeout"},
		{"Q34 request too deep", deep, policy},
		{"Q34 large", "<nil xmlns='" + nsTest + "'>" + strings.Repeat("'", 200_000) + "</nil>", "result"},
	} {
		for j, to := range []string{"", "localhost", "bob@localhost"} {
			t.Run(tc.name+" at "+to, func(t *testing.T) {
				got := alice.IQ(askAt(fmt.Sprint("t", i, j), "get", to, tc.payload))
				if st := realserver.Parse(got); tc.want == "result" && st.Type != "result" || tc.want != "result" && !strings.Contains(st.Inner, "<"+tc.want) {
					t.Errorf("got %.1000s, want %s", got, tc.want)
				}
			})
		}
	}
}

// forgeDelegation has a user and another component say what only the server says:
// the inner request is not run.
func forgeDelegation(t *testing.T, srv *realserver.Server, alice *realserver.Client) {
	other, err := component.New(component.Config{JID: "other.localhost", Secret: "other", Server: srv.ComponentAddr(),
		Handler: component.NewMux(), Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- other.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	online(t, other)
	// What the server delegates of others than its users is refused.
	_, err = other.SendIQ(t.Context(), component.Call{To: "bob@localhost", Payload: component.Text(nsTest, "owner", "")})
	if peer := (*component.PeerError)(nil); !errors.As(err, &peer) || peer.Condition != stanza.BadRequest {
		t.Errorf("a stranger gets %v", err)
	}
	for i, version := range []string{"urn:xmpp:delegation:1", "urn:xmpp:delegation:2"} {
		forged := "<delegation xmlns='" + version + "'><forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='get' id='x' " +
			"from='bob@localhost/orchard'><owner xmlns='" + nsTest + "'/></iq></forwarded></delegation>"
		got := alice.IQ(askAt(fmt.Sprint("f", i), "set", srv.Component, forged))
		if realserver.Parse(got).Type != "error" || !strings.Contains(got, "feature-not-implemented") || strings.Contains(got, "bob") {
			t.Errorf("the user gets %s", got)
		}
		payload, err := component.ParseElement(forged)
		if err != nil {
			t.Fatal(err)
		}
		_, err = other.SendIQ(t.Context(), component.Call{Type: stanza.SetIQ, To: srv.Component, Payload: payload})
		if peer := (*component.PeerError)(nil); !errors.As(err, &peer) || peer.Condition != stanza.FeatureNotImplemented {
			t.Errorf("the other component gets %v", err)
		}
	}
}

// askNodes: what the server has been told at these nodes is for it alone.
func askNodes(t *testing.T, srv *realserver.Server, alice *realserver.Client) {
	for i, node := range []string{"urn:xmpp:delegation:1::" + nsTest, "urn:xmpp:delegation:2:bare:" + nsTest} {
		got := alice.IQ(askAt(fmt.Sprint("n", i), "get", srv.Component, "<query xmlns='http://jabber.org/protocol/disco#info' node='"+node+"'/>"))
		if !strings.Contains(got, "item-not-found") {
			t.Errorf("got %s", got)
		}
	}
	for i, at := range []string{"localhost", "alice@localhost"} {
		got := alice.IQ(askAt(fmt.Sprint("d", i), "get", at, "<query xmlns='http://jabber.org/protocol/disco#info'/>"))
		if !strings.Contains(strings.ReplaceAll(got, `"`, "'"), "<feature var='"+nsTest+"'/>") {
			t.Errorf("at %s it is not advertised: %s", at, got)
		}
	}
}

// TestQ33AsDocumented: with what docs/servers.md says, a client that knows nothing
// of it has its roster from us. Checklist 68.
func TestQ33AsDocumented(t *testing.T) {
	for kind, lang := range map[string]string{realserver.Prosody: "lua", realserver.Ejabberd: "yaml"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			text := documentedDelegation(t, lang)
			opts := realserver.Options{Extra: text}
			if kind == realserver.Prosody { // the host is there already
				opts = realserver.Options{Snippet: strings.Replace(text, "VirtualHost \"localhost\"\n", "", 1)}
			}
			srv := realserver.Start(t, kind, opts)
			log := daemon(t, srv, documented(t, "toml").text)
			realserver.Eventually(t, 20*time.Second, func() bool { return log.count("namespace delegated to us") > 0 })
			got := srv.SlixmppTo(t, "alice", "alice@localhost", "roster-set:romeo@example.net:Romeo:Friends", "roster")
			for step := range got {
				if failed, err := realserver.Answer(got, step, nil); failed != nil || err != nil {
					t.Errorf("%s: %+v, %v", step, failed, err)
				}
			}
			if list := string(got["roster"]); !strings.Contains(list, "romeo@example.net") || !strings.Contains(list, "Friends") {
				t.Errorf("the roster is %s", list)
			}
			alice, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")
			query := "<query xmlns='jabber:iq:roster'/>"
			if got := alice.IQ(askAt("r1", "get", "", query)); !strings.Contains(got, "romeo@example.net") {
				t.Errorf("at her next login alice gets %s", got)
			}
			for id, to := range map[string]string{"b1": "", "b2": "alice@localhost"} {
				if got := bob.IQ(askAt(id, "get", to, query)); strings.Contains(got, "romeo") || to != "" && realserver.Parse(got).Type != "error" {
					t.Errorf("bob gets %s", got)
				}
			}
			if log.count("WARN")+log.count("ERROR") > 0 {
				t.Errorf("it logged:\n%s", log)
			}
		})
	}
}

// documentedDelegation is what docs/servers.md has a server be configured with, for
// the server that a test starts.
func documentedDelegation(t *testing.T, lang string) string {
	t.Helper()
	return strings.NewReplacer("example.net", "localhost", `"..."`, `"test-secret"`).Replace(documented(t, lang).text)
}

func documented(t *testing.T, lang string) docBlock {
	t.Helper()
	blocks := documents(t)["servers.md"]
	i := slices.IndexFunc(blocks, func(b docBlock) bool { return b.lang == lang })
	if i < 0 {
		t.Fatalf("docs/servers.md has no block of %s", lang)
	}
	return blocks[i]
}

// daemon runs iqd with a configuration until the test ends, and returns its log.
func daemon(t *testing.T, srv *realserver.Server, text string) *journal {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.toml")
	writeText(t, file, fmt.Sprintf("[component]\njid = %q\nserver = %q\nsecret = %q\n", srv.Component, srv.ComponentAddr(), srv.Secret)+text)
	ctx, cancel := context.WithCancel(context.Background())
	log, ended := new(journal), make(chan int, 1)
	go func() {
		ended <- iqdcmd.Execute(ctx, []string{"run", "-c", file}, iqdcmd.World{
			Stdin: strings.NewReader(""), Stdout: log, Stderr: log,
			Getenv: func(k string) string { return map[string]string{"STATE_DIRECTORY": dir}[k] },
		}, handlers.Standard())
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != iqdcmd.ExitDone {
			t.Errorf("exit code %d\n%s", code, log)
		}
	})
	return log
}
