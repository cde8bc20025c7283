package wire

import (
	"encoding/xml"
	"strings"
)

// Element writes a checked element with all that is in it. It declares what the
// element needs from outside of it.
func (e *Encoder) Element(el Element) {
	w := newWalker(el)
	for e.err == nil {
		switch w.next() {
		case walkStart:
			e.startElement(w.tag.name(w.s))
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

// startElement is Start with a space that may be empty and mean just that.
func (e *Encoder) startElement(name xml.Name) {
	if len(e.open) > 1 || e.mayBegin() {
		e.start(e.number(name.Space), name.Local)
	}
}

// copyAttrs writes the attributes of a start tag of s.
func (e *Encoder) copyAttrs(s string, t *startTag) {
	for i := int(t.attrs); e.err == nil; {
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
