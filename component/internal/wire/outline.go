package wire

import (
	"encoding/xml"
	"strings"
)

// outline is what a stanza tells of itself, as places in it: where these are
// strings is known only when the stanza has been copied.
type outline struct {
	self, payload heading // of the element and of its first child
	attrs         int     // how many of the checker's attributes are its own
	children      int
	text          bool // text other than white space beside the children
	head          int  // where the start tag ends
	first         int  // where the first child begins
	firstHead     int  // where its start tag ends
	firstEnd      int  // where it ends
}

// heading is the name of an element and what that stands for.
type heading struct {
	name     name
	space    string // of the prefix, if there is one
	xmlns    attr   // the declaration of the default namespace, if it has one
	declares bool   // it declares prefixes
}

// outline notes the current tag, which is that of the element or of a child.
func (c *checker) outline(tag name, begin int) {
	f, h := &c.found, &c.found.self
	if len(c.open) == 1 {
		f.head, f.attrs = c.pos, len(c.attrs)
	} else {
		if f.children++; f.children > 1 {
			return
		}
		h, f.first, f.firstHead = &f.payload, begin, c.pos
	}
	h.name, h.declares = tag, c.tag&tagDeclares != 0
	if c.tag&tagDefault != 0 {
		h.xmlns = c.attrs[c.xmlns]
	}
	if tag.prefixed() {
		space, _ := c.lookup(c.s[tag.from : tag.local-1])
		h.space = strings.Clone(space)
	}
}

// fill tells st what the last check found. Its strings are slices of s, which is
// what was checked or the same once more.
func (c *checker) fill(st *Stanza, s string) {
	f := &c.found
	if f.head == 0 {
		return
	}
	st.inner = f.self.inside(s, c.space)
	st.Name = f.self.resolved(s, st.inner)
	st.head, st.Text, st.Children = f.head, f.text, f.children
	c.fillAttrs(st, s)
	if f.children > 0 {
		p := &f.payload
		st.Payload = p.resolved(s, p.inside(s, st.inner))
		st.first, st.firstEnd = f.first, f.firstEnd
		st.firstName, st.firstHead = int(p.name.to)-f.first, f.firstHead-f.first
		st.prefixes = f.self.declares || p.declares || p.name.prefixed()
	}
}

// fillAttrs is fill for the attributes.
func (c *checker) fillAttrs(st *Stanza, s string) {
	for i := range c.attrs[:c.found.attrs] {
		a := &c.attrs[i]
		switch a.kind {
		case attrType:
			st.Type, st.HasType = a.value(s), true
		case attrID:
			st.ID, st.HasID = a.value(s), true
		case attrFrom:
			st.From, st.HasFrom = a.value(s), true
		case attrTo:
			st.To, st.HasTo = a.value(s), true
		case attrLang:
			st.Lang = a.value(s)
		}
	}
}

// inside returns the default namespace inside the element.
func (h *heading) inside(s, outside string) string {
	switch {
	case h.xmlns.to == 0:
		return outside
	case h.xmlns.plain:
		return s[h.xmlns.val:h.xmlns.valEnd]
	}
	return text(s[h.xmlns.val:h.xmlns.valEnd])
}

// resolved returns the name of the element, inside of which that is the default
// namespace.
func (h *heading) resolved(s, inside string) xml.Name {
	local := s[h.name.local:h.name.to]
	if h.name.prefixed() {
		return xml.Name{Space: h.space, Local: local}
	}
	return xml.Name{Space: inside, Local: local}
}
