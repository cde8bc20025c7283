package wire

import (
	"slices"
	"unicode/utf8"
)

// escapes has what stands for a byte in character data; nothing for most.
type escapes [utf8.RuneSelf]string

var (
	textEscapes = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	attrEscapes = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&apos;",
		'\n': "&#xA;", '\t': "&#x9;", '\r': "&#xD;"}
)

// AppendAttr appends value as it is written between single quotes. Line ends
// and tabs are written as references, or the reader would take them for spaces
// (XML 1.0, 3.3.3). It does not check the characters.
func AppendAttr(buf []byte, value string) []byte {
	n := len(buf)
	buf = slices.Grow(buf, len(value)+8)
	if copyUsual(buf[n:cap(buf)], value) {
		return buf[:n+len(value)]
	}
	done := 0
	for i := scan(value, 0, &stopsAttr); i < len(value); i = scan(value, i+1, &stopsAttr) {
		c := value[i]
		if c >= utf8.RuneSelf || attrEscapes[c] == "" {
			continue
		}
		buf = append(append(buf, value[done:i]...), attrEscapes[c]...)
		done = i + 1
	}
	return append(buf, value[done:]...)
}

// escape writes s, which has a byte that k stops at. There is room for as many
// bytes and one more.
func (e *Encoder) escape(s string, k *stops, esc *escapes) bool {
	done := 0
	for i := scan(s, 0, k); i < len(s); i = scan(s, i, k) {
		c := s[i]
		if c >= utf8.RuneSelf {
			next, bad := runes(s, i)
			if bad != flawNone {
				return e.fail(errText)
			}
			i = next
			continue
		}
		if c < ' ' && !isSpace(c) {
			return e.fail(errText)
		}
		if esc[c] != "" {
			if !e.reserve(len(s) - done + len(esc[c])) {
				return false
			}
			e.buf = append(append(e.buf, s[done:i]...), esc[c]...)
			done = i + 1
		}
		i++
	}
	e.buf = append(e.buf, s[done:]...)
	return true
}
