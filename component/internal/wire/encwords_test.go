package wire_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// The signs that are escaped in text and in attributes, and how.
var (
	inText = map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	inAttr = map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;", '\'': "&apos;", '\n': "&#xA;", '\t': "&#x9;"}
)

// escaped returns how the byte is written, or nothing for one that may not be.
func escaped(c byte, how map[byte]string) string {
	switch {
	case how[c] != "":
		return how[c]
	case c >= 0x80 || c < ' ' && c != '\n' && c != '\t':
		return ""
	}
	return string(rune(c))
}

// TestValueBytes: values are looked at in words, so each byte is tried at each
// place of short and long ones.
func TestValueBytes(t *testing.T) {
	for n := 1; n <= 26; n++ {
		for at := range n {
			for c := range 256 {
				before, behind := strings.Repeat("z", at), strings.Repeat("~", n-at-1)
				value := before + string([]byte{byte(c)}) + behind
				got, err := encode(func(e *wire.Encoder) { e.Start("u", "a"); e.Text(value); e.End() })
				want := "<a xmlns='u'>" + before + escaped(byte(c), inText) + behind + "</a>"
				checkEscaped(t, value, got, err, want, escaped(byte(c), inText) != "")
				got, err = encode(func(e *wire.Encoder) { e.Start("u", "a"); e.Attr("b", value); e.End() })
				want = "<a xmlns='u' b='" + before + escaped(byte(c), inAttr) + behind + "'/>"
				checkEscaped(t, value, got, err, want, escaped(byte(c), inAttr) != "")
			}
		}
	}
}

func checkEscaped(t *testing.T, value, got string, err error, want string, allowed bool) {
	t.Helper()
	if (err == nil) != allowed || allowed && got != want {
		t.Fatalf("%q is written as %q, %v, want %q", value, got, err, want)
	}
}

// TestEncoderExactLimit writes what needs each kind of room: a reply that is as
// long as the limit is written, and one byte less is refused, whatever the
// buffer holds to begin with.
func TestEncoderExactLimit(t *testing.T) {
	for name, write := range map[string]func(*wire.Encoder){
		"empty":      func(e *wire.Encoder) { e.Start(nsComponent, "a"); e.End() },
		"declared":   func(e *wire.Encoder) { e.Start("urn:u", "a"); e.End() },
		"ended":      func(e *wire.Encoder) { e.Start("u", "a"); e.Text("x"); e.End() },
		"escaped":    func(e *wire.Encoder) { e.Start("u", "a"); e.Text("<x>&"); e.End() },
		"attribute":  func(e *wire.Encoder) { e.Start("u", "a"); e.Attr("b", "it's"); e.End() },
		"xml":        func(e *wire.Encoder) { e.Start(wire.NSXML, "a"); e.AttrNS(wire.NSXML, "lang", "de"); e.End() },
		"prefix":     func(e *wire.Encoder) { e.Start("u", "a"); e.AttrNS("v", "b", "<"); e.End() },
		"inside":     func(e *wire.Encoder) { e.Start("u", "abcdefghi"); e.Start("v", "b"); e.End(); e.End() },
		"wide":       func(e *wire.Encoder) { e.Start("u", "a"); e.Text("日本語日本語"); e.End() },
		"long names": func(e *wire.Encoder) { e.Start("u", strings.Repeat("n", 400)); e.Text("x"); e.End() },
	} {
		t.Run(name, func(t *testing.T) {
			want, err := encode(write)
			if err != nil {
				t.Fatal(err)
			}
			for space := range len(want) + 20 {
				buf := append(make([]byte, 0, 2+space), "in"...)
				var e wire.Encoder
				e.Reset(buf, nsComponent, wire.EncoderLimits{Bytes: len(want)})
				write(&e)
				if out, err := e.Bytes(); err != nil || string(out) != "in"+want {
					t.Fatalf("space for %d: Bytes() = %s, %v, want in%s", space, out, err, want)
				}
				e.Reset(buf, nsComponent, wire.EncoderLimits{Bytes: len(want) - 1})
				write(&e)
				var limit *wire.LimitError
				if out, err := e.Bytes(); !errors.As(err, &limit) || limit.What != "bytes" || string(out) != "in" {
					t.Fatalf("space for %d, a byte too much: Bytes() = %s, %v", space, out, err)
				}
			}
		})
	}
}

// TestEncoderMemory: what is too long is not written first and refused then.
func TestEncoderMemory(t *testing.T) {
	long := strings.Repeat("<", 400_000)
	for name, write := range map[string]func(*wire.Encoder){
		"text":      func(e *wire.Encoder) { e.Text(long) },
		"attribute": func(e *wire.Encoder) { e.Attr("b", long) },
		"namespace": func(e *wire.Encoder) { e.Start(long, "b") },
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			var e wire.Encoder
			runtime.ReadMemStats(&before)
			e.Reset(nil, nsComponent, wire.EncoderLimits{})
			e.Start("u", "a")
			write(&e)
			runtime.ReadMemStats(&after)
			if e.Err() == nil {
				t.Error("no error")
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 3*wire.DefaultEncoderBytes {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

// TestEncoderDuplicates tries to write each attribute of short and long tags twice.
func TestEncoderDuplicates(t *testing.T) {
	for _, n := range []int{1, 2, 30, 200} {
		for twice := range n {
			_, err := encode(func(e *wire.Encoder) {
				e.Start("u", "a")
				for i := range n {
					e.Attr(fmt.Sprint("b", i), "c='d' e='f")
					e.AttrNS("v", fmt.Sprint("b", i), "")
				}
				if err := e.Err(); err != nil {
					t.Fatal(err)
				}
				if twice%2 == 0 {
					e.Attr(fmt.Sprint("b", twice), "")
				} else {
					e.AttrNS("v", fmt.Sprint("b", twice), "")
				}
				e.End()
			})
			if err == nil {
				t.Fatalf("attribute %d of %d was written twice", twice, n)
			}
		}
	}
}
