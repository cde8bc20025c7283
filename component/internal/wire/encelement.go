package wire

import "strings"

// Element writes a checked element with all that is in it. It declares what the
// element needs from outside of it.
func (e *Encoder) Element(el Element) {
	w := newWalker(el)
	for e.err == nil {
		switch w.next() {
		case walkStart:
			if name := w.tag.name; e.mayStart(name.Local) {
				e.start(e.number(name.Space), name.Local)
			}
			e.copyAttrs(w.s, &w.tag)
		case walkText:
			e.Text(w.text)
		case walkEnd:
			e.End()
		case walkDone:
			return
		}
	}
}

// copyAttrs writes the attributes of a start tag of s.
func (e *Encoder) copyAttrs(s string, t *startTag) {
	for i := t.attrs; e.err == nil; {
		a, next := nextAttr(s, i)
		if a.name == "" {
			return
		}
		i = next
		prefix, local, ok := strings.Cut(a.name, ":")
		switch {
		case prefix == "xmlns":
		case ok:
			space, _ := t.scope.lookup(prefix)
			e.AttrNS(space, local, unescape(a.value))
		default:
			e.Attr(a.name, unescape(a.value))
		}
	}
}

// attrSet has the attributes of a start tag that is being written.
type attrSet struct {
	list   []attrName
	seen   uint64           // the bits of their names
	many   map[attrKey]bool // the first ones of list, when that is long
	spaces []string         // those declared for attributes
}

// attrName is where the local name of an attribute was written, and the number
// of its prefix.
type attrName struct{ from, to, space int }

type attrKey struct {
	local string
	space int
}

// What is in place of the number of a prefix for names without one and for
// those of XML's own namespace.
const (
	noSpace  = -1
	xmlSpace = -2
)

// reset empties the set.
func (s *attrSet) reset() {
	s.list, s.seen, s.spaces = s.list[:0], 0, s.spaces[:0]
	if s.many != nil {
		s.many = nil
	}
}

// add adds a name that is to be written at from.
func (s *attrSet) add(from, space int, local string) {
	s.seen |= nameBit(local)
	s.list = append(s.list, attrName{from, from + len(local), space})
}

// has reports whether the name is there. Those that are were written to buf.
func (s *attrSet) has(buf []byte, space int, local string) bool {
	return s.seen&nameBit(local) != 0 && s.search(buf, space, local)
}

// search is has without a look at the bits first.
func (s *attrSet) search(buf []byte, space int, local string) bool {
	if len(s.list) <= manyAttrs {
		for _, n := range s.list {
			if n.space == space && string(buf[n.from:n.to]) == local {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[attrKey]bool, 2*len(s.list))
	}
	for _, n := range s.list[len(s.many):] {
		s.many[attrKey{string(buf[n.from:n.to]), n.space}] = true
	}
	return s.many[attrKey{local, space}]
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
