package wire_test

import (
	"io"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// endless repeats a stream's stanzas for ever.
type endless struct {
	header, body string
	at           int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.header != "" {
		n := copy(p, e.header)
		e.header = e.header[n:]
		return n, nil
	}
	n := 0
	for n < len(p) {
		k := copy(p[n:], e.body[e.at:])
		n += k
		if e.at += k; e.at == len(e.body) {
			e.at = 0
		}
	}
	return n, nil
}

var _ io.Reader = (*endless)(nil)

func bigText() string {
	return "<iq type='get' id='1' from='a@example.net/b' to='iq.example.net'><q xmlns='urn:q'>" +
		strings.Repeat("The quick brown fox jumps over the lazy dog. ", 65536/45) + "</q></iq>"
}

func manyItems() string {
	return "<iq type='set' id='1' from='a@example.net/b' to='iq.example.net'><query xmlns='jabber:iq:roster'>" +
		strings.Repeat("<item jid='romeo@example.net' name='Romeo Montague' subscription='both'><group>Friends</group></item>", 600) +
		"</query></iq>"
}

func BenchmarkNext(b *testing.B) {
	for _, bc := range []struct{ name, body string }{
		{"ping", ping},
		{"rosterSet", rosterSet},
		{"text64K", bigText()},
		{"items600", manyItems()},
		{"cyrillic", "<iq type='get' id='1'><q xmlns='urn:q'>" + strings.Repeat("Привет, мир ", 3000) + "</q></iq>"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			rd := open(b, &endless{header: header, body: bc.body}, wire.Limits{})
			b.SetBytes(int64(len(bc.body)))
			b.ReportAllocs()
			var st wire.Stanza
			for b.Loop() {
				if err := rd.Next(&st); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkElement(b *testing.B) {
	st := one(b, manyItems())
	b.Run("items600", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for item := range st.First().Children() {
				jid, _ := item.Attr("jid")
				n += len(jid) + len(item.Child("jabber:iq:roster", "group").Text())
			}
			if n != 600*24 {
				b.Fatal(n)
			}
		}
	})
}
