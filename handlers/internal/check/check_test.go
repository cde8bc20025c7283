package check_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/internal/check"
)

func TestURI(t *testing.T) {
	for uri, want := range map[string]string{
		"mailto:abuse@example.net":                "",
		"xmpp:admin@example.net":                  "",
		"xmpp:admin@example.net?message":          "",
		"xmpp:support@rooms.example.net?join":     "",
		"xmpp://guest@example.com/a@example.net":  "",
		"https://example.net/contact?for=iq#form": "",
		"tel:+49-30-1234567":                      "",
		"admin@example.net":                       "write xmpp:, mailto: or https: in front",
		"":                                        "write xmpp:",
		"https:///contact":                        "nothing follows",
		"https:example.net":                       "has no host",
		"mailto:":                                 "nothing follows",
		"mailto:abuse":                            "has no mail address",
		"mailto:abuse@":                           "has no mail address",
		"xmpp:@example.net":                       "has no JID",
		"xmpp:a%zz@example.net":                   "has no JID",
		"https://example.net/two words":           "is no URI",
		"http://[::1":                             "is no URI",
		"xmpp:\x01@example.net":                   "which XML forbids",
	} {
		report(t, uri, check.URI(uri), want)
	}
}

func TestText(t *testing.T) {
	for s, want := range map[string]string{
		"":                                "",
		"Grüße, \U0001F600\ttab\nand\r\n": "",
		"\uFFFD is a character":           "",
		"\xff":                            "is not UTF-8",
		"a\x00b":                          "U+0000",
		"\uFFFE":                          "U+FFFE",
		"\uFFFF":                          "U+FFFF",
	} {
		report(t, s, check.Text(s), want)
	}
}

func TestLang(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "", "de-CH-1996": "", "x-whatever": "",
		"english language": "no language tag", "de_CH": "no language tag", "toolongtag": "no language tag", "de-": "no language tag",
	} {
		report(t, tag, check.Lang(tag), want)
	}
}

func TestAllNamesTheKey(t *testing.T) {
	report(t, "all well", check.All([2]string{"name", "a"}, [2]string{"os", "b"}), "")
	report(t, "second one bad", check.All([2]string{"name", "a"}, [2]string{"os", "\x02"}), "os: ")
}

func report(t *testing.T, in string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%q: %v", in, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%q: error = %v, want %q", in, err, want)
	}
}
