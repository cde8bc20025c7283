package iqdcmd_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers"
)

// iqd runs a command and returns its exit code and what it printed.
func iqd(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = iqdcmd.Execute(t.Context(), args, iqdcmd.World{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" },
	}, handlers.Standard())
	return code, out.String(), errs.String()
}

// configFile writes a configuration for a server, with more lines behind it.
func configFile(t *testing.T, server string, more ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.toml")
	text := fmt.Sprintf("[component]\njid = \"iq.example.net\"\nserver = %q\nsecret = \"secret\"\n%s\n[handlers.ping]\n",
		server, strings.Join(more, "\n"))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// fakeServer starts the component port of a server on TCP.
func fakeServer(t *testing.T, opts componenttest.Options) (*componenttest.Server, string) {
	t.Helper()
	srv := componenttest.NewServer(opts)
	t.Cleanup(srv.Close)
	addr, err := srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	return srv, addr
}

// occupy connects a component that answers nothing to our domain.
func occupy(t *testing.T, srv *componenttest.Server, addr string) {
	t.Helper()
	c := newComponent(t, addr)
	c.run()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.WaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
}

// A fault is something that is wrong with a server in memory, and what doctor has
// to say of it.
type fault struct {
	opts  componenttest.Options
	fault func(t *testing.T, srv *componenttest.Server, addr string)
	file  []string // more lines of our configuration
	short bool     // an answer will not come
	want  []string
}

// diagnose holds what doctor says of each fault against what it should.
func diagnose(t *testing.T, faults map[string]fault) {
	t.Helper()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, addr := fakeServer(t, f.opts)
			if f.fault != nil {
				f.fault(t, srv, addr)
			}
			file := configFile(t, addr, f.file...)
			if strings.Contains(strings.Join(f.file, ""), "secret_file") {
				dropSecret(t, file)
			}
			wait := "10s"
			if f.short {
				wait = "500ms"
			}
			code, out, _ := iqd(t, "", "doctor", "-c", file, "--wait", wait)
			want := iqdcmd.ExitDone
			if strings.Contains(out, "✗") {
				want = iqdcmd.ExitFailed
			}
			if code != want || strings.Contains(out, "\x1b") {
				t.Errorf("exit code %d, want %d, of a checklist without colour", code, want)
			}
			contains(t, out, f.want...)
		})
	}
}

// checklist 72: doctor names what the server refuses us for, and the line to
// change.
func TestDoctorNamesRefusals(t *testing.T) {
	t.Parallel()
	diagnose(t, map[string]fault{
		"nobody listens": {
			fault: func(_ *testing.T, srv *componenttest.Server, _ string) { srv.Refuse(-1) },
			want:  []string{"✗ connection"},
		},
		"wrong secret, Prosody": {
			opts: componenttest.Options{Secret: "another"},
			want: []string{"✗ handshake", "not-authorized", "wrong secret", "config.toml:4: secret", "component_secret"},
		},
		"wrong secret, ejabberd": {
			opts: componenttest.Options{Secret: "another", Personality: componenttest.Ejabberd},
			want: []string{"wrong secret, or unknown host", "password", `hosts: has to have "iq.example.net"`},
		},
		"unknown host, Prosody": {
			opts: componenttest.Options{Domain: "other.example.net"},
			want: []string{"unknown host", "host-unknown", "config.toml:2: jid", `Component "iq.example.net"`},
		},
		"unknown host, ejabberd": {
			opts: componenttest.Options{Domain: "other.example.net", Personality: componenttest.Ejabberd},
			want: []string{"not-authorized", "unknown host"},
		},
		"conflict, Prosody": {
			fault: occupy,
			want:  []string{"conflict", "another connection serves iq.example.net", "kick_old"},
		},
		"own domain": {
			fault: reject("conflict", "Unable to register route on existing local domain"),
			want:  []string{"a domain that the server serves itself", "config.toml:2"},
		},
		"client port": {
			fault: reject("invalid-namespace", ""),
			want:  []string{"the port for clients", "config.toml:3"},
		},
		"Prosody's client port": {
			fault: reject("host-unknown", "This server does not serve iq.example.net"),
			want:  []string{"the port for clients"},
		},
		"Prosody's server port": {
			fault: reject("unsupported-stanza-type", ""),
			want:  []string{"the port for other servers (5269)", "config.toml:3: server = "},
		},
		"shutting down":  {fault: reject("system-shutdown", ""), want: []string{"being shut down"}},
		"slow handshake": {fault: reject("connection-timeout", ""), want: []string{"took longer than the server waits"}},
		"something else": {fault: reject("policy-violation", "no"), want: []string{`policy-violation: "no"`, "log says more"}},
	})
}

// checklist 72: doctor notices that what is for us goes elsewhere.
func TestDoctorNamesRoutes(t *testing.T) {
	t.Parallel()
	diagnose(t, map[string]fault{
		"conflict, ejabberd": {
			opts:  componenttest.Options{Personality: componenttest.Ejabberd},
			fault: occupy, short: true,
			want: []string{"✗ route", "conflict: a second connection", "ss -tnp"},
		},
		"deaf, Prosody":   {fault: deaf, want: []string{"✗ route", "no route back", "deaf", "prosodyctl shell host activate"}},
		"deaf, ejabberd":  {opts: componenttest.Options{Personality: componenttest.Ejabberd}, fault: deaf, short: true, want: []string{"no route back"}},
		"low limits":      {file: []string{"[limits]", "per_sender = 1", "per_domain = 1", "in_flight = 1"}, want: []string{"✓ route", "✓ size"}},
		"hosts elsewhere": {short: true, file: []string{`hosts = ["example.org"]`}, want: []string{"! server", "example.org", "hosts = "}},
		"admin not there": {file: []string{"[admin]", `listen = "` + closedPort(t) + `"`}, want: []string{"✓ route"}},
	})
}

// checklist 72: doctor finds what will break later.
func TestDoctorNamesMisfits(t *testing.T) {
	t.Parallel()
	diagnose(t, map[string]fault{
		"limit, Prosody":   {file: []string{"[limits]", "max_reply_bytes = 900000"}, want: []string{"✗ size", "450000 bytes pass", "config.toml:6: max_reply_bytes = 450000", "component_stanza_size_limit = 917504"}},
		"limit, ejabberd":  {opts: componenttest.Options{Personality: componenttest.Ejabberd, MaxStanza: 100000}, want: []string{"✗ size", "62500 bytes pass", "max_stanza_size: 524288"}},
		"very low limit":   {opts: componenttest.Options{MaxStanza: 5000}, want: []string{"✗ size", "does not fit"}},
		"TLS to plain":     {file: []string{"[component.tls]", "enabled = true"}, want: []string{"TLS mismatch", "speaks no TLS", "config.toml:6", "stunnel"}},
		"readable by all":  {file: []string{`secret_file = "` + readableByAll(t) + `"`}, want: []string{"! configuration", "can be read by every user", "chmod o-r"}},
		"nothing is wrong": {want: []string{"✓ connection", "✓ route", "✓ server", "✓ size", "All is well.", "/disco info iq.example.net", "Gajim"}},
	})
}

func reject(cond, text string) func(*testing.T, *componenttest.Server, string) {
	return func(_ *testing.T, srv *componenttest.Server, _ string) { srv.Reject(cond, text) }
}

func deaf(_ *testing.T, srv *componenttest.Server, _ string) { srv.Deaf(true) }

func TestDoctorRefusesMistakes(t *testing.T) {
	t.Parallel()
	code, out, errs := iqd(t, "", "doctor", "-c", configFile(t, "127.0.0.1:1", "[limit]"))
	if code != iqdcmd.ExitMistake || !strings.Contains(out, "config.toml:5:") || errs != "" {
		t.Errorf("exit code %d, standard error %q, output\n%s", code, errs, out)
	}
}

func TestDoctorStops(t *testing.T) {
	t.Parallel()
	srv, addr := fakeServer(t, componenttest.Options{})
	srv.Mute(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	err := iqdcmd.Doctor(ctx, &out, configFile(t, addr), fstest.MapFS{})
	if err == nil || strings.Contains(out.String(), "All is well") {
		t.Errorf("Doctor() error = %v, output\n%s", err, &out)
	}
}

func TestChecklistOnATerminal(t *testing.T) {
	t.Parallel()
	var colour, plain bytes.Buffer
	iqdcmd.Checklist(&colour, true)
	iqdcmd.Checklist(&plain, false)
	if want := "\x1b[32m✓\x1b[0m good"; !strings.Contains(colour.String(), want) {
		t.Errorf("%q is not in %q", want, &colour)
	}
	want := "  ✓ good           it is\n  ! odd            one\n                   two\n      cause        that\n" +
		"  ✗ bad            it is not\n      change       f: x\n      or           g: y\n"
	if plain.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &plain, want)
	}
}
