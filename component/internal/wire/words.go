package wire

import "encoding/binary"

// The copies below look at each word while they have it. What is shorter than a
// word, and what is left behind the last one, is covered by two loads that
// overlap, so that nothing is read or written outside.

// copyPlain copies s to buf, to the place at. It stops early and returns false
// when there is a byte that k stops at.
func copyPlain(buf []byte, at int, s string, k *stops) bool {
	switch n := len(s); {
	case n >= 8:
		k := *k
		for i := 0; i < n-8; i += 8 {
			x := load8(s[i:])
			store8(buf, at+i, x)
			if k.mask(x) != 0 {
				return false
			}
		}
		x := load8(s[n-8:])
		store8(buf, at+n-8, x)
		return k.mask(x) == 0
	case n >= 4:
		x, y := load4(s), load4(s[n-4:])
		store4(buf, at, x)
		store4(buf, at+n-4, y)
		return k.mask(x|y<<32) == 0
	case n > 0:
		x, y, z := s[0], s[n/2], s[n-1]
		buf[at], buf[at+n/2], buf[at+n-1] = x, y, z
		return k.mask(three(x, y, z)) == 0
	}
	return true
}

// spare is the room behind a usual name and value that lets them be written by
// whole words, with what is written around them.
const spare = 32

// copyUsual copies s to buf, which is at least a word longer, and reports whether
// nothing in it is to be escaped in an attribute.
func copyUsual(buf []byte, s string) bool {
	n := len(s)
	if n < 8 {
		if n == 0 {
			return true
		}
		x := word(s)
		store8(buf, 0, x)
		return (unusual(x)&highs)<<(64-8*uint(n)) == 0
	}
	x := load8(s[n-8:])
	store8(buf, n-8, x)
	found := unusual(x)
	for i := 0; i < n-8; i += 8 {
		x := load8(s[i : i+8])
		store8(buf, i, x)
		found |= unusual(x)
	}
	return found&highs == 0
}

// unusual is the mask of stopsAttr, before all but the high bits are taken away.
func unusual(x uint64) uint64 {
	a, b := (x|0x01*ones)^'\''*ones, (x|0x02*ones)^'>'*ones
	return (a - ones) | (b - ones) | (x - ' '*ones) | x
}

// copyName copies s to buf, to the place at, and reports whether it may be
// written as a name. Nearly all names are short and have only small letters.
func copyName(buf []byte, at int, s string) bool {
	other := uint64(0)
	switch n := len(s); {
	case n > 16:
		copy(buf[at:], s)
		return writable(s)
	case n >= 8:
		x, y := load8(s), load8(s[n-8:])
		store8(buf, at, x)
		store8(buf, at+n-8, y)
		other = notSmall(x) | notSmall(y)
	case n >= 4:
		x, y := load4(s), load4(s[n-4:])
		store4(buf, at, x)
		store4(buf, at+n-4, y)
		other = notSmall(x | y<<32)
	case n == 0:
		return false
	default:
		x, y, z := s[0], s[n/2], s[n-1]
		buf[at], buf[at+n/2], buf[at+n-1] = x, y, z
		other = notSmall(three(x, y, z))
	}
	return other == 0 || writable(s)
}

// three returns a word of three bytes and letters.
func three(x, y, z byte) uint64 {
	return uint64(x) | uint64(y)<<8 | uint64(z)<<16 | 'a'*(ones>>24<<24)
}

// store8 writes x to the eight bytes of buf from i on, the lowest one first.
func store8(buf []byte, i int, x uint64) { binary.LittleEndian.PutUint64(buf[i:i+8], x) }

// store4 writes the lower half of x.
func store4(buf []byte, i int, x uint64) { binary.LittleEndian.PutUint32(buf[i:i+4], uint32(x)) }
