package wire

import "bytes"

// attrSet has the attributes of a start tag that is being written.
type attrSet struct {
	seen   uint64          // the bits of their names
	spaces []string        // the namespaces declared for attributes
	many   map[string]bool // the names in the first part of a long tag
	part   int             // how long that part is
}

// longTag is how long the attributes of a tag are from which on a map is quicker
// than a look at all of them.
const longTag = 1000

// reset empties the set.
func (s *attrSet) reset() {
	s.seen, s.spaces = 0, s.spaces[:0]
	if s.many != nil {
		s.many, s.part = nil, 0
	}
}

// has reports whether an attribute of the name is in attrs: what is written of
// the tag behind the name of the element, up to a space. Each namespace has one
// prefix in a tag, so equal names are written alike.
func (s *attrSet) has(attrs, name []byte) bool {
	if len(attrs) < longTag {
		for len(attrs) > 1 {
			var old []byte
			if old, attrs = cutAttr(attrs); bytes.Equal(old, name) {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[string]bool)
	}
	for rest := attrs[s.part:]; len(rest) > 1; s.part = len(attrs) - len(rest) {
		var old []byte
		old, rest = cutAttr(rest)
		s.many[string(old)] = true
	}
	return s.many[string(name)]
}

// cutAttr returns the name of the first attribute and what is behind it.
func cutAttr(attrs []byte) (name, rest []byte) {
	name, rest, _ = bytes.Cut(attrs[1:], []byte("='"))
	return name, rest[bytes.IndexByte(rest, '\'')+1:]
}

// prefix returns the number of the prefix of a namespace, and whether that was
// known already.
func (s *attrSet) prefix(space string) (int, bool) {
	for i, sp := range s.spaces {
		if sp == space {
			return i, true
		}
	}
	s.spaces = append(s.spaces, space)
	return len(s.spaces) - 1, false
}
