package wire

import (
	"encoding/xml"
	"iter"
	"strings"
)

// Element is a place in checked XML: a value that is cheap to copy, never
// changes and cannot fail. Of what is in it only the start tag has been read. The
// zero Element stands for one that is not there; its methods return zero values.
type Element struct {
	raw string // begins with the element
	tag startTag
}

// elementAt returns the element that s begins with, where space is the default
// namespace and sc has the prefixes.
func elementAt(s, space string, sc *scope) Element {
	return Element{s, enter(s, 0, space, sc)}
}

// ParseElement checks that s is one element with nothing but white space around
// it, and returns it. Its errors are *SyntaxError and *LimitError.
func ParseElement(s string, defaultNS string, lim Limits) (Element, error) {
	lim = lim.withDefaults()
	if len(s) > lim.Bytes {
		return Element{}, &LimitError{"bytes", lim.Bytes}
	}
	raw := strings.TrimLeft(s, spaces)
	before := len(s) - len(raw)
	raw = strings.TrimRight(raw, spaces)
	if raw == "" || raw[0] != '<' {
		return Element{}, malformed(before, "an element was expected")
	}
	c := checker{lim: lim, space: defaultNS}
	err := c.check(raw)
	if err == nil && c.pos != len(raw) {
		err = malformed(c.pos, "something behind the element")
	}
	if e, ok := err.(*SyntaxError); ok {
		at := e.Offset
		if err == errShort {
			at = int64(len(raw))
		}
		return Element{}, &SyntaxError{Condition: e.Condition, Text: e.Text, Offset: at + int64(before)}
	}
	if err != nil {
		return Element{}, err
	}
	return elementAt(raw, defaultNS, nil), nil
}

// IsZero reports whether there is no element.
func (e Element) IsZero() bool { return e.raw == "" }

// size returns the length of the element.
func (e *Element) size() int {
	if e.raw == "" || e.tag.empty {
		return int(e.tag.end)
	}
	return contentEnd(e.raw, int(e.tag.end))
}

// Raw returns the element as received. Its names may need prefixes and the
// default namespace that were declared outside.
func (e Element) Raw() string { return e.raw[:e.size()] }

// Name returns the name of the element.
func (e Element) Name() xml.Name { return e.tag.name(e.raw) }

// Attr returns the value of an attribute in no namespace and whether it is
// there. References are resolved; nothing else is changed.
func (e Element) Attr(local string) (string, bool) {
	if local == "xmlns" || e.raw == "" || strings.IndexByte(local, ':') >= 0 {
		return "", false
	}
	for i := int(e.tag.attrs); ; {
		a, next := nextAttr(e.raw, i)
		switch a.name {
		case local:
			return unescape(a.value), true
		case "":
			return "", false
		}
		i = next
	}
}

// AttrNS is Attr for an attribute in a namespace.
func (e Element) AttrNS(space, local string) (string, bool) {
	if space == "" {
		return e.Attr(local)
	}
	for name, value := range e.Attrs() {
		if name.Local == local && name.Space == space {
			return value, true
		}
	}
	return "", false
}

// rawAttrs returns the attributes as they are written.
func (e Element) rawAttrs() iter.Seq[rawAttr] {
	return func(yield func(rawAttr) bool) {
		if e.raw == "" {
			return
		}
		for i := int(e.tag.attrs); ; {
			a, next := nextAttr(e.raw, i)
			if a.name == "" || !yield(a) {
				return
			}
			i = next
		}
	}
}

// Attrs returns the attributes without the declarations of namespaces.
func (e Element) Attrs() iter.Seq2[xml.Name, string] {
	return func(yield func(xml.Name, string) bool) {
		for a := range e.rawAttrs() {
			prefix, local, ok := strings.Cut(a.name, ":")
			if a.name == "xmlns" || ok && prefix == "xmlns" {
				continue
			}
			name := xml.Name{Local: a.name}
			if ok {
				space, _ := e.tag.scope.lookup(prefix)
				name = xml.Name{Space: space, Local: local}
			}
			if !yield(name, unescape(a.value)) {
				return
			}
		}
	}
}
