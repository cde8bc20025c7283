package wire

import "strings"

// Element writes a checked element with all that is in it. It declares what the
// element needs from outside of it.
func (e *Encoder) Element(el Element) {
	w := newWalker(el)
	for e.err == nil {
		switch w.next() {
		case walkStart:
			e.start(w.tag.name.Space, w.tag.name.Local)
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
	seen   uint64            // the bits of their names
	many   map[attrName]bool // the same as list, when that is long
	spaces []string          // those declared for attributes
}

type attrName struct{ space, local string }

// reset empties the set.
func (s *attrSet) reset() {
	s.list, s.seen, s.many, s.spaces = s.list[:0], 0, nil, s.spaces[:0]
}

// add adds a name and says whether it is new.
func (s *attrSet) add(space, local string) bool {
	name, bit := attrName{space, local}, nameBit(local)
	if s.seen&bit != 0 && s.has(name) {
		return false
	}
	s.seen |= bit
	s.list = append(s.list, name)
	if s.many != nil {
		s.many[name] = true
	}
	return true
}

// has reports whether the name is there.
func (s *attrSet) has(name attrName) bool {
	if len(s.list) <= manyAttrs {
		for _, n := range s.list {
			if n == name {
				return true
			}
		}
		return false
	}
	if s.many == nil {
		s.many = make(map[attrName]bool, 2*len(s.list))
		for _, n := range s.list {
			s.many[n] = true
		}
	}
	return s.many[name]
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
