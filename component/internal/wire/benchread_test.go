package wire_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// The usual requests of a client, as a server hands them on.
const (
	benchPing = "<iq type='get' id='p4711' from='juliet@example.net/balcony' to='iq.example.net'>" +
		"<ping xmlns='urn:xmpp:ping'/></iq>"
	benchRosterSet = "<iq type='set' id='r4711' from='juliet@example.net/balcony' to='iq.example.net'>" +
		"<query xmlns='jabber:iq:roster'><item jid='romeo@example.net' name='Romeo Montague'>" +
		"<group>Friends</group></item></query></iq>"
)

// BenchmarkFramePing reads a ping that came in two pieces, the first of which
// ends before its last byte.
func BenchmarkFramePing(b *testing.B) {
	n := len(benchPing) - 1
	benchNext(b, benchPing, &pieces{whole: endless{header: header, body: benchPing}, sizes: [2]int{n, 1}})
}

func BenchmarkNextPing(b *testing.B)      { benchStanza(b, benchPing) }
func BenchmarkNextRosterSet(b *testing.B) { benchStanza(b, benchRosterSet) }
func BenchmarkNextText64K(b *testing.B)   { benchStanza(b, bigText()) }
func BenchmarkNextItems600(b *testing.B)  { benchStanza(b, manyItems()) }

// benchStanza reads a stanza again and again.
func benchStanza(b *testing.B, stanza string) {
	b.Helper()
	benchNext(b, stanza, &endless{header: header, body: stanza})
}

// benchNext reads the stanza that r repeats.
func benchNext(b *testing.B, stanza string, r interface{ Read([]byte) (int, error) }) {
	b.Helper()
	rd := open(b, r, wire.Limits{})
	b.SetBytes(int64(len(stanza)))
	b.ReportAllocs()
	var st wire.Stanza
	for b.Loop() {
		if err := rd.Next(&st); err != nil {
			b.Fatal(err)
		}
	}
}

// pieces delivers what whole has in pieces of two sizes in turn.
type pieces struct {
	whole endless
	sizes [2]int
	turn  int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if p.whole.header != "" {
		return p.whole.Read(buf)
	}
	n := p.sizes[p.turn%2]
	p.turn++
	return p.whole.Read(buf[:n])
}

// BenchmarkCursorRosterSet reads an item as a handler does.
func BenchmarkCursorRosterSet(b *testing.B) {
	st := one(b, benchRosterSet)
	b.ReportAllocs()
	for b.Loop() {
		item := st.First().Child("jabber:iq:roster", "item")
		jid, _ := item.Attr("jid")
		name, _ := item.Attr("name")
		if n := len(jid) + len(name) + len(item.Child("jabber:iq:roster", "group").Text()); n != 38 {
			b.Fatal(n)
		}
	}
}

// BenchmarkCursorItems600 goes over the items of a large request.
func BenchmarkCursorItems600(b *testing.B) {
	st := one(b, manyItems())
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
}

// BenchmarkCursorText64K reads a long text.
func BenchmarkCursorText64K(b *testing.B) {
	st := one(b, bigText())
	b.ReportAllocs()
	for b.Loop() {
		if text := st.First().Text(); !strings.HasPrefix(text, "The quick") {
			b.Fatal(text)
		}
	}
}
