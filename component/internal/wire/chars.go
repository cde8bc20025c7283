package wire

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// stops tells scan where to stop, beside control characters and bytes that are
// not ASCII: at the bytes c with c|or == hit, for two such pairs.
type stops struct{ or1, hit1, or2, hit2 uint64 }

// The stops of the kinds of character data. Bytes that differ in a bit or two
// share a test: ' and & in one bit, < and > in another.
var (
	stopsText   = stops{0x02 * ones, '>' * ones, 0, '&' * ones}            // < > &
	stopsSingle = stops{0x01 * ones, '\'' * ones, 0, '<' * ones}           // ' & <
	stopsDouble = stops{0x04 * ones, '&' * ones, 0, '<' * ones}            // " & <
	stopsAttr   = stops{0x01 * ones, '\'' * ones, 0x02 * ones, '>' * ones} // & ' < >, in what we write
	stopsNone   = stops{}
)

// mask has the high bit set in each byte of x at which scan has to stop. Bytes
// above the lowest such one may be marked wrongly.
func (k *stops) mask(x uint64) uint64 {
	a, b := (x|k.or1)^k.hit1, (x|k.or2)^k.hit2
	return ((a - ones) | (b - ones) | (x - ' '*ones) | x) & highs
}

// scan returns the index of the first byte of s, from i on, that k stops at, or
// len(s). It looks at eight bytes at a time.
func scan(s string, i int, k *stops) int {
	k1, h1, k2, h2 := k.or1, k.hit1, k.or2, k.hit2
	for ; i+8 <= len(s); i += 8 {
		x := load8(s[i : i+8])
		a, b := (x|k1)^h1, (x|k2)^h2
		if m := ((a - ones) | (b - ones) | (x - ' '*ones) | x) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	// The zeros behind the last byte stop the scan there.
	switch rest := len(s) - i; {
	case rest <= 0:
		return len(s)
	case len(s) >= 8:
		return i + bits.TrailingZeros64(k.mask(load8(s[len(s)-8:])>>(64-8*uint(rest))))>>3
	default:
		return i + bits.TrailingZeros64(k.mask(word(s[i:])))>>3
	}
}

// load8 returns the first eight bytes of s, the first one lowest.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// load4 returns the first four bytes of s.
func load4(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

// word returns the bytes of s, 1 to 8 of them, with zeros behind them.
func word(s string) uint64 {
	n := uint(len(s))
	if n >= 4 {
		return load4(s) | load4(s[n-4:])<<(8*n-32)
	}
	return uint64(s[0]) | uint64(s[n/2])<<(8*(n/2)) | uint64(s[n-1])<<(8*(n-1))
}

// runes skips the characters beyond ASCII that begin at i. It returns the index
// behind them and, when that is not the end of the run, what is wrong there.
func runes(s string, i int) (int, flaw) {
	for i < len(s) && s[i] >= utf8.RuneSelf {
		if c := s[i]; c >= 0xC2 && c < 0xE0 && i+1 < len(s) && s[i+1]&0xC0 == 0x80 {
			i += 2
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1 && !utf8.FullRuneInString(s[i:]):
			return i, flawShort
		case r == utf8.RuneError && n == 1:
			return i, flawUTF8
		case r == 0xFFFE || r == 0xFFFF:
			return i, flawChar
		}
		i += n
	}
	return i, flawNone
}

// flaw is what is wrong with a piece of character data.
type flaw uint8

const (
	flawNone  flaw = iota
	flawShort      // it ends too early
	flawUTF8
	flawChar
	flawRef
	flawLess
	flawCDEnd
)

var flawTexts = [...]string{
	flawShort: "unexpected end",
	flawUTF8:  "not UTF-8",
	flawChar:  "a character that XML 1.0 forbids",
	flawRef:   "an unknown entity or bad character reference",
	flawLess:  "< in an attribute value",
	flawCDEnd: "]]> in text",
}

// isChar reports whether XML 1.0, 2.2, allows the character.
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	}
	return r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// isSpace reports whether c is white space to XML.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// badChar returns the index of the first byte of s that is not part of a
// character that XML 1.0 allows, and what is wrong there.
func badChar(s string) (int, flaw) {
	for i := 0; ; {
		i = scan(s, i, &stopsNone)
		switch {
		case i == len(s):
			return i, flawNone
		case s[i] >= utf8.RuneSelf:
			next, bad := runes(s, i)
			if bad != flawNone {
				return next, bad
			}
			i = next
		case !isSpace(s[i]):
			return i, flawChar
		default:
			i++
		}
	}
}

// ValidText reports whether s is UTF-8 and has only characters of XML 1.0.
func ValidText(s string) bool {
	_, bad := badChar(s)
	return bad == flawNone
}

// blank reports whether the checked character data s is white space only,
// references included.
func blank(s string) bool {
	for i := 0; i < len(s); {
		switch {
		case isSpace(s[i]):
			i++
		case s[i] == '&':
			r, n := reference(s[i:])
			if r > ' ' || n <= 0 {
				return false
			}
			i += n
		default:
			return false
		}
	}
	return true
}

// reference reads the reference at the beginning of s. It returns the character
// and the length, 0 when it is none we accept and -1 when s ends inside it.
func reference(s string) (rune, int) {
	if len(s) < 2 {
		return 0, -1
	}
	if s[1] == '#' {
		return numeric(s)
	}
	for _, e := range entities {
		if strings.HasPrefix(s, e.name) {
			return e.char, len(e.name)
		}
		if len(s) < len(e.name) && strings.HasPrefix(e.name, s) {
			return 0, -1
		}
	}
	return 0, 0
}

// entities are the five that RFC 6120, 11.1, leaves us.
var entities = [...]struct {
	name string
	char rune
}{{"&apos;", '\''}, {"&quot;", '"'}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}}

// numeric reads the character reference at the beginning of s.
func numeric(s string) (rune, int) {
	i, base := 2, rune(10)
	if len(s) > 2 && s[2] == 'x' {
		i, base = 3, 16
	}
	first, r := i, rune(0)
	for ; i < len(s); i++ {
		d, ok := digit(s[i], base)
		if !ok {
			break
		}
		r = min(r*base+d, utf8.MaxRune+1)
	}
	switch {
	case i == len(s):
		return 0, -1
	case i == first || s[i] != ';' || !isChar(r):
		return 0, 0
	}
	return r, i + 1
}

// digit returns the value of the digit c.
func digit(c byte, base rune) (rune, bool) {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0'), true
	case base == 16 && c >= 'a' && c <= 'f':
		return rune(c-'a') + 10, true
	case base == 16 && c >= 'A' && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

// unescape resolves the references in checked character data.
func unescape(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	if len(s) <= 64 {
		return string(appendUnescaped(make([]byte, 0, 64), s, i)) // on the stack
	}
	return string(appendUnescaped(make([]byte, 0, len(s)), s, i))
}

// appendUnescaped appends checked character data whose first reference, if any,
// is not before i.
func appendUnescaped(buf []byte, s string, i int) []byte {
	for i >= 0 {
		buf = append(buf, s[:i]...)
		r, n := reference(s[i:])
		if n <= 0 {
			return append(buf, s[i:]...) // cannot be: s was checked
		}
		buf = utf8.AppendRune(buf, r)
		s = s[i+n:]
		i = strings.IndexByte(s, '&')
	}
	return append(buf, s...)
}
