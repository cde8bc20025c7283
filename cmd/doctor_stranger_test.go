package iqdcmd_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

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

// header is what a component port opens a stream with (XEP-0114, 3).
const header = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
	"xmlns:stream='http://etherx.jabber.org/streams' id='1' from='iq.example.net'>"

// fault N32: the right port is not called a wrong one when its server stops.
func TestDoctorMeetsAServerThatGoes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pieces []string
		hangs  bool
		want   []string
	}{
		"closes":          {[]string{header}, false, []string{"✗ handshake", "the server closed the stream after our handshake", "it is stopping or starting, try again; the server's log says more"}},
		"in two packets":  {[]string{header[:21], header[21:]}, false, []string{"the server closed the stream after our handshake"}},
		"does not answer": {[]string{header}, true, []string{"does not answer our handshake: the server is silent"}},
		"talks nonsense":  {[]string{header, "<!DOCTYPE x>"}, false, []string{"✗ handshake", "writes what is no XMPP"}},
		"DTD":             {[]string{"<!DOCTYPE x [<!ENTITY a 'b'>]>"}, false, []string{"no component port at", "<!DOCTYPE x [", "that is no port for components"}},
		"page":            {[]string{"<!doctype HTML>"}, false, []string{"a web server (HTTP)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, out, _ := iqd(t, "", "doctor", "-c", configFile(t, goer(t, tc.hangs, tc.pieces...)), "--wait", "500ms")
			contains(t, out, tc.want...)
			if name != "page" && strings.Contains(out, "web server") {
				t.Errorf("is called a web server:\n%s", out)
			}
		})
	}
}

// goer listens, writes pieces to whoever has said something, and closes after what
// comes next, or hangs.
func goer(t *testing.T, hangs bool, pieces ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		buf := make([]byte, 4096)
		_, _ = conn.Read(buf)
		for _, p := range pieces {
			_, _ = conn.Write([]byte(p))
		}
		for n := 0; n == 0 || hangs; n++ {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	}
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go serve(conn)
		}
	}()
	return l.Addr().String()
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
