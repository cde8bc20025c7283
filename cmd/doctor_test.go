package iqdcmd_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
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

// speaker listens and answers each connection with the same bytes.
func speaker(t *testing.T, says string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf := make([]byte, 4096)
				if _, err := conn.Read(buf); err == nil {
					_, _ = conn.Write([]byte(says))
					_, _ = conn.Read(buf) // what is unread when a connection is closed resets it
				}
			}()
		}
	}()
	return l.Addr().String()
}

// checklist 72: doctor names each fault and the line to change.
func TestDoctorNames(t *testing.T) {
	t.Parallel()
	closed := closedPort(t)
	for name, tc := range map[string]struct {
		opts  componenttest.Options
		fault func(t *testing.T, srv *componenttest.Server, addr string)
		file  []string // more lines of our configuration
		short bool     // an answer will not come
		want  []string
	}{
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
		"conflict, ejabberd": {
			opts:  componenttest.Options{Personality: componenttest.Ejabberd},
			fault: occupy, short: true,
			want: []string{"✗ route", "at another program", "conflict"},
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
		"shutting down":    {fault: reject("system-shutdown", ""), want: []string{"being shut down"}},
		"slow handshake":   {fault: reject("connection-timeout", ""), want: []string{"took longer than the server waits"}},
		"something else":   {fault: reject("policy-violation", "no"), want: []string{`policy-violation: "no"`, "log says more"}},
		"deaf, Prosody":    {fault: deaf, want: []string{"✗ route", "no route back", "deaf", "prosodyctl shell host activate"}},
		"deaf, ejabberd":   {opts: componenttest.Options{Personality: componenttest.Ejabberd}, fault: deaf, short: true, want: []string{"no route back"}},
		"limit, Prosody":   {file: []string{"[limits]", "max_reply_bytes = 900000"}, want: []string{"✗ size", "450000 bytes pass", "config.toml:6: max_reply_bytes = 450000", "component_stanza_size_limit = 917504"}},
		"limit, ejabberd":  {opts: componenttest.Options{Personality: componenttest.Ejabberd, MaxStanza: 100000}, want: []string{"✗ size", "62500 bytes pass", "max_stanza_size: 524288"}},
		"very low limit":   {opts: componenttest.Options{MaxStanza: 5000}, want: []string{"✗ size", "does not fit"}},
		"TLS to plain":     {file: []string{"[component.tls]", "enabled = true"}, want: []string{"TLS mismatch", "speaks no TLS", "config.toml:6", "stunnel"}},
		"readable by all":  {file: []string{`secret_file = "` + readableByAll(t) + `"`}, want: []string{"! configuration", "can be read by every user", "chmod o-r"}},
		"hosts elsewhere":  {short: true, file: []string{`hosts = ["example.org"]`}, want: []string{"! server", "example.org", "hosts = "}},
		"admin not there":  {file: []string{"[admin]", `listen = "` + closed + `"`}, want: []string{"✓ route"}},
		"nothing is wrong": {want: []string{"✓ connection", "✓ route", "✓ server", "✓ size", "All is well.", "/disco info iq.example.net", "Gajim"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, addr := fakeServer(t, tc.opts)
			if tc.fault != nil {
				tc.fault(t, srv, addr)
			}
			file := configFile(t, addr, tc.file...)
			if strings.Contains(strings.Join(tc.file, ""), "secret_file") {
				dropSecret(t, file)
			}
			wait := "10s"
			if tc.short {
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
			for _, w := range tc.want {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not in\n%s", w, out)
				}
			}
		})
	}
}

func reject(cond, text string) func(*testing.T, *componenttest.Server, string) {
	return func(_ *testing.T, srv *componenttest.Server, _ string) { srv.Reject(cond, text) }
}

func deaf(_ *testing.T, srv *componenttest.Server, _ string) { srv.Deaf(true) }

// fault N32: something else listens.
func TestDoctorMeetsStrangers(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	t.Cleanup(secure.Close)
	for name, tc := range map[string]struct {
		addr string
		file []string
		want []string
	}{
		"web":           {web.Listener.Addr().String(), nil, []string{"a web server (HTTP)", "config.toml:3"}},
		"mail":          {speaker(t, "220 mx.example.net ESMTP\r\n"), nil, []string{"a mail or FTP server", "mx.example.net ESMTP"}},
		"shell":         {speaker(t, "SSH-2.0-\x1b[31mx\r\n"), nil, []string{"an SSH server", `\x1b[31mx`}},
		"nonsense":      {speaker(t, "what is it you want\r\n"), nil, []string{"no port for components", "what is it"}},
		"silence":       {speaker(t, ""), nil, []string{"says nothing", "certfile"}},
		"TLS":           {secure.Listener.Addr().String(), nil, []string{"TLS mismatch", "[component.tls] enabled = true"}},
		"TLS, own CA":   {secure.Listener.Addr().String(), []string{"[component.tls]", "enabled = true"}, []string{"unknown CA", "ca_file"}},
		"refused":       {closedPort(t), nil, []string{"connection refused", "server-config prosody", "config.toml:3"}},
		"unknown name":  {"nobody.invalid:5347", []string{"[component.tls]", "enabled = true"}, []string{"has no address", "config.toml:3"}},
		"no unix port":  {"unix:" + filepath.Join(t.TempDir(), "none"), nil, []string{"nobody listens"}},
		"no route":      {"[100::1]:5347", []string{"[component.tls]", "enabled = true"}, []string{"✗ connection"}},
		"web, with TLS": {web.Listener.Addr().String(), []string{"[component.tls]", "enabled = true"}, []string{"a web server (HTTP)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, _ := iqd(t, "", "doctor", "-c", configFile(t, tc.addr, tc.file...), "--wait", "500ms")
			if code != iqdcmd.ExitFailed {
				t.Errorf("exit code %d", code)
			}
			for _, w := range tc.want {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not in\n%s", w, out)
				}
			}
			if strings.Contains(out, "\x1b") {
				t.Errorf("what a stranger says reaches the terminal: %q", out)
			}
		})
	}
}

// fault N33: a certificate that is not right.
func TestDoctorReadsCertificates(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cert certificate
		file string
		want []string
	}{
		"fine":          {certificate{}, "", []string{"✓ size"}},
		"unknown CA":    {certificate{}, "-", []string{"TLS mismatch", "unknown CA", "config.toml:5"}},
		"wrong name":    {certificate{name: "other.example.net"}, "", []string{`is for other.example.net, and not for "127.0.0.1"`, `server_name = "other.example.net"`}},
		"no name":       {certificate{name: "-"}, "", []string{"no name at all"}},
		"expired":       {certificate{until: time.Now().Add(-time.Hour)}, "", []string{"expired", "a renewed certificate"}},
		"not a server":  {certificate{forClients: true}, "", []string{"not fit for a server"}},
		"wants one too": {certificate{asks: true}, "", []string{"want a certificate of ours", "cert_file"}},
		"knows no name": {certificate{refuses: true}, "", []string{"wrong name", "server_name ="}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf, ca := tc.cert.make(t)
			_, addr := fakeServer(t, componenttest.Options{TLS: conf})
			lines := []string{"[component.tls]", "enabled = true"}
			if tc.file == "" {
				lines = append(lines, fmt.Sprintf("ca_file = %q", ca))
			}
			code, out, _ := iqd(t, "", "doctor", "-c", configFile(t, addr, lines...))
			if (code == iqdcmd.ExitDone) != (name == "fine") {
				t.Errorf("exit code %d", code)
			}
			contains(t, out, tc.want...)
		})
	}
}

func TestDoctorRefusesMistakes(t *testing.T) {
	t.Parallel()
	code, out, errs := iqd(t, "", "doctor", "-c", configFile(t, "127.0.0.1:1", "[limit]"))
	if code != iqdcmd.ExitMistake || !strings.Contains(out, "config.toml:5:") || errs != "" {
		t.Errorf("exit code %d, standard error %q, output\n%s", code, errs, out)
	}
}

// A running iqd is asked and not disturbed.
func TestDoctorAsksTheDaemon(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		want   string
		conns  int
	}{
		"ready":     {http.StatusOK, "✓ running", 0},
		"not ready": {http.StatusServiceUnavailable, "! running", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" || r.Header.Get("Authorization") != "Bearer token" {
					t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
				}
				w.WriteHeader(tc.status)
			}))
			t.Cleanup(admin.Close)
			token := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(token, []byte("token\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			srv, addr := fakeServer(t, componenttest.Options{})
			file := configFile(t, addr, "[admin]", fmt.Sprintf("listen = %q", admin.Listener.Addr()), fmt.Sprintf("token_file = %q", token))
			code, out, _ := iqd(t, "", "doctor", "-c", file)
			if code != iqdcmd.ExitDone || !strings.Contains(out, tc.want) {
				t.Errorf("exit code %d, output\n%s", code, out)
			}
			if got := srv.Streams(); (got == 0) != (tc.conns == 0) {
				t.Errorf("%d connections were made", got)
			}
		})
	}
}

// An iqd without [admin] is found among the processes.
func TestDoctorFindsTheProcess(t *testing.T) {
	t.Parallel()
	srv, addr := fakeServer(t, componenttest.Options{})
	file := configFile(t, addr)
	for name, tc := range map[string]struct {
		args  []string
		found bool
	}{
		"same file":    {[]string{"/usr/bin/iqd", "run", "-c", file}, true},
		"long flag":    {[]string{"iqd", "run", "--config=" + file}, true},
		"other file":   {[]string{"iqd", "run", "-c", "/etc/iqd/other.toml"}, false},
		"no file":      {[]string{"iqd", "run"}, false},
		"other verb":   {[]string{"iqd", "check", "-c", file}, false},
		"other binary": {[]string{"vi", "run", "-c", file}, false},
	} {
		t.Run(name, func(t *testing.T) {
			proc := fstest.MapFS{
				"self/cmdline": {Data: []byte("iqd")},
				"42/cmdline":   {Data: []byte(strings.Join(tc.args, "\x00") + "\x00")},
			}
			before := srv.Streams()
			var out bytes.Buffer
			err := iqdcmd.Doctor(t.Context(), &out, file, proc)
			if found := strings.Contains(out.String(), "as process 42"); found != tc.found || (err != nil) != tc.found {
				t.Errorf("Doctor() error = %v, output\n%s", err, &out)
			}
			if connected := srv.Streams() > before; connected == tc.found {
				t.Errorf("connected: %v", connected)
			}
		})
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
