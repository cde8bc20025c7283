package plugin

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"
)

// plain reads the answers that nearly all are, of which nothing is but a number and
// a payload, at a fraction of what encoding/json takes. It reports whether text is
// one; what it does not know it leaves to that.
func (m *Message) plain(text []byte) bool {
	s := scan{text: text}
	var version bool
	for more := s.skip('{'); more; more = s.skip(',') {
		switch string(s.word()) {
		case "jsonrpc":
			version = s.skip(':') && string(s.word()) == "2.0"
			s.bad = s.bad || !version
		case "id":
			s.bad = s.bad || !s.skip(':')
			m.ID = s.number()
		case "result":
			s.bad = s.bad || !s.skip(':') || !s.skip('{') || string(s.word()) != "payload" || !s.skip(':')
			payload := s.quoted()
			m.payload, m.Result = &payload, json.RawMessage("{}")
			s.bad = s.bad || !s.skip('}')
		default:
			return false
		}
	}
	return s.skip('}') && s.end() && !s.bad && version && m.payload != nil && m.ID != nil
}

// A scan is a place in a JSON text. Once something is not plain it is bad.
type scan struct {
	text []byte
	bad  bool
}

// skip reports whether c follows, and goes on behind it.
func (s *scan) skip(c byte) bool {
	s.space()
	if s.bad || len(s.text) == 0 || s.text[0] != c {
		return false
	}
	s.text = s.text[1:]
	return true
}

// space goes on behind white space.
func (s *scan) space() {
	for len(s.text) > 0 && (s.text[0] == ' ' || s.text[0] == '\t' || s.text[0] == '\r' || s.text[0] == '\n') {
		s.text = s.text[1:]
	}
}

// end reports whether nothing follows.
func (s *scan) end() bool {
	s.space()
	return len(s.text) == 0
}

// word reads a string without escapes.
func (s *scan) word() []byte {
	if !s.skip('"') {
		s.bad = true
		return nil
	}
	n := bytes.IndexByte(s.text, '"')
	if n < 0 || bytes.IndexByte(s.text[:n], '\\') >= 0 {
		s.bad = true
		return nil
	}
	w := s.text[:n]
	s.text = s.text[n+1:]
	return w
}

const mostDigits = 18 // of a number that fits whatever they are

// number reads one that is whole and above zero.
func (s *scan) number() json.RawMessage {
	s.space()
	n := 0
	for n < len(s.text) && s.text[n] >= '0' && s.text[n] <= '9' {
		n++
	}
	if n == 0 || n > mostDigits || s.text[0] == '0' {
		s.bad = true
		return nil
	}
	digits := bytes.Clone(s.text[:n])
	s.text = s.text[n:]
	return digits
}

// quoted reads a string.
func (s *scan) quoted() string {
	if !s.skip('"') {
		s.bad = true
		return ""
	}
	n := bytes.IndexAny(s.text, `"\`)
	if n >= 0 && s.text[n] == '"' && printable(s.text[:n]) {
		out := string(s.text[:n])
		s.text = s.text[n+1:]
		return out
	}
	buf := make([]byte, 0, len(s.text))
	for i := 0; i < len(s.text); {
		switch c := s.text[i]; {
		case c == '"':
			s.text = s.text[i+1:]
			return string(buf)
		case c == '\\':
			r, size := unescape(s.text[i+1:])
			if size == 0 {
				s.bad = true
				return ""
			}
			buf = utf8.AppendRune(buf, r)
			i += 1 + size
		case c < ' ':
			s.bad = true
			return ""
		default:
			buf = append(buf, c)
			i++
		}
	}
	s.bad = true
	return ""
}

// printable reports whether there is nothing that has to be escaped.
func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' {
			return false
		}
	}
	return true
}

// unescape returns what follows a backslash stands for (RFC 8259, 7), and how long
// that is: zero if it is none, or one of the two that make a character together.
func unescape(text []byte) (r rune, size int) {
	if len(text) == 0 {
		return 0, 0
	}
	switch c := text[0]; c {
	case '"', '\\', '/':
		return rune(c), 1
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'u':
		if len(text) < 5 {
			return 0, 0
		}
		var code [2]byte
		if _, err := hex.Decode(code[:], text[1:5]); err != nil || code[0]&0xF8 == 0xD8 {
			return 0, 0
		}
		return rune(code[0])<<8 | rune(code[1]), 5
	}
	return 0, 0
}
