package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// A complaint is a way to be wrong, and what doctor has to say of it.
type complaint struct {
	jid, server, secret string
	more                []string // lines of the configuration
	want                []string
}

// examine runs doctor for each complaint and holds its output and exit code
// against it. One that wants "All is well." is none.
func examine(t *testing.T, srv *realserver.Server, complaints map[string]complaint) {
	t.Helper()
	for name, c := range complaints {
		t.Run(name, func(t *testing.T) {
			c = c.or(srv)
			code, out := operator(t, "doctor", "--wait", "3s", "-c", configure(t, c.jid, c.server, c.secret, c.more...))
			wrong := !strings.Contains(out, "All is well.")
			if (code == iqdcmd.ExitFailed) != wrong || (code == iqdcmd.ExitDone) == wrong {
				t.Errorf("exit code %d", code)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
		})
	}
}

// or fills in what is right.
func (c complaint) or(srv *realserver.Server) complaint {
	if c.jid == "" {
		c.jid = srv.Component
	}
	if c.server == "" {
		c.server = srv.ComponentAddr()
	}
	if c.secret == "" {
		c.secret = srv.Secret
	}
	return c
}

// tlsLines are the lines of [component.tls].
func tlsLines(lines ...string) []string {
	return append([]string{"[component.tls]", "enabled = true"}, lines...)
}

// checklist 72: doctor names what is wrong between us and a real Prosody.
func TestDoctorBesideProsody(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{TLS: true, StanzaLimit: 200000})
	ca := fmt.Sprintf("ca_file = %q", srv.CAFile)
	small := []string{"[limits]", "max_reply_bytes = 150000"}
	examine(t, srv, map[string]complaint{
		"well":             {more: small, want: []string{"All is well.", "localhost is Prosody", "/disco info iqd.localhost"}},
		"well, with TLS":   {server: srv.TLSAddr(), more: append(tlsLines(ca), small...), want: []string{"All is well."}},
		"not there":        {server: fmt.Sprintf("127.0.0.1:%d", realserver.FreePort(t)), want: []string{"connection refused", "server-config prosody"}},
		"N28 wrong secret": {secret: "another", want: []string{"not-authorized", "wrong secret: Prosody", "config.toml:4"}},
		"N29 unknown host": {jid: "iqx.localhost", want: []string{"host-unknown", "unknown host", "config.toml:2"}},
		"client port":      {server: fmt.Sprintf("127.0.0.1:%d", srv.C2SPort), want: []string{"the port for clients"}},
		"TLS to plain":     {more: tlsLines(ca), want: []string{"TLS mismatch", "speaks no TLS"}},
		"plain to TLS":     {server: srv.TLSAddr(), want: []string{"TLS mismatch", "[component.tls] enabled = true"}},
		"N33 unknown CA":   {server: srv.TLSAddr(), more: tlsLines(), want: []string{"unknown CA", "ca_file"}},
		"N33 wrong name":   {server: srv.TLSAddr(), more: tlsLines(ca, `server_name = "example.net"`), want: []string{"wrong name", "server_name"}},
		"limit":            {want: []string{"✗ size", "125000 bytes pass", "component_stanza_size_limit"}},
	})
}

// checklist 72, beside a real ejabberd.
func TestDoctorBesideEjabberd(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Ejabberd, realserver.Options{TLS: true, StanzaLimit: 200000})
	ca := fmt.Sprintf("ca_file = %q", srv.CAFile)
	small := []string{"[limits]", "max_reply_bytes = 150000"}
	examine(t, srv, map[string]complaint{
		"well":             {more: small, want: []string{"All is well.", "localhost is ejabberd"}},
		"well, with TLS":   {server: srv.TLSAddr(), more: append(tlsLines(ca), small...), want: []string{"All is well."}},
		"N28 wrong secret": {secret: "another", want: []string{"not-authorized", "wrong secret, or unknown host", "config.toml:4"}},
		"N29 unknown host": {jid: "iqx.localhost", want: []string{"wrong secret, or unknown host", `hosts: has to have "iqx.localhost"`}},
		"own domain":       {jid: "localhost", want: []string{"conflict", "a domain that the server serves itself"}},
		"client port":      {server: fmt.Sprintf("127.0.0.1:%d", srv.C2SPort), want: []string{"the port for clients"}},
		"TLS to plain":     {more: tlsLines(ca), want: []string{"TLS mismatch", "speaks no TLS"}},
		"plain to TLS":     {server: srv.TLSAddr(), want: []string{"TLS mismatch", "[component.tls] enabled = true"}},
		"N33 unknown CA":   {server: srv.TLSAddr(), more: tlsLines(), want: []string{"unknown CA", "ca_file"}},
		"N33 wrong name":   {server: srv.TLSAddr(), more: tlsLines(ca, `server_name = "example.net"`), want: []string{"wrong name", `server_name = "localhost"`}},
		"limit":            {want: []string{"✗ size", "125000 bytes pass", "max_stanza_size"}},
	})
}

// A second connection is a conflict: Prosody says so, ejabberd shares what is for
// us between both and says nothing.
func TestDoctorNamesTheConflict(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		other := serve(t, srv, component.Config{Handler: testMux(t)})
		examine(t, srv, map[string]complaint{"conflict": {want: []string{"conflict", "ss -tnp"}}})
		// Whoever was there is still there.
		got := srv.Login(t, "alice", "x").IQ(`<iq type='get' id='1' to='iqd.localhost'><nil xmlns='` + nsTest + `'/></iq>`)
		if s := other.Stats(); realserver.Parse(got).Type != "result" || s.Streams != 1 {
			t.Errorf("%d streams, got %s", s.Streams, got)
		}
	})
}

// ejabberd loses a share of what is for us where it is told to expect more
// connections than there are, and tells nobody.
func TestDoctorNamesLostRequests(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Ejabberd, realserver.Options{
		Extra: "domain_balancing:\n  iqd.localhost:\n    type: random\n    component_number: 2\n",
	})
	examine(t, srv, map[string]complaint{"lost": {want: []string{"✗ route", "domain_balancing"}}})
}
