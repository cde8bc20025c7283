package wire_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// benchEncode writes the same reply again and again into one buffer.
func benchEncode(b *testing.B, write func(*wire.Encoder)) {
	b.Helper()
	buf := make([]byte, 0, 512<<10)
	var e wire.Encoder
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(buf[:0], nsComponent, wire.EncoderLimits{})
		write(&e)
		out, err := e.Bytes()
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.SetBytes(int64(size))
}

// BenchmarkEncodeHead is all of the answer to a ping.
func BenchmarkEncodeHead(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		out := append(buf[:0], "<iq type='result' id='"...)
		out = wire.AppendAttr(out, "1")
		out = append(out, "' from='"...)
		out = wire.AppendAttr(out, "iq.example.net")
		out = append(out, "' to='"...)
		out = wire.AppendAttr(out, "juliet@example.net/balcony")
		out = append(out, "'/>"...)
		_ = out
	}
}

func BenchmarkEncodeRoster100(b *testing.B) {
	benchEncode(b, func(e *wire.Encoder) { encodeRoster(e, "Romeo Montague") })
}

func encodeRoster(e *wire.Encoder, name string) {
	e.Start("jabber:iq:roster", "query")
	for range 100 {
		e.Start("", "item")
		e.Attr("jid", "romeo@example.net")
		e.Attr("name", name)
		e.Attr("subscription", "both")
		e.Start("", "group")
		e.Text("Friends")
		e.End()
		e.End()
	}
	e.End()
}

func BenchmarkEncodeDiscoItems20(b *testing.B) {
	item, err := wire.NewTag("item", "jid", "name")
	if err != nil {
		b.Fatal(err)
	}
	benchEncode(b, func(e *wire.Encoder) {
		e.Start("http://jabber.org/protocol/disco#items", "query")
		for range 20 {
			e.Tag(item, []string{"conference.example.net", "Chat rooms of the house"}, true)
		}
		e.End()
	})
}

func BenchmarkEncodeError(b *testing.B) {
	const ns = "urn:ietf:params:xml:ns:xmpp-stanzas"
	benchEncode(b, func(e *wire.Encoder) {
		e.Start(nsComponent, "error")
		e.Attr("type", "cancel")
		e.Start(ns, "feature-not-implemented")
		e.End()
		e.Start(ns, "text")
		e.AttrNS(wire.NSXML, "lang", "en")
		e.Text("no handler for this request")
		e.End()
		e.End()
	})
}

func BenchmarkEncodeText64K(b *testing.B) {
	for _, bc := range []struct{ name, piece string }{
		{"plain", "The quick brown fox jumps over the lazy dog. "},
		{"markup", "<b>Tom & Jerry</b> "},
		{"cyrillic", "Привет, мир "},
	} {
		text := strings.Repeat(bc.piece, 64<<10/len(bc.piece))
		b.Run(bc.name, func(b *testing.B) {
			benchEncode(b, func(e *wire.Encoder) {
				e.Start("urn:q", "q")
				e.Text(text)
				e.End()
			})
		})
	}
}

// BenchmarkEncodeNames has rosters whose names need a closer look.
func BenchmarkEncodeNames(b *testing.B) {
	for _, bc := range []struct{ name, value string }{
		{"escaped", "Romeo & 'Juliet'"},
		{"quoted", `Romeo "R" Montague`},
		{"cyrillic", "Ромео Монтекки"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			benchEncode(b, func(e *wire.Encoder) { encodeRoster(e, bc.value) })
		})
	}
}

// BenchmarkEncodeGrowing begins without a buffer.
func BenchmarkEncodeGrowing(b *testing.B) {
	var e wire.Encoder
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(nil, nsComponent, wire.EncoderLimits{})
		encodeRoster(&e, "Romeo Montague")
		if _, err := e.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeElement600(b *testing.B) {
	st := one(b, manyItems())
	el := st.First()
	benchEncode(b, func(e *wire.Encoder) { e.Element(el) })
}
