package wire

import (
	"math/bits"
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

// smallEnd returns the index behind the small letters at i, or an earlier one.
func smallEnd(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		if m := notSmall(load8(s[i : i+8])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return i
}

// notSmall has the high bit set in each byte of x that is no letter from a to z.
// Bytes above the lowest such one may be marked wrongly, or not at all.
func notSmall(x uint64) uint64 {
	return (x | ^(x + (0x80-'a')*ones) | (x + (0x7F-'z')*ones)) & highs
}

// writable reports whether s, which is not empty, may be written as a name: an
// NCName of the fourth edition, which expat takes.
func writable(s string) bool {
	all := uint8(classPart)
	for i := range len(s) {
		all &= nameClass[s[i]]
	}
	if all == 0 {
		return writableWide(s)
	}
	return nameClass[s[0]]&classStart != 0
}

// writableWide is writable for names beyond ASCII.
func writableWide(s string) bool {
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if class := nameClass[r]; class&classPart == 0 || i == 0 && class&classStart == 0 {
				return false
			}
		case r == utf8.RuneError || !within(r, oldNameStart) && (i == 0 || !within(r, oldNameChar)):
			return false
		}
	}
	return true
}
