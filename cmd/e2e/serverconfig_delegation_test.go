package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// What server-config prints has a server delegate: a client that asks its account
// for a roster gets iqd's, and another namespace that was delegated too. On
// Prosody the operator puts what is for the VirtualHost there.
func TestQ33ServerConfigDelegates(t *testing.T) {
	t.Parallel()
	const sections = "[handlers.disco]\n[handlers.roster]\ndelegated = true\n[handlers.hello]\nkind = \"static\"\n" +
		"delegated = true\npayload = \"<hello xmlns='urn:example:hello'>hello from us</hello>\"\n"
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			port := realserver.FreePort(t)
			file := configure(t, "iqd.localhost", fmt.Sprintf("127.0.0.1:%d", port), oddSecret, sections)
			code, snippet := operator(t, "server-config", kind, "--show-secret", "-c", file)
			if code != iqdcmd.ExitDone {
				t.Fatalf("exit code %d", code)
			}
			opts := realserver.Options{Snippet: snippet, ComponentPort: port, Secret: oddSecret}
			if kind == realserver.Prosody {
				opts.Extra = hostSection(t, snippet)
			}
			srv := realserver.Start(t, kind, opts)
			log := daemon(t, srv, sections)
			realserver.Eventually(t, 20*time.Second, func() bool { return log.count("namespace delegated to us") == 2 })
			alice := srv.Login(t, "alice", "balcony")
			item := "<query xmlns='jabber:iq:roster'><item jid='romeo@example.net'/></query>"
			if got := alice.IQ(askAt("s", "set", "", item)); realserver.Parse(got).Type != "result" {
				t.Errorf("a contact: %s", got)
			}
			for id, want := range map[string]string{"jabber:iq:roster": "romeo@example.net", "urn:example:hello": "hello from us"} {
				local := map[bool]string{true: "query", false: "hello"}[id == "jabber:iq:roster"]
				if got := alice.IQ(askAt(id, "get", "", "<"+local+" xmlns='"+id+"'/>")); !strings.Contains(got, want) {
					t.Errorf("%s: %s", id, got)
				}
			}
			if log.count("WARN")+log.count("ERROR") > 0 {
				t.Errorf("it logged:\n%s", log)
			}
		})
	}
}

// hostSection is what a text for Prosody has in comments for the operator's own
// VirtualHost.
func hostSection(t *testing.T, text string) string {
	t.Helper()
	_, text, ok := strings.Cut(text, "--   VirtualHost ")
	if !ok {
		t.Fatal("there is nothing for the VirtualHost")
	}
	text, _, _ = strings.Cut("--   VirtualHost "+text, "\n\n")
	return strings.ReplaceAll(text, "--   ", "") + "\n"
}
