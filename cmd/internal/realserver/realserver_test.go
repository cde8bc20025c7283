package realserver_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

const (
	ping    = `<iq type='get' id='%s' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>`
	timeout = 10 * time.Second
)

// both runs a test against each kind of server.
func both(t *testing.T, opts realserver.Options, test func(t *testing.T, s *realserver.Server)) {
	t.Helper()
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, realserver.Start(t, kind, opts))
		})
	}
}

func dial(t testing.TB, s *realserver.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.ComponentAddr())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func wantResult(t *testing.T, c *realserver.Client, id, to string) {
	t.Helper()
	if got := realserver.Parse(c.IQ(fmt.Sprintf(ping, id, to))); got.Type != "result" || got.From != to || got.To != c.JID {
		t.Errorf("ping = %+v, want a result from %s to %s", got, to, c.JID)
	}
}

func wantEnd(t *testing.T, c *component) {
	t.Helper()
	select {
	case <-c.err:
	case <-time.After(timeout):
		t.Fatal("the component's stream is still up")
	}
}

// TestServer asks one server of each kind for all it can do, the disturbing things last.
func TestServer(t *testing.T) {
	t.Parallel()
	opts := realserver.Options{TLS: true, Users: []string{"carol"}}
	both(t, opts, func(t *testing.T, s *realserver.Server) {
		t.Run("tls", func(t *testing.T) { testTLS(t, s) })
		first := attach(t, dial(t, s), s.Component, s.Secret)
		t.Run("client", func(t *testing.T) { testClient(t, s) })
		t.Run("slixmpp", func(t *testing.T) { testSlixmpp(t, s) })
		t.Run("pause", func(t *testing.T) { testPause(t, s) })
		t.Run("ctl", func(t *testing.T) {
			if s.Kind == realserver.Prosody {
				testDeafStream(t, s, first)
			} else {
				testEjabberdCtl(t, s)
			}
		})
		t.Run("restart", func(t *testing.T) { testAgain(t, s, s.Restart) })
		t.Run("crash", func(t *testing.T) { testAgain(t, s, func() { s.Kill(); s.StartAgain() }) })
		s.Pause() // what comes with the end of the test must end a paused server too
	})
}

func testTLS(t *testing.T, s *realserver.Server) {
	ca, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	conn, err := tls.Dial("tcp", s.TLSAddr(), &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	c := attach(t, conn, s.Component, s.Secret)
	wantResult(t, s.Login(t, "alice", "garden"), "1", s.Component)
	fmt.Fprint(conn, "</stream:stream>")
	wantEnd(t, c)
}

func testClient(t *testing.T, s *realserver.Server) {
	alice, bob, carol := s.Login(t, "alice", "a"), s.Login(t, "bob", "b"), s.Login(t, "carol", "")
	if alice.JID != "alice@localhost/a" || !strings.HasPrefix(carol.JID, "carol@localhost/") {
		t.Errorf("logged in as %q and %q", alice.JID, carol.JID)
	}
	wantResult(t, alice, "1", s.Component)
	wantResult(t, carol, "1", s.Component)

	bob.Presence()
	bob.Expect(func(raw string) bool { return realserver.Parse(raw).From == bob.JID }, timeout)
	for i := range 3 {
		alice.Send(fmt.Sprintf("<message id='%d' to='%s'><body>a &lt; b</body><i xmlns='urn:x'/></message>", i, bob.JID))
	}
	isLast := func(raw string) bool { return realserver.Parse(raw).ID == "2" }
	if raw := bob.Expect(isLast, timeout); !strings.HasPrefix(raw, "<message ") || !strings.HasSuffix(raw, "</message>") {
		t.Errorf("Expect() = %q, want one message", raw)
	}
	for _, id := range []string{"0", "1"} {
		if got := realserver.Parse(bob.Next(timeout)); got.ID != id || got.From != alice.JID {
			t.Errorf("Next() = %+v, want message %s", got, id)
		}
	}
	if raw := bob.Next(time.Millisecond); raw != "" {
		t.Errorf("Next() = %q, want nothing", raw)
	}
}

func testSlixmpp(t *testing.T, s *realserver.Server) {
	steps := []string{"ping", "info", "items", "version", "time", "vcard", "roster",
		"roster-set:juliet@example.net:Juliet:Friends", "roster-remove:juliet@example.net", "query:urn:x"}
	answers := s.Slixmpp(t, "alice", steps...)
	for _, step := range steps {
		if failed, err := realserver.Answer(answers, step, nil); failed != nil || err != nil {
			t.Errorf("%s = %+v, %v", step, failed, err)
		}
	}
	// What a server answers for itself: here the plugins have something to read.
	answers = s.SlixmppTo(t, "alice", s.Domain, "info", "items", "version", "time", "query:urn:x")
	var got struct {
		Features           []string
		Items              [][]string
		Name, Version, UTC string
	}
	for _, step := range []string{"info", "items", "version", "time"} {
		if failed, err := realserver.Answer(answers, step, &got); failed != nil || err != nil {
			t.Errorf("%s = %+v, %v", step, failed, err)
		}
	}
	if !slices.Contains(got.Features, "urn:xmpp:ping") || len(got.Items) != 1 || got.Items[0][0] != s.Component ||
		strings.ToLower(got.Name) != s.Kind || !strings.HasSuffix(got.UTC, "Z") {
		t.Errorf("the server says %+v", got)
	}
	failed, err := realserver.Answer(answers, "query:urn:x", nil)
	if err != nil || failed == nil || failed.Condition != "service-unavailable" {
		t.Errorf("query = %+v, %v", failed, err)
	}
}

func testPause(t *testing.T, s *realserver.Server) {
	alice := s.Login(t, "alice", "garden")
	s.Pause()
	alice.Send(fmt.Sprintf(ping, "1", s.Component))
	if raw := alice.Next(50 * time.Millisecond); raw != "" {
		t.Errorf("a paused server sent %s", raw)
	}
	s.Resume()
	alice.Expect(realserver.Answers("1"), timeout)
}

// Prosody's module:reload("component") leaves the stream open, and it hears nothing from then on.
func testDeafStream(t *testing.T, s *realserver.Server, c *component) {
	alice := s.Login(t, "alice", "garden")
	if out, err := s.Ctl("shell", "module", "reload", "component", s.Component); err != nil {
		t.Fatalf("reload: %v\n%s", err, out)
	}
	if answer := alice.IQ(fmt.Sprintf(ping, "1", s.Component)); !strings.Contains(answer, "Component unavailable") {
		t.Errorf("ping after the reload = %s, want an error of the server", answer)
	}
	// What the component asks of the server is still answered.
	fmt.Fprintf(c.conn, "<iq type='get' id='c' from='%s' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>", s.Component)
	select {
	case <-c.ids:
	case err := <-c.err:
		t.Errorf("the stream ended: %v", err)
	case <-time.After(timeout):
		t.Error("the server does not answer the component")
	}
}

func testEjabberdCtl(t *testing.T, s *realserver.Server) {
	if out, err := s.Ctl("registered_users", s.Domain); err != nil || out != "alice\nbob\ncarol\n" {
		t.Errorf("registered_users = %q, %v", out, err)
	}
	if _, err := s.Ctl("no_such_command"); err == nil {
		t.Error("an unknown command gave no error")
	}
}

func testAgain(t *testing.T, s *realserver.Server, again func()) {
	c, alice := attach(t, dial(t, s), s.Component, s.Secret), s.Login(t, "alice", "garden")
	again()
	wantEnd(t, c)
	realserver.Eventually(t, timeout, alice.Closed)
	s.WaitReady()
	attach(t, dial(t, s), s.Component, s.Secret)
	wantResult(t, s.Login(t, "alice", "garden"), "1", s.Component)
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	const item = "  -\n    port: %d\n    ip: 127.0.0.1\n    module: ejabberd_service\n    hosts:\n      s.localhost:\n        password: x\n"
	for name, tc := range map[string]struct{ kind, snippet string }{
		"prosody":             {realserver.Prosody, "-- ours\nComponent \"s.localhost\"\n  component_secret = \"x\"\n"},
		"ejabberd item":       {realserver.Ejabberd, item},
		"ejabberd whole file": {realserver.Ejabberd, "# ours\nlisten:\n" + item},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := realserver.FreePort(t)
			s := realserver.Start(t, tc.kind, realserver.Options{
				Component: "s.localhost", Secret: "x", ComponentPort: port,
				Snippet: strings.ReplaceAll(tc.snippet, "%d", fmt.Sprint(port)),
			})
			attach(t, dial(t, s), s.Component, s.Secret)
			wantResult(t, s.Login(t, "alice", "garden"), "1", s.Component)
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	opts := realserver.Options{
		NoComponent: true, Components: map[string]string{"two.localhost": "2"}, StanzaLimit: 20000, KickOld: true,
	}
	both(t, opts, func(t *testing.T, s *realserver.Server) {
		first := attach(t, dial(t, s), "two.localhost", "2")
		if s.Kind == realserver.Prosody {
			attach(t, dial(t, s), "two.localhost", "2")
		} else {
			fmt.Fprintf(first.conn, "<iq type='get' id='1' from='two.localhost' to='localhost'>%s</iq>", strings.Repeat("<a/>", 6000))
		}
		wantEnd(t, first)
	})
}
