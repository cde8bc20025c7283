package iqdcmd_test

import (
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// delegating has sections that a server delegates to, and others.
const delegating = `hosts = ["example.net", "example.org"]
[handlers.disco]
[handlers.roster]
delegated = true
[handlers.time]
[handlers.hello]
kind = "static"
delegated = true
payload = "<hello xmlns='urn:it&apos;s &quot;hello&quot;'/>"
`

// What servers make of it is in the package e2e.
func TestServerConfigDelegation(t *testing.T) {
	t.Parallel()
	more := []string{delegating}
	printed(t, "prosody", map[string]snippet{
		"Prosody": {
			server: "127.0.0.1:5347", secret: `"hush"`, more: more,
			want: []string{
				"prosody-modules", "--   VirtualHost \"example.net\"\n--     modules_enabled = { \"delegation\" }\n--     delegations = {\n",
				"--   VirtualHost \"example.org\"\n", `--       ["jabber:iq:roster"] = { jid = "iq.example.net" };`,
				`--       ["urn:it's \"hello\""] = {`, "\n\tmodules_enabled = { \"delegation\" } -- here, too\n", "systemctl restart prosody",
			},
			not: []string{"urn:xmpp:time", "disco#info", "host activate", "\nVirtualHost"},
		},
		"Prosody, without": {
			server: "127.0.0.1:5347", secret: `"hush"`, more: []string{"[handlers.roster]", "[handlers.not-of-this-program]"},
			not: []string{"XEP-0355", "modules_enabled", "VirtualHost"},
		},
	})
	printed(t, "ejabberd", map[string]snippet{
		"ejabberd": {
			server: "127.0.0.1:5347", secret: `"hush"`, more: more,
			want: []string{
				"\nacl:\n  \"iq.example.net\":\n    server: \"iq.example.net\"\naccess_rules:\n  \"iq.example.net\":\n    allow: \"iq.example.net\"\n",
				"\nmodules:\n  mod_delegation:\n    namespaces:\n      \"jabber:iq:roster\":\n        access: \"iq.example.net\"\n",
				"      \"urn:it's \\\"hello\\\"\":\n", "\nlisten:\n",
			},
			not: []string{"urn:xmpp:time", "disco#info"},
		},
		"ejabberd, without": {
			server: "127.0.0.1:5347", secret: `"hush"`, more: []string{"[handlers.roster]"}, not: []string{"XEP-0355", "mod_delegation", "acl:"},
		},
	})
}

// What run would refuse is no configuration to delegate by.
func TestServerConfigRefusesToDelegate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ more, want string }{
		"without discovery": {"[handlers.roster]\ndelegated = true", "needs [handlers.disco]"},
		"a section with a mistake": {
			"[handlers.disco]\n[handlers.hello]\nkind = \"static\"\ndelegated = true\npayload = \"no element\"", "payload",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := iqd(t, "", "server-config", "prosody", "-c", setup(t, "127.0.0.1:5347", `"hush"`, tc.more))
			if code != iqdcmd.ExitMistake || out != "" || !strings.Contains(errs, tc.want) {
				t.Errorf("exit code %d, output %q, standard error %q", code, out, errs)
			}
		})
	}
}
