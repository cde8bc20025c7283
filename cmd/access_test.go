package iqdcmd_test

import (
	"strings"
	"testing"
)

// Checklist 41: who may use a handler, by allow and deny. To the others it is not
// there.
func TestAccess(t *testing.T) {
	const (
		juliet = "juliet@example.net/balcony" // local
		nurse  = "nurse@example.net/chamber"  // local
		romeo  = "romeo@example.com/orchard"  // not local
		server = "example.com"
	)
	for name, tc := range map[string]struct {
		access   string
		yes, nay []string
	}{
		"default of ping":   {"", []string{juliet, romeo, server}, nil},
		"local":             {"allow = ['local']", []string{juliet, nurse}, []string{romeo, server, "x@notexample.net"}},
		"nobody":            {"allow = []", nil, []string{juliet, romeo}},
		"any":               {"allow = ['any']", []string{juliet, romeo}, nil},
		"bare JID":          {"allow = ['romeo@example.com']", []string{romeo, "ROMEO@EXAMPLE.com/x", "romeo@example.com"}, []string{juliet, "xromeo@example.com/x", "romeo@example.com.evil.net/x"}},
		"written otherwise": {"allow = ['Romeo@Example.COM']", []string{romeo}, []string{juliet}},
		"domain":            {"allow = ['@example.com']", []string{romeo, server, "a@EXAMPLE.COM/x"}, []string{juliet, "a@sub.example.com", "a@b@example.com"}},
		"admins":            {"allow = ['admins']", []string{nurse}, []string{juliet, romeo}},
		"deny wins":         {"allow = ['local', 'romeo@example.com']\ndeny = ['juliet@example.net']", []string{nurse, romeo}, []string{juliet, "JULIET@example.net/x"}},
		"deny alone":        {"deny = ['@example.com']", []string{juliet, "x@example.org"}, []string{romeo, server}},
		"deny any":          {"deny = ['any']", nil, []string{juliet, romeo}},
		"odd resource":      {"deny = ['juliet@example.net']", []string{nurse}, []string{"juliet@example.net/\u200b", "juliet@example.net/a/b@c"}},
		"unparsable":        {"deny = ['juliet@example.net']", []string{nurse}, []string{"a\u200bb@example.net/x"}},
		"unparsable, local": {"allow = ['local']", []string{"a\u200bb@example.net/x"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, "[admin]\njids = ['nurse@example.net']\n[handlers.ping]\n"+tc.access+"\n").start().online()
			for _, who := range tc.yes {
				if got := r.ask(who, "urn:xmpp:ping", "ping"); !isResult(got) {
					t.Errorf("%s was answered with %s, want a result", who, got)
				}
			}
			for _, who := range tc.nay {
				got, unknown := r.ask(who, "urn:xmpp:ping", "ping"), r.ask(who, "urn:example:unknown", "ping")
				if isResult(got) || got != unknown {
					t.Errorf("%s was answered with\n%s\nwant the answer of an unknown namespace\n%s", who, got, unknown)
				}
			}
		})
	}
}

// The default of a handler that keeps something is local.
func TestAccessDefaultOfTheRoster(t *testing.T) {
	r := stage(t, "[handlers.roster]\nstore = 'memory:'\n").start().online()
	if got := r.ask("juliet@example.net/balcony", "jabber:iq:roster", "query"); !isResult(got) {
		t.Errorf("a local user was answered with %s", got)
	}
	if got := r.ask("romeo@example.com/orchard", "jabber:iq:roster", "query"); isResult(got) {
		t.Errorf("a stranger was answered with %s", got)
	}
}

// admin.jids belongs to the sections that say admins.
func TestAccessOfAdminsIsReloaded(t *testing.T) {
	r := stage(t, "[admin]\njids = []\n[handlers.ping]\nallow = ['admins']\n[handlers.count]\n").start().online()
	if got := r.ping(); isResult(got) {
		t.Errorf("nobody is an admin, and the answer is %s", got)
	}
	contains(t, r.ask("juliet@example.net", nsCount, "query"), ">1<")
	r.write("[admin]\njids = ['juliet@example.net']\n[handlers.ping]\nallow = ['admins']\n[handlers.count]\n")
	r.signals <- sigHUP
	r.log.wait(t, `"msg":"reloaded","handlers":2,"kept":1`)
	if got := r.ping(); !isResult(got) {
		t.Errorf("the admin was answered with %s", got)
	}
	if strings.Contains(r.log.String(), "restart") {
		t.Errorf("a restart is asked for:\n%s", r.log)
	}
}
