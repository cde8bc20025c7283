package roster_test

import (
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster"
	"mellium.im/xmpp/jid"
)

func addresses() map[string]bool {
	return map[string]bool{
		"juliet@example.net": true, "a.b-c_d@x1-y.example": true, "1@127.0.0.1": true, "a@b": true, "u@localhost": true,
		"": false, "example.net": false, "@example.net": false, "a@": false, "a@b/c": false, "A@b": false, "a@B": false,
		"a@b.": false, "a@.b": false, "a@b..c": false, "a@-b": false, "a@b-": false, "a@b-.c": false, "a@xn--bcher-kva": false,
		"a@b@c": false, "a b@c": false, "a+b@c": false, "ä@b": false, "a@ä": false, "a@[::1]": false, "a@b_c": false, "a@b:1": false,
	}
}

func TestPlain(t *testing.T) {
	for s, want := range addresses() {
		if got := roster.Plain(s); got != want {
			t.Errorf("plain(%q) = %t", s, got)
		}
	}
}

// What is taken as it is has to be what a parser makes of it.
func FuzzPlain(f *testing.F) {
	for s := range addresses() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j, err := jid.Parse(s)
		got, gotErr := roster.Normal(s)
		if (err == nil) != (gotErr == nil) || err == nil && got != j.String() {
			t.Errorf("normal(%q) = %q, %v; a parser says %q, %v", s, got, gotErr, j, err)
		}
	})
}
