package iqdcmd_test

import (
	"strings"
	"testing"
)

// delegatedPing is a ping of juliet's to her server, as that delegates it.
const delegatedPing = "<iq type='set' id='d1' from='example.net' to='iq.example.net'><delegation xmlns='urn:xmpp:delegation:2'>" +
	"<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='get' id='p1' from='juliet@example.net/balcony' to='example.net'>" +
	"<ping xmlns='urn:xmpp:ping'/></iq></forwarded></delegation></iq>"

// A section answers what the server delegates when it says so, beside what it is
// asked itself, and its access list holds for who is behind it.
func TestDelegated(t *testing.T) {
	const inner = "<iq xmlns='jabber:client' type='result' id='p1' from='example.net' to='juliet@example.net/balcony'/>"
	for name, tc := range map[string]struct {
		keys      string
		delegated bool
		direct    bool
	}{
		"not said":    {"", false, true},
		"no":          {"delegated = false", false, true},
		"yes":         {"delegated = true", true, true},
		"not for her": {"delegated = true\ndeny = ['juliet@example.net']", false, false},
		"for her":     {"delegated = true\nallow = ['juliet@example.net']", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, "[handlers.disco]\n[handlers.ping]\n"+tc.keys+"\n").start().online()
			if err := r.server.Send(delegatedPing); err != nil {
				t.Fatal(err)
			}
			got := r.reply("d1")
			if want := strings.Contains(got, inner); want != tc.delegated || !strings.HasPrefix(got, "<iq type='result' id='d1'") {
				t.Errorf("the delegated one was answered with %s", got)
			}
			if got := r.ping(); isResult(got) != tc.direct {
				t.Errorf("the direct one was answered with %s", got)
			}
			server := "<iq type='get' id='n1' from='example.net' to='iq.example.net'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:delegation:1::urn:xmpp:ping'/></iq>"
			if err := r.server.Send(server); err != nil {
				t.Fatal(err)
			}
			if got := r.reply("n1"); isResult(got) != strings.Contains(tc.keys, "true") {
				t.Errorf("the server is told %s", got)
			}
		})
	}
}
