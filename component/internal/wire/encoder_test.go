package wire_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// encode runs a writer with the usual limits.
func encode(write func(*wire.Encoder)) (string, error) {
	var e wire.Encoder
	e.Reset(nil, nsComponent, wire.EncoderLimits{})
	write(&e)
	out, err := e.Bytes()
	return string(out), err
}

func TestEncoder(t *testing.T) {
	for name, tc := range map[string]struct {
		write func(*wire.Encoder)
		want  string
	}{
		"nothing":   {func(*wire.Encoder) {}, ""},
		"empty":     {func(e *wire.Encoder) { e.Start("u", "a"); e.End() }, "<a xmlns='u'/>"},
		"in scope":  {func(e *wire.Encoder) { e.Start(nsComponent, "a"); e.End() }, "<a/>"},
		"inherited": {func(e *wire.Encoder) { e.Start("u", "a"); e.Start("", "b"); e.End(); e.End() }, "<a xmlns='u'><b/></a>"},
		"same":      {func(e *wire.Encoder) { e.Start("u", "a"); e.Start("u", "b"); e.End(); e.End() }, "<a xmlns='u'><b/></a>"},
		"other":     {func(e *wire.Encoder) { e.Start("u", "a"); e.Start("v", "b"); e.End(); e.End() }, "<a xmlns='u'><b xmlns='v'/></a>"},
		"back":      {func(e *wire.Encoder) { e.Start("u", "a"); e.Start(nsComponent, "b"); e.End(); e.End() }, "<a xmlns='u'><b xmlns='jabber:component:accept'/></a>"},
		"xml": {func(e *wire.Encoder) {
			e.Start("u", "a")
			e.Start(wire.NSXML, "b")
			e.Text("x")
			e.Start("u", "c")
			e.End()
			e.End()
			e.End()
		}, "<a xmlns='u'><xml:b>x<c/></xml:b></a>"},
		"namespaces end": {func(e *wire.Encoder) {
			e.Start("u", "a")
			e.Start(wire.NSXML, "b")
			e.Start("", "c")
			e.Start("v", "d")
			e.End()
			e.Start("u", "d")
			e.End()
			e.End()
			e.Start("", "c")
			e.End()
			e.End()
			e.Start("w", "b")
			e.Start("", "c")
			e.End()
			e.End()
			e.Start("", "b")
			e.End()
			e.End()
		}, "<a xmlns='u'><xml:b><xml:c><d xmlns='v'/><d/></xml:c><xml:c/></xml:b><b xmlns='w'><c/></b><b/></a>"},
		"escaped ns": {func(e *wire.Encoder) { e.Start("u&'", "a"); e.End() }, "<a xmlns='u&amp;&apos;'/>"},
		"attributes": {func(e *wire.Encoder) { e.Start("u", "a"); e.Attr("b", "1"); e.Attr("c", ""); e.End() }, "<a xmlns='u' b='1' c=''/>"},
		"escapes": {func(e *wire.Encoder) {
			e.Start("u", "a")
			e.Attr("b", "&<>'\"\n\t\r#x")
			e.Text("&<>'\"\n\t\r#]]>")
			e.End()
		}, "<a xmlns='u' b='&amp;&lt;&gt;&apos;\"&#xA;&#x9;&#xD;#x'>&amp;&lt;&gt;'\"\n\t&#xD;#]]&gt;</a>"},
		"long":       {func(e *wire.Encoder) { e.Start("u", "a"); e.Text("abcdefgh&abcdefghijk<abcdefghé😀<"); e.End() }, "<a xmlns='u'>abcdefgh&amp;abcdefghijk&lt;abcdefghé😀&lt;</a>"},
		"empty text": {func(e *wire.Encoder) { e.Start("u", "a"); e.Text(""); e.End() }, "<a xmlns='u'/>"},
		"xml:lang": {func(e *wire.Encoder) {
			e.Start("u", "a")
			e.AttrNS(wire.NSXML, "lang", "de")
			e.Attr("lang", "x")
			e.End()
		}, "<a xmlns='u' xml:lang='de' lang='x'/>"},
		"prefixes": {func(e *wire.Encoder) {
			e.Start("u", "a")
			e.AttrNS("v", "b", "1")
			e.AttrNS("v", "c", "2")
			e.AttrNS("w", "b", "3")
			e.AttrNS("", "b", "4")
			e.End()
		}, "<a xmlns='u' xmlns:ns0='v' ns0:b='1' ns0:c='2' xmlns:ns1='w' ns1:b='3' b='4'/>"},
		"wide names":  {func(e *wire.Encoder) { e.Start("u", "été"); e.Attr("日", "本"); e.End() }, "<été xmlns='u' 日='本'/>"},
		"no children": {func(e *wire.Encoder) { e.Element(wire.Element{}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := encode(tc.write)
			if err != nil || got != tc.want {
				t.Errorf("Bytes() = %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}

func TestEncoderAppends(t *testing.T) {
	var e wire.Encoder
	buf := []byte("before")
	for range 2 {
		e.Reset(buf, nsComponent, wire.EncoderLimits{Bytes: 40, Depth: 2})
		e.Start("u", "a")
		e.Start("", "b")
		e.End()
		e.End()
		if out, err := e.Bytes(); err != nil || string(out) != "before<a xmlns='u'><b/></a>" {
			t.Errorf("Bytes() = %s, %v", out, err)
		}
		e.Reset(buf, nsComponent, wire.EncoderLimits{})
		e.End()
		if out, err := e.Bytes(); err == nil || e.Err() == nil || string(out) != "before" {
			t.Errorf("Bytes() = %s, %v", out, err)
		}
	}
}

func TestEncoderRefuses(t *testing.T) {
	inA := func(f func(*wire.Encoder)) func(*wire.Encoder) {
		return func(e *wire.Encoder) { e.Start("u", "a"); f(e); e.End() }
	}
	long := strings.Repeat("x", 600_000)
	for name, write := range map[string]func(*wire.Encoder){
		"no end":             func(e *wire.Encoder) { e.Start("u", "a") },
		"no start":           func(e *wire.Encoder) { e.End() },
		"two ends":           inA(func(e *wire.Encoder) { e.End() }),
		"two roots":          func(e *wire.Encoder) { e.Start("u", "a"); e.End(); e.Start("u", "a"); e.End() },
		"no namespace":       func(e *wire.Encoder) { e.Start("", "a"); e.End() },
		"text before":        func(e *wire.Encoder) { e.Text("x"); e.Start("u", "a"); e.End() },
		"text behind":        func(e *wire.Encoder) { e.Start("u", "a"); e.End(); e.Text(" ") },
		"attribute before":   func(e *wire.Encoder) { e.Attr("a", ""); e.Start("u", "a"); e.End() },
		"attribute late":     inA(func(e *wire.Encoder) { e.Text("x"); e.Attr("b", "") }),
		"attribute later":    inA(func(e *wire.Encoder) { e.Start("", "b"); e.End(); e.Attr("c", "") }),
		"attribute twice":    inA(func(e *wire.Encoder) { e.Attr("b", ""); e.Attr("b", "") }),
		"attribute NS twice": inA(func(e *wire.Encoder) { e.AttrNS("v", "b", ""); e.AttrNS("v", "b", "") }),
		"attribute of many": inA(func(e *wire.Encoder) {
			for i := range 100 {
				e.Attr(fmt.Sprint("b", i), "")
			}
			e.Attr("b7", "")
		}),
		"empty name":       inA(func(e *wire.Encoder) { e.Start("", ""); e.End() }),
		"injected name":    inA(func(e *wire.Encoder) { e.Start("", "a b='1'><evil/>"); e.End() }),
		"prefixed name":    inA(func(e *wire.Encoder) { e.Start("", "a:b"); e.End() }),
		"digit first":      inA(func(e *wire.Encoder) { e.Start("", "1"); e.End() }),
		"bad UTF-8 name":   inA(func(e *wire.Encoder) { e.Start("", "a\xff"); e.End() }),
		"5th edition name": inA(func(e *wire.Encoder) { e.Start("", "\U00010000"); e.End() }),
		"new letter":       inA(func(e *wire.Encoder) { e.Start("", "a\u0218"); e.End() }),
		"wide symbol":      inA(func(e *wire.Encoder) { e.Start("", "é+"); e.End() }),
		"empty attribute":  inA(func(e *wire.Encoder) { e.Attr("", "") }),
		"injected attr":    inA(func(e *wire.Encoder) { e.Attr("b='' c", "") }),
		"prefixed attr":    inA(func(e *wire.Encoder) { e.Attr("b:c", "") }),
		"declaration":      inA(func(e *wire.Encoder) { e.Attr("xmlns", "v") }),
		"declaration NS":   inA(func(e *wire.Encoder) { e.AttrNS("http://www.w3.org/2000/xmlns/", "b", "v") }),
		"reserved NS":      inA(func(e *wire.Encoder) { e.Start("http://www.w3.org/2000/xmlns/", "b"); e.End() }),
		"bad namespace":    inA(func(e *wire.Encoder) { e.Start("\x00", "b"); e.End() }),
		"line end in NS":   inA(func(e *wire.Encoder) { e.Start("urn:a\nb", "c"); e.End() }),
		"NS of attr, line": inA(func(e *wire.Encoder) { e.AttrNS("urn:a\nb", "c", "") }),
		"bad attr space":   inA(func(e *wire.Encoder) { e.AttrNS("\x00", "b", "") }),
		"control in text":  inA(func(e *wire.Encoder) { e.Text("abcdefgh\x01abcdefgh") }),
		"control in attr":  inA(func(e *wire.Encoder) { e.Attr("b", "\x1f") }),
		"bad UTF-8":        inA(func(e *wire.Encoder) { e.Text("\xc3") }),
		"surrogate":        inA(func(e *wire.Encoder) { e.Attr("b", "\xed\xa0\x80") }),
		"U+FFFE":           inA(func(e *wire.Encoder) { e.Text("\uFFFE") }),
		"long text":        inA(func(e *wire.Encoder) { e.Text(long) }),
		"long attribute":   inA(func(e *wire.Encoder) { e.Attr("b", long) }),
		"long name":        inA(func(e *wire.Encoder) { e.Attr(long, "") }),
		"long element":     inA(func(e *wire.Encoder) { e.Start("", long); e.End() }),
		"growing text":     inA(func(e *wire.Encoder) { e.Text(strings.Repeat("<", 125_000)) }),
		"too deep": func(e *wire.Encoder) {
			for range 129 {
				e.Start("u", "a")
			}
			for range 129 {
				e.End()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := encode(write); err == nil || len(out) > 0 {
				t.Errorf("Bytes() = %.100q, %v", out, err)
			}
		})
	}
}

func TestEncoderLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		lim  wire.EncoderLimits
		what string
	}{
		"bytes fit":      {wire.EncoderLimits{Bytes: 21}, ""},
		"bytes do not":   {wire.EncoderLimits{Bytes: 20}, "bytes"},
		"depth fits":     {wire.EncoderLimits{Depth: 2}, ""},
		"depth does not": {wire.EncoderLimits{Depth: 1}, "depth"},
	} {
		t.Run(name, func(t *testing.T) {
			var e wire.Encoder
			e.Reset([]byte("not counted"), nsComponent, tc.lim)
			e.Start("u", "a")
			e.Start("", "b")
			e.End()
			e.Text("&")
			e.End()
			if _, err := e.Bytes(); tc.what == "" {
				if err != nil && tc.lim.Bytes != 21 {
					t.Errorf("error = %v", err)
				}
			} else if limit := (*wire.LimitError)(nil); !errors.As(err, &limit) || limit.What != tc.what {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// A Tag writes what Start, Attr and End write, with much room, with little and with
// none, and leaves out what is empty.
func TestEncoderTag(t *testing.T) {
	type tag struct {
		local string
		attrs []string
	}
	tags := []tag{{"item", []string{"jid", "name"}}, {"a", nil}, {"subscriptions", []string{"affiliation-of-all"}},
		{"item-with-a-long-name", []string{"b"}}, {"été", []string{"日", "a"}}, {"feature", []string{"subscription1", "b"}}}
	values := []string{"", "x", "romeo@example.net", "<&'>", "é\n\t", "\x01", "\xff", strings.Repeat("long ", 50), strings.Repeat("'", 50)}
	var e wire.Encoder // which has been used before, as most are
	for _, tg := range tags {
		w, err := wire.NewTag(tg.local, tg.attrs...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range values {
			vals := make([]string, len(tg.attrs))
			for j := range vals {
				vals[j] = values[(i+j)%len(values)]
			}
			for _, room := range []int{0, 20, 30, 40, 60, 80, 100, 150, 300, 2000} {
				for i, root := range []string{"u", "u", wire.NSXML, "u"} {
					depth := max(i, 1)
					write := func(byTag, empty bool) string {
						e.Reset(make([]byte, 0, room), nsComponent, wire.EncoderLimits{Bytes: room, Depth: depth})
						e.Start(root, "root")
						for range 3 {
							if byTag {
								e.Tag(w, vals, empty)
							} else {
								e.Start("", tg.local)
								for j, v := range vals {
									if v != "" {
										e.Attr(tg.attrs[j], v)
									}
								}
							}
							switch {
							case !empty:
								e.Attr("b", "1") // may be there already
								e.Start("", "child")
								e.Text("x")
								e.End()
								e.End()
							case !byTag:
								e.End()
							}
						}
						e.End()
						out, err := e.Bytes()
						return fmt.Sprint(string(out), err)
					}
					for _, empty := range []bool{true, false} {
						if got, want := write(true, empty), write(false, empty); got != want {
							t.Fatalf("%q of %q in %d bytes, empty %v: %s, want %s", vals, tg.local, room, empty, got, want)
						}
					}
				}
			}
		}
	}
}

func TestTagRefuses(t *testing.T) {
	for _, names := range [][]string{{""}, {"a:b"}, {"1"}, {"a b='1'"}, {"a", ""}, {"a", "xmlns"}, {"a", "b:c"}, {"a", "b", "b"}, {"a", "b='' c"}} {
		if _, err := wire.NewTag(names[0], names[1:]...); err == nil {
			t.Errorf("NewTag(%q) is no error", names)
		}
	}
	item, err := wire.NewTag("item", "jid", "name")
	if err != nil {
		t.Fatal(err)
	}
	for label, write := range map[string]func(*wire.Encoder){
		"root":       func(e *wire.Encoder) { e.Tag(item, []string{"a", "b"}, true) },
		"few values": func(e *wire.Encoder) { e.Start("u", "a"); e.Tag(item, []string{"a"}, true); e.End() },
		"too many":   func(e *wire.Encoder) { e.Start("u", "a"); e.Tag(item, []string{"a", "b", "c"}, true); e.End() },
		"no end":     func(e *wire.Encoder) { e.Start("u", "a"); e.Tag(item, []string{"a", "b"}, false); e.End() },
	} {
		if out, err := encode(write); err == nil {
			t.Errorf("%s: %s, and no error", label, out)
		}
	}
}

func TestAppendAttr(t *testing.T) {
	got := string(wire.AppendAttr([]byte("x"), "a'b\"<>&\n\t\r#\x01\xff 0123456789é&"))
	if want := "xa&apos;b\"&lt;&gt;&amp;&#xA;&#x9;&#xD;#\x01\xff 0123456789é&amp;"; got != want {
		t.Errorf("AppendAttr() = %q, want %q", got, want)
	}
}

func TestValidText(t *testing.T) {
	for s, want := range map[string]bool{"": true, "a\n\t\r": true, "é\uFDD0\U0010FFFF": true, "\x00": false,
		"\x7f": true, "\xff": false, "\uFFFE": false, "12345678\x1f": false, "\xed\xb0\x80": false} {
		if got := wire.ValidText(s); got != want {
			t.Errorf("ValidText(%q) = %v", s, got)
		}
	}
}

// TestNames: we write the names that encoding/xml, and so expat, takes, and
// read all of those.
func TestNames(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if r > 0x10100 && r%997 != 0 || r >= 0xD800 && r < 0xE000 {
			continue
		}
		for _, name := range []string{string(r), "a" + string(r)} {
			if strings.ContainsAny(name, ": \n\t\r<>/=") || name == "!" || name == "?" {
				continue
			}
			_, err := encode(func(e *wire.Encoder) { e.Start("u", name); e.End() })
			_, stdErr := xml.NewDecoder(strings.NewReader("<" + name + " x='1'/>")).Token()
			if (err == nil) != (stdErr == nil) {
				t.Fatalf("%U: we say %v, encoding/xml %v", r, err, stdErr)
			}
			if _, ours := wire.ParseElement("<"+name+"/>", "", wire.Limits{}); err == nil && ours != nil {
				t.Fatalf("%U: we write but do not read it: %v", r, ours)
			}
		}
	}
}

// TestNameBytes: the check of names looks at many bytes at once, so each byte
// is tried at each place.
func TestNameBytes(t *testing.T) {
	const start = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for n := 1; n <= 20; n++ {
		for at := range n {
			for c := range 256 {
				name := []byte(strings.Repeat("z", n))
				name[at] = byte(c)
				want := c < 0x80 && strings.IndexByte(start+"-.0123456789"[:12*min(at, 1)], byte(c)) >= 0
				if _, err := encode(func(e *wire.Encoder) { e.Start("u", string(name)); e.End() }); (err == nil) != want {
					t.Fatalf("%q: error = %v", name, err)
				}
			}
		}
	}
}
