package wire

import (
	"sort"
	"unicode/utf8"
)

// The classes of bytes in names.
const (
	classStart = 1 << iota // may begin a name
	classPart              // may be in a name
	classWide              // begins or continues a character beyond ASCII
)

// nameClass has the class of each byte. The colon is in no class: it divides
// names (Namespaces in XML, 3).
var nameClass = nameClasses()

func nameClasses() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_':
			t[c] = classStart | classPart
		case b >= '0' && b <= '9', b == '-', b == '.':
			t[c] = classPart
		case b >= utf8.RuneSelf:
			t[c] = classWide
		}
	}
	return t
}

// within reports whether r is in one of the ranges, given as pairs.
func within(r rune, pairs []rune) bool {
	n := sort.Search(len(pairs)/2, func(i int) bool { return pairs[2*i+1] >= r })
	return 2*n < len(pairs) && pairs[2*n] <= r
}

// ncname returns the index behind the name without a colon that begins at i; i
// itself when none does.
func ncname(s string, i int) int {
	if i >= len(s) || nameClass[s[i]]&(classStart|classWide) == 0 {
		return i
	}
	for j := i; ; j++ {
		switch {
		case j >= len(s):
			return j
		case nameClass[s[j]]&classPart != 0:
		case nameClass[s[j]]&classWide != 0:
			return wideName(s, i, j)
		default:
			return j
		}
	}
}

// wideName goes on with ncname from j, where the first character beyond ASCII is.
func wideName(s string, i, j int) int {
	for j < len(s) {
		r, n := utf8.DecodeRuneInString(s[j:])
		switch {
		case r < utf8.RuneSelf && nameClass[r]&classPart != 0:
		case r < utf8.RuneSelf || r == utf8.RuneError && n == 1:
			return j
		case within(r, nameStart):
		case j > i && within(r, nameChar):
		default:
			return j
		}
		j += n
	}
	return j
}

// writable reports whether s may be written as a name: an NCName of the fourth
// edition, which expat takes.
func writable(s string) bool {
	if s == "" || nameClass[s[0]]&(classStart|classWide) == 0 {
		return false
	}
	for i := range len(s) {
		switch class := nameClass[s[i]]; {
		case class&classPart != 0:
		case class&classWide != 0:
			return writableWide(s)
		default:
			return false
		}
	}
	return true
}

// writableWide is writable for names beyond ASCII.
func writableWide(s string) bool {
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if nameClass[r]&classPart == 0 {
				return false
			}
		case r == utf8.RuneError || !within(r, oldNameStart) && (i == 0 || !within(r, oldNameChar)):
			return false
		}
	}
	return true
}
