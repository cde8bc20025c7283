package wire

import "unicode/utf8"

// escapes has what stands for a byte in character data; nothing for most.
type escapes [utf8.RuneSelf]string

var (
	textEscapes = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#xD;"}
	attrEscapes = escapes{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&apos;", '"': "&quot;",
		'\n': "&#xA;", '\t': "&#x9;", '\r': "&#xD;"}
)

// AppendAttr appends value as it is written between single quotes. Line ends
// and tabs are written as references, or the reader would take them for spaces
// (XML 1.0, 3.3.3). It does not check the characters.
func AppendAttr(buf []byte, value string) []byte {
	done := 0
	for i := scan(value, 0, &stopsEscape); i < len(value); i = scan(value, i+1, &stopsEscape) {
		c := value[i]
		if c >= utf8.RuneSelf || attrEscapes[c] == "" {
			continue
		}
		buf = append(append(buf, value[done:i]...), attrEscapes[c]...)
		done = i + 1
	}
	return append(buf, value[done:]...)
}

// appendEscaped appends s escaped, unless it has something that XML forbids.
func appendEscaped(buf []byte, s string, k *stops, esc *escapes) ([]byte, bool) {
	i := scan(s, 0, k)
	if i == len(s) {
		return append(buf, s...), true
	}
	done := 0
	for ; i < len(s); i = scan(s, i, k) {
		c := s[i]
		if c >= utf8.RuneSelf {
			next, bad := runes(s, i)
			if bad != flawNone {
				return buf, false
			}
			i = next
			continue
		}
		if c < ' ' && !isSpace(c) {
			return buf, false
		}
		if esc[c] != "" {
			buf = append(append(buf, s[done:i]...), esc[c]...)
			done = i + 1
		}
		i++
	}
	return append(buf, s[done:]...), true
}
