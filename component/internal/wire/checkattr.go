package wire

import (
	"math/bits"
	"slices"
)

// attr is an attribute.
type attr struct {
	name
	val, valEnd int32
	kind        attrKind
	plain       bool // the value is ASCII without references and control characters
}

// attrKind tells the attributes that we look at from the others.
type attrKind uint8

const (
	attrOther attrKind = iota
	attrType
	attrID
	attrFrom
	attrTo
	attrLang
	attrXMLNS
)

// headAttrs is the number of names that kindOf knows.
const headAttrs = 6

// kindOf returns the kind of the attribute of that name.
func kindOf(name string) attrKind {
	switch name {
	case "type":
		return attrType
	case "id":
		return attrID
	case "from":
		return attrFrom
	case "to":
		return attrTo
	case "xml:lang":
		return attrLang
	case "xmlns":
		return attrXMLNS
	}
	return attrOther
}

// value returns the value of an attribute of s.
func (a *attr) value(s string) string {
	if a.plain {
		return s[a.val:a.valEnd]
	}
	return unescape(s[a.val:a.valEnd])
}

// attributes reads the rest of a start tag.
func (c *checker) attributes() (empty bool, err error) {
	for {
		c.usual()
		spaced := c.skipSpace()
		switch c.at(c.pos) {
		case '>':
			c.pos++
			return false, nil
		case '/':
			return true, c.slash()
		}
		if !spaced {
			return false, c.wrong("white space was expected between attributes")
		}
		if err := c.attribute(); err != nil {
			return false, err
		}
	}
}

// slash reads the end of the tag of an empty element.
func (c *checker) slash() error {
	c.pos++
	if c.at(c.pos) != '>' {
		return c.wrong("a slash in a tag")
	}
	c.pos++
	return nil
}

// usual reads attributes as long as they are written in the usual way: one space
// before and none inside, and a name of small letters.
func (c *checker) usual() {
	s, i := c.s, c.pos
	for room := c.lim.Attrs - len(c.tagAttrs()); room > 0; room-- {
		if i+9 > len(s) || s[i] != ' ' {
			return
		}
		w := load8(s[i+1 : i+9])
		n := bits.TrailingZeros64(notSmall(w)) / 8
		behind := uint16(w >> (8 * n))
		if n > 8-len("='") { // the word does not hold all up to the value
			if n = smallEnd(s, i+1) - (i + 1); i+n+3 > len(s) {
				return
			}
			behind = uint16(s[i+n+1]) | uint16(s[i+n+2])<<8
		}
		k := &stopsSingle
		switch behind {
		case '=' | '\''<<8:
		case '=' | '"'<<8:
			k = &stopsDouble
		default:
			return
		}
		if n == 0 || n > c.lim.Name {
			return
		}
		from, val := i+1, i+n+3
		end := scan(s, val, k)
		plain := end < len(s) && s[end] == s[val-1]
		if !plain {
			var bad flaw
			if end, bad = valueEnd(s, end, s[val-1]); bad != flawNone {
				return
			}
		}
		a := c.add()
		a.from, a.local, a.to = int32(from), int32(from), int32(from+n)
		a.val, a.valEnd = int32(val), int32(end)
		a.kind, a.plain = kindOf(s[from:from+n]), plain
		c.note(a.kind, s[from:from+n])
		i = end + 1
		c.pos = i
	}
}

// attribute reads one attribute of any kind.
func (c *checker) attribute() error {
	name, err := c.name()
	if err != nil {
		return err
	}
	c.skipSpace()
	if c.at(c.pos) != '=' {
		return c.wrong("= was expected")
	}
	c.pos++
	c.skipSpace()
	q := c.at(c.pos)
	if q != '\'' && q != '"' {
		return c.wrong("a quoted value was expected")
	}
	val := c.pos + 1
	end, bad := valueEnd(c.s, val, q)
	if bad != flawNone {
		return c.flawed(end, bad)
	}
	c.pos = end + 1
	if keep, err := c.mayAdd(name); !keep {
		return err
	}
	a := c.add()
	a.name, a.val, a.valEnd = name, int32(val), int32(end)
	a.kind, a.plain = kindOf(c.s[name.from:name.to]), false
	c.prefixed(name)
	c.note(a.kind, c.s[name.local:name.to])
	return nil
}

// mayAdd reports whether one more attribute is to be kept. Of a stanza with too
// many, those of the head are kept still, so that its sender can be told.
func (c *checker) mayAdd(n name) (bool, error) {
	if len(c.tagAttrs()) < c.lim.Attrs {
		return true, nil
	}
	c.tag |= tagOver
	switch {
	case len(c.open) > 0:
		return false, &LimitError{"attributes", c.lim.Attrs}
	case kindOf(c.s[n.from:n.to]) == attrOther:
		return false, nil
	case len(c.attrs) >= c.lim.Attrs+headAttrs:
		return false, malformed(int(n.from), "an attribute twice")
	}
	return true, nil
}

// add makes room for an attribute and returns its place.
func (c *checker) add() *attr {
	n := len(c.attrs)
	if n == cap(c.attrs) {
		c.attrs = slices.Grow(c.attrs, 1)
	}
	c.attrs = c.attrs[:n+1]
	return &c.attrs[n]
}

// prefixed sets the flags of a name with a prefix.
func (c *checker) prefixed(n name) {
	switch c.s[n.from:n.local] {
	case "", "xml:":
	case "xmlns:":
		c.tag |= tagDeclares
	default:
		c.tag |= tagPrefixes
	}
}

// note sets the flags of the last attribute.
func (c *checker) note(kind attrKind, local string) {
	if kind == attrXMLNS {
		c.tag |= tagDefault
		c.xmlns = len(c.attrs) - 1
	}
	bit := nameBit(local)
	if c.seen&bit != 0 {
		c.tag |= tagAlike
	}
	c.seen |= bit
}

// valueEnd returns the index of the quote that ends the attribute value at i,
// or of what is wrong in it.
func valueEnd(s string, i int, quote byte) (int, flaw) {
	k := &stopsSingle
	if quote == '"' {
		k = &stopsDouble
	}
	for {
		i = scan(s, i, k)
		if i >= len(s) {
			return i, flawShort
		}
		switch c := s[i]; c {
		case quote:
			return i, flawNone
		case '<':
			return i, flawLess
		default:
			next, bad := special(s, i)
			if bad != flawNone {
				return i, bad
			}
			i = next
		}
	}
}
