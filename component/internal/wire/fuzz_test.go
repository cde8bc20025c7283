package wire_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// seeds adds all the stanzas of the tables.
func seeds(f *testing.F, add func(string)) {
	f.Helper()
	for _, s := range corpus() {
		add(s)
	}
	for _, s := range accepted {
		add(s)
	}
	for _, tc := range refused {
		add(tc.in)
	}
}

// FuzzFraming: where the bytes are cut makes no difference.
func FuzzFraming(f *testing.F) {
	seeds(f, func(s string) { f.Add(s, uint16(1), uint16(7)) })
	lim := wire.Limits{Bytes: 300, Depth: 4, Attrs: 5, Name: 20}
	f.Fuzz(func(t *testing.T, s string, first, size uint16) {
		all := header + s + ping
		want := transcript(wire.NewReader(strings.NewReader(all), lim))
		if got := transcript(wire.NewReader(singles(all), lim)); got != want {
			t.Errorf("in single bytes:\n%s\nwant\n%s", got, want)
		}
		pieces, rest := []string{}, all
		for n := int(first); len(rest) > 0; n = int(size)%97 + 1 {
			n = min(max(n, 1), len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if got := transcript(wire.NewReader(&chunks{pieces}, lim)); got != want {
			t.Errorf("in pieces of %d:\n%s\nwant\n%s", size, got, want)
		}
	})
}

// FuzzTokenizer compares with encoding/xml: what is accepted, but for the known
// differences, and what it means.
func FuzzTokenizer(f *testing.F) {
	seeds(f, func(s string) { f.Add(s) })
	for _, d := range stricter {
		f.Add(d.example)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := wire.ParseElement(s, "", wire.Limits{Depth: 1 << 20, Attrs: 1 << 20, Name: 1 << 20})
		if _, ok := err.(*wire.LimitError); ok {
			return
		}
		if std := stdAccepts(s); std != (err == nil) {
			if difference(s, err) == "" {
				t.Fatalf("%q: encoding/xml says %v, we %v", s, std, err)
			}
			return
		}
		if err != nil {
			return
		}
		if !utf8.ValidString(s) || !wire.ValidText(s) {
			t.Fatalf("%q has bad characters", s)
		}
		d := xml.NewDecoder(strings.NewReader(strings.TrimLeft(s, " \t\r\n")))
		compareTokens(t, e.TokenReader(), d, 0)
		walk(t, e)
	})
}

// walk calls everything that an element has, and checks that it agrees with
// its tokens.
func walk(t *testing.T, e wire.Element) {
	t.Helper()
	var start xml.StartElement
	text, depth, children := "", 0, 0
	for r := e.TokenReader(); ; {
		tok, err := r.Token()
		if err != nil {
			break
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				start = tok
			}
			if depth++; depth == 2 {
				children++
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 1 {
				text += string(tok)
			}
		}
	}
	if e.Name() != start.Name || e.Text() != text {
		t.Fatalf("%q: Name, Text = %v, %q; tokens %v, %q", e.Raw(), e.Name(), e.Text(), start.Name, text)
	}
	for name := range e.Attrs() {
		if _, ok := e.AttrNS(name.Space, name.Local); !ok {
			t.Fatalf("%q: no attribute %v", e.Raw(), name)
		}
	}
	n := 0
	for child := range e.Children() {
		if n++; n < 4 {
			walk(t, child)
		}
	}
	if n != children {
		t.Fatalf("%q: %d children, tokens have %d", e.Raw(), n, children)
	}
}

// FuzzEncoder: whatever is to be written, it fails or is well-formed to both
// encoding/xml and us, and a checked element means the same again.
func FuzzEncoder(f *testing.F) {
	f.Add("sau\x00b1\x00tx", "urn:u", "name", "value", "<a/>")
	f.Add("sasbseee", "urn:u", "a b", "'\r\n", "<p:a xmlns:p='u' p:b='1'>x<b xmlns=''/></p:a>")
	f.Add("sanetec", "http://www.w3.org/XML/1998/namespace", "lang", "\x01", "<a")
	seeds(f, func(s string) { f.Add("scande", "urn:u", "x", "y", s) })
	f.Fuzz(func(t *testing.T, ops, space, name, value, raw string) {
		el, elErr := wire.ParseElement(raw, "urn:outer", wire.Limits{})
		var e wire.Encoder
		e.Reset(nil, nsComponent, wire.EncoderLimits{Depth: 20})
		for i, op := range ops {
			switch op {
			case 's':
				e.Start(space, name)
			case 'S':
				e.Start("", name)
			case 'd':
				e.Start("urn:d", "d")
			case 'a':
				e.Attr(name, value)
			case 'A':
				e.Attr(name+ops[:i], value)
			case 'n':
				e.AttrNS(space, name, value)
			case 't':
				e.Text(value)
			case 'e':
				e.End()
			case 'c':
				e.Element(el)
			}
		}
		out, err := e.Bytes()
		if err == nil && len(out) > 0 {
			checkWritten(t, string(out))
		}
		if elErr != nil {
			return
		}
		again, err := encode(func(e *wire.Encoder) { e.Element(el) })
		if err == nil {
			checkWritten(t, again)
			if a, b := meaning(el), meaning(parse(t, again)); a != b {
				t.Errorf("%q means %s, %q means %s", raw, a, again, b)
			}
		}
	})
}

func checkWritten(t *testing.T, out string) {
	t.Helper()
	// What a peer may make us hold has limits, and what we write has others.
	ours := wire.Limits{Name: wire.DefaultEncoderBytes, Attrs: wire.DefaultEncoderBytes}
	if _, err := wire.ParseElement(out, nsComponent, ours); err != nil {
		t.Fatalf("we do not read %q: %v", out, err)
	}
	if !stdAccepts(out) {
		t.Fatalf("encoding/xml does not read %q", out)
	}
}

// FuzzStream: no stream makes a reader panic, hang or hand over what is too large.
func FuzzStream(f *testing.F) {
	seeds(f, func(s string) { f.Add(header + s + footer) })
	for _, s := range []string{"\uFEFF" + header, streamTag + ping, "<?xml version='1.0' encoding='latin1'?>", "<html>"} {
		f.Add(s)
	}
	lim := wire.Limits{Bytes: 400, Depth: 6, Attrs: 6, Name: 40}
	f.Fuzz(func(t *testing.T, s string) {
		rd := wire.NewReader(strings.NewReader(s), lim)
		_, err := rd.Header()
		for n := 0; err == nil; n++ {
			var st wire.Stanza
			if err = rd.Next(&st); err != nil {
				break
			}
			if n > len(s) || len(st.Raw) > lim.Bytes || st.Size <= 0 {
				t.Fatalf("stanza %d: %+v", n, st)
			}
			if st.Skipped != nil {
				continue
			}
			if !stdAccepts(header[len("<?xml version='1.0'?>"):]+st.Raw+footer) && !strings.Contains(s, "xmlns:") &&
				difference(st.Raw, nil) == "" {
				t.Fatalf("encoding/xml does not take %q", st.Raw)
			}
			walk(t, st.Element())
			if (st.Children > 0) == st.First().IsZero() || st.First().Name() != st.Payload {
				t.Fatalf("First() = %q, Payload = %v", st.First().Raw(), st.Payload)
			}
		}
	})
}
