package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
)

// operator runs a command of iqd as an operator does.
func operator(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var stdout bytes.Buffer
	code = iqdcmd.Execute(t.Context(), args, iqdcmd.World{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: io.Discard, Getenv: func(string) string { return "" },
	}, handlers.Standard())
	return code, stdout.String()
}

// configure writes a configuration, with more lines behind [component].
func configure(t *testing.T, jid, server, secret string, more ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.toml")
	text := fmt.Sprintf("[component]\njid = %q\nserver = %q\nsecret = '''%s'''\n%s\n[handlers.ping]\n", jid, server, secret, strings.Join(more, "\n"))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// oddSecret has in it what Lua and YAML would trip over.
const oddSecret = `it's "odd" \ #-- \n {ü☃}: %s &x`

// checklist 71: what server-config prints is taken by both servers as it is, and
// makes a component that works.
func TestServerConfigMakesAComponent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			port := realserver.FreePort(t)
			file := configure(t, "iqd.localhost", fmt.Sprintf("127.0.0.1:%d", port), oddSecret, "[limits]", "max_reply_bytes = 900000")
			code, snippet := operator(t, "server-config", kind, "--show-secret", "-c", file)
			if code != iqdcmd.ExitDone {
				t.Fatalf("exit code %d", code)
			}
			srv := realserver.Start(t, kind, realserver.Options{Snippet: snippet, ComponentPort: port, Secret: oddSecret})
			if kind == realserver.Prosody {
				if out, err := srv.Ctl("check", "config"); strings.Contains(out+fmt.Sprint(err), "iqd.localhost") {
					t.Errorf("check config: %v\n%s", err, out)
				}
			}
			// The route, and a stanza of all 900,000 bytes.
			if code, out := operator(t, "doctor", "-c", file); code != iqdcmd.ExitDone || !strings.Contains(out, "a stanza of 900000 bytes passes") {
				t.Errorf("exit code %d, output\n%s", code, out)
			}
			serve(t, srv, component.Config{Handler: testMux(t)})
			got := srv.Login(t, "alice", "x").IQ(`<iq type='get' id='1' to='iqd.localhost'><nil xmlns='` + nsTest + `'/></iq>`)
			if realserver.Parse(got).Type != "result" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// With the placeholder the server starts all the same, and refuses everybody who
// does not know it.
func TestServerConfigHidesTheSecret(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			port := realserver.FreePort(t)
			file := configure(t, "iqd.localhost", fmt.Sprintf("127.0.0.1:%d", port), "hush")
			code, snippet := operator(t, "server-config", kind, "-c", file)
			if code != iqdcmd.ExitDone || strings.Contains(snippet, "hush") {
				t.Fatalf("exit code %d, output\n%s", code, snippet)
			}
			realserver.Start(t, kind, realserver.Options{Snippet: snippet, ComponentPort: port})
			if code, out := operator(t, "doctor", "-c", file); code != iqdcmd.ExitFailed || !strings.Contains(out, "wrong secret") {
				t.Errorf("exit code %d, output\n%s", code, out)
			}
		})
	}
}

// The file of its own that server-config names takes effect with the commands
// that it names, and the server stays up.
func TestServerConfigTakesEffectAtReload(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind, include string
		load          [][]string
	}{
		{realserver.Prosody, "Include %q\n", [][]string{{"shell", "config", "reload"}, {"shell", "host", "activate", "iqd.localhost"}}},
		{realserver.Ejabberd, "include_config_file: %q\n", [][]string{{"reload_config"}}},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			t.Parallel()
			port, own := realserver.FreePort(t), filepath.Join(t.TempDir(), "iqd.cfg")
			if err := os.WriteFile(own, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			srv := realserver.Start(t, tc.kind, realserver.Options{
				NoComponent: true, ComponentPort: port, Extra: fmt.Sprintf(tc.include, own),
			})
			alice := srv.Login(t, "alice", "x")
			file := configure(t, "iqd.localhost", fmt.Sprintf("127.0.0.1:%d", port), "hush")
			_, snippet := operator(t, "server-config", tc.kind, "--show-secret", "-c", file)
			if err := os.WriteFile(own, []byte(snippet), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range tc.load {
				if out, err := srv.Ctl(args...); err != nil {
					t.Fatalf("%q: %v\n%s", args, err, out)
				}
			}
			if code, out := operator(t, "doctor", "-c", file); code != iqdcmd.ExitDone {
				t.Errorf("exit code %d, output\n%s", code, out)
			}
			if alice.Closed() {
				t.Error("a user was disconnected")
			}
		})
	}
}

// ejabberd joins a second list "listen" with the first one, so that the text can
// be appended to its file too.
func TestServerConfigAppendedForEjabberd(t *testing.T) {
	t.Parallel()
	port := realserver.FreePort(t)
	file := configure(t, "iqd.localhost", fmt.Sprintf("127.0.0.1:%d", port), "hush")
	_, snippet := operator(t, "server-config", "ejabberd", "--show-secret", "-c", file)
	srv := realserver.Start(t, realserver.Ejabberd, realserver.Options{NoComponent: true, ComponentPort: port, Extra: snippet})
	srv.Login(t, "alice", "x") // the first list is still there
	if code, out := operator(t, "doctor", "-c", file); code != iqdcmd.ExitDone {
		t.Errorf("exit code %d, output\n%s", code, out)
	}
}
