package iqdcmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// setup is the part of a configuration that the server has to know of.
func setup(t *testing.T, server, secret string, more ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "iqd's.toml")
	text := fmt.Sprintf("[component]\njid = \"iq.example.net\"\nserver = %q\nsecret = %s\n%s\n", server, secret, strings.Join(more, "\n"))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A snippet is a configuration, and what has to be in what is printed for it.
type snippet struct {
	server, secret string
	more, flags    []string
	want, not      []string
}

// printed holds what server-config prints against what it should.
func printed(t *testing.T, kind string, snippets map[string]snippet) {
	t.Helper()
	for name, s := range snippets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"server-config", kind, "-c", setup(t, s.server, s.secret, s.more...)}, s.flags...)
			code, out, errs := iqd(t, "", args...)
			if code != iqdcmd.ExitDone || errs != "" {
				t.Fatalf("exit code %d, standard error %q", code, errs)
			}
			contains(t, out, s.want...)
			for _, not := range s.not {
				if strings.Contains(out, not) {
					t.Errorf("%q is in\n%s", not, out)
				}
			}
		})
	}
}

// checklist 71; what the server makes of it is in the package e2e.
func TestServerConfigProsody(t *testing.T) {
	t.Parallel()
	printed(t, "prosody", map[string]snippet{
		"Prosody": {
			server: "127.0.0.1:5347", secret: `"hush"`,
			want: []string{
				`Component "iq.example.net"`, `component_secret = "REPLACE-ME`, `component_conflict_resolve = "kick_old"`,
				"tee /etc/prosody/conf.d/iq.cfg.lua", "systemctl restart prosody", "host activate iq.example.net", `iqd'\''s.toml'`,
			},
			not: []string{"hush", "component_ports", "component_interfaces", "stanza_size_limit", `VirtualHost "*"`, "stunnel"},
		},
		"Prosody, secret": {
			server: "localhost:5347", secret: `'a"b\c ü'`, flags: []string{"--show-secret"},
			want: []string{`component_secret = "a\"b\\c ü"`}, not: []string{"REPLACE-ME =", "component_interfaces"},
		},
		"Prosody, all that differs": {
			server: "192.0.2.1:5348", secret: `"hush"`, more: []string{"[limits]", "max_reply_bytes = 600000"},
			want: []string{
				`VirtualHost "*"`, "component_ports = { 5348 }", `component_interfaces = { "192.0.2.1" }`, "component_stanza_size_limit = 655360",
			},
			not: []string{"host activate"},
		},
		"Prosody, a name": {
			server: "xmpp.example.net:5347", secret: `"hush"`, want: []string{`component_interfaces = { "*" }`},
		},
		"Prosody, TLS": {
			server: "192.0.2.1:5348", secret: `"hush"`, more: []string{"[component.tls]", "enabled = true"},
			want: []string{"accept = 192.0.2.1:5348", "connect = 127.0.0.1:5347", "net_multiplex"}, not: []string{"component_ports", "component_interfaces ="},
		},
	})
}

// checklist 71; what the server makes of it is in the package e2e.
func TestServerConfigEjabberd(t *testing.T) {
	t.Parallel()
	printed(t, "ejabberd", map[string]snippet{
		"ejabberd": {
			server: "127.0.0.1:5347", secret: `"hush"`,
			want: []string{
				"\nlisten:\n  -\n    port: 5347\n    ip: \"127.0.0.1\"\n    module: ejabberd_service\n", "global_routes: false", "max_stanza_size: 524288",
				"      \"iq.example.net\":\n        password: \"REPLACE-ME", "tee /etc/ejabberd/iq.yml", "include_config_file: /etc/ejabberd/iq.yml", "/etc/ejabberd/ejabberd.yml", "under \"hosts:\" of its listener", "ejabberdctl reload_config", "domain_balancing",
			},
			not: []string{"hush", "tls:"},
		},
		"ejabberd, secret": {
			server: "[::1]:5348", secret: `'a"b\c ü'`, flags: []string{"--show-secret"},
			want: []string{`password: "a\"b\\c ü"`, "port: 5348", `ip: "::1"`},
		},
		"ejabberd, TLS": {
			server: "xmpp.example.net:5347", secret: `"hush"`, more: []string{"[component.tls]", "enabled = true"},
			want: []string{"tls: true", "certfile:", `ip: "::"`},
		},
		"ejabberd, Unix socket": {
			server: "unix:/run/ejabberd/iqd", secret: `"hush"`, want: []string{`port: "unix:/run/ejabberd/iqd"`}, not: []string{"ip:"},
		},
	})
}

// Two components have two files; the one of the README is called iqd.
func TestServerConfigNamesTheFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ kind, jid, want string }{
		"Prosody":              {"prosody", "iqd.localhost", "| sudo tee /etc/prosody/conf.d/iqd.cfg.lua >"},
		"Prosody, the second":  {"prosody", "two.localhost", "| sudo tee /etc/prosody/conf.d/two.cfg.lua >"},
		"ejabberd":             {"ejabberd", "iqd.localhost", "| sudo tee /etc/ejabberd/iqd.yml >"},
		"ejabberd, the second": {"ejabberd", "two.localhost", "include_config_file: /etc/ejabberd/two.yml\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := setup(t, "127.0.0.1:5347", `"hush"`)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.Replace(string(text), "iq.example.net", tc.jid, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, out, _ := iqd(t, "", "server-config", tc.kind, "-c", file)
			contains(t, out, tc.want)
		})
	}
}

func TestServerConfigRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind, server, secret, want string
	}{
		"a secret of two lines":    {"prosody", "127.0.0.1:5347", `"a\nb"`, "secret"},
		"for ejabberd too":         {"ejabberd", "127.0.0.1:5347", `"a\u0085b"`, "control character"},
		"a socket that is not one": {"prosody", "unix:/run/iqd", `"hush"`, "Unix socket"},
		"another server":           {"openfire", "127.0.0.1:5347", `"hush"`, "openfire"},
		"a mistake in the file":    {"prosody", "127.0.0.1", `"hush"`, "host:port"},
		"no secret":                {"prosody", "127.0.0.1:5347", `""`, "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := iqd(t, "", "server-config", tc.kind, "--show-secret", "-c", setup(t, tc.server, tc.secret))
			if code != iqdcmd.ExitMistake || out != "" || !strings.Contains(errs, tc.want) {
				t.Errorf("exit code %d, output %q, standard error %q", code, out, errs)
			}
		})
	}
}
