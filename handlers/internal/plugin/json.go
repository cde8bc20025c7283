package plugin

import (
	"fmt"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259, 7). What is not UTF-8 becomes
// U+FFFD.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size, bad := 1, false
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			bad = r == utf8.RuneError && size == 1
		}
		if c < utf8.RuneSelf || bad {
			buf = appendEscape(append(buf, s[done:i]...), c)
			done = i + size
		}
		i += size
	}
	return append(append(buf, s[done:]...), '"')
}

// appendEscape appends one byte that cannot stand in a JSON string as it is.
func appendEscape(buf []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(buf, '\\', c)
	case '\n':
		return append(buf, '\\', 'n')
	case '\r':
		return append(buf, '\\', 'r')
	case '\t':
		return append(buf, '\\', 't')
	}
	if c >= utf8.RuneSelf {
		return append(buf, `\ufffd`...)
	}
	return append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendField appends a member of an object and the comma behind it, unless the
// value is empty.
func appendField(buf []byte, key, value string) []byte {
	if value == "" {
		return buf
	}
	buf = append(append(append(buf, '"'), key...), `":`...)
	return append(appendString(buf, value), ',')
}

const clipped = 200 // bytes of what a plugin says that a log line holds

// Clip returns the beginning of what a plugin said, quoted, for a log line.
func Clip[T ~string | ~[]byte](s T) string {
	if len(s) > clipped {
		return fmt.Sprintf("%q... (%d bytes)", s[:clipped], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// brief returns an error of encoding/json, which may quote a number of any length.
func brief(err error) string {
	if s := err.Error(); len(s) > 2*clipped {
		return Clip(s)
	}
	return err.Error()
}
