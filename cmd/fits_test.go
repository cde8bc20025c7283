package iqdcmd_test

import (
	"strings"
	"testing"
)

// Checklist 73: what each key allows and both together do not is refused, by
// check and by a reload, with the place of the key that is set.
func TestRepliesHaveToFit(t *testing.T) {
	const memory = "[handlers.roster]\nstore = 'memory:'\n"
	for name, tc := range map[string]struct{ conf, want string }{
		"roster over the default":    {memory + "max_bytes = 2000000\n", ":7:1: handlers.roster.max_bytes: a roster that fills max_bytes of [handlers.roster] needs 2008192 bytes with what is around it, and limits.max_reply_bytes is 500000"},
		"roster without room around": {memory + "max_bytes = 499999\n", ":7:1: handlers.roster.max_bytes: "},
		"limit below the default":    {"[limits]\nmax_reply_bytes = 400000\n" + memory, ":6:1: limits.max_reply_bytes: a roster that fills max_bytes of [handlers.roster] needs 408192 bytes"},
		"both set":                   {"[limits]\nmax_reply_bytes = 20000\n" + memory + "max_bytes = 20000\n", ":9:1: handlers.roster.max_bytes: "},
		"another name":               {"[handlers.contacts]\nkind = 'roster'\nmax_bytes = 2000000\n", ":7:1: handlers.contacts.max_bytes: "},
		"card of a file":             {"[limits]\nmax_reply_bytes = 20000\n[handlers.vcard]\nfile = 'card.xml'\n", ":8:1: handlers.vcard.file: the card of [handlers.vcard] needs "},
		"card of keys":               {"[handlers.vcard]\ndescription = '" + strings.Repeat("x", 500000) + "'\n", ":5:1: handlers.vcard: the card of [handlers.vcard] needs 508192 bytes"},
		"no such card":               {"[handlers.vcard]\nfile = 'none.xml'\n", ":6:1: [handlers.vcard] file: open "},
		"static answer":              {"[limits]\nmax_reply_bytes = 20000\n[handlers.terms]\nkind = 'static'\nfile = 'card.xml'\n", ":9:1: handlers.terms.file: the answer of [handlers.terms] needs "},
		"static answer of a set":     {"[handlers.terms]\nkind = 'static'\ntypes = ['set']\npayload = '<t xmlns=\"urn:x\">" + strings.Repeat("x", 500000) + "</t>'\n", ":8:1: handlers.terms.payload: the answer of [handlers.terms] needs "},
		"roster and card that fit":   {"[limits]\nmax_reply_bytes = 50000\n" + memory + "max_bytes = 41808\n[handlers.vcard]\nfile = 'card.xml'\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "card.xml", "<vCard xmlns='vcard-temp'><DESC>"+strings.Repeat("&amp;", 4000)+"</DESC></vCard>", 0o600)
			code, out, errs := command(t, map[string]string{"STATE_DIRECTORY": dir}, "check", "-c", put(t, dir, "iqd.toml", head+tc.conf, 0o600))
			if want := map[bool]int{true: 0, false: 2}[tc.want == ""]; code != want {
				t.Errorf("exit code %d, want %d: %s%s", code, want, out, errs)
			}
			contains(t, errs, tc.want)
		})
	}
}

// A section that is kept is judged again when the limit changes.
func TestReloadOfALimitThatARosterDoesNotFit(t *testing.T) {
	const roster = "[handlers.roster]\nstore = 'memory:'\n"
	r := stage(t, "[handlers.ping]\n"+roster).start().online()
	r.write("[limits]\nmax_reply_bytes = 400000\n[handlers.ping]\n" + roster)
	r.signals <- sigHUP
	r.log.wait(t, "reload failed, the old configuration stays in force")
	contains(t, r.log.String(), r.path+":6:1: limits.max_reply_bytes: a roster that fills max_bytes")
}
