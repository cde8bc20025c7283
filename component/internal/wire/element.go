package wire

import (
	"encoding/xml"
	"iter"
	"strings"
)

// Element is a place in checked XML: a value that is cheap to copy, never
// changes and cannot fail. It is parsed anew by each call. The zero Element
// stands for one that is not there; its methods return zero values.
type Element struct {
	raw   string // from < to >
	space string // the default namespace outside
	scope *scope // the prefixes outside
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
		return Element{}, &SyntaxError{e.Condition, e.Text, at + int64(before)}
	}
	if err != nil {
		return Element{}, err
	}
	return Element{raw: raw, space: defaultNS}, nil
}

// IsZero reports whether there is no element.
func (e Element) IsZero() bool { return e.raw == "" }

// Raw returns the element as received. Its names may need prefixes and the
// default namespace that were declared outside.
func (e Element) Raw() string { return e.raw }

// enter reads the element's start tag.
func (e Element) enter() startTag { return enter(e.raw, 0, e.space, e.scope) }

// Name returns the name of the element.
func (e Element) Name() xml.Name {
	if e.IsZero() {
		return xml.Name{}
	}
	return e.enter().name
}

// rawAttrs returns the attributes as they are written.
func (e Element) rawAttrs() iter.Seq[rawAttr] {
	return func(yield func(rawAttr) bool) {
		if e.IsZero() {
			return
		}
		for i := nameEnd(e.raw, 1); ; {
			a, next := nextAttr(e.raw, i)
			if a.name == "" || !yield(a) {
				return
			}
			i = next
		}
	}
}

// Attr returns the value of an attribute in no namespace and whether it is
// there. References are resolved; nothing else is changed.
func (e Element) Attr(local string) (string, bool) {
	if local == "xmlns" || strings.IndexByte(local, ':') >= 0 {
		return "", false
	}
	for a := range e.rawAttrs() {
		if a.name == local {
			return unescape(a.value), true
		}
	}
	return "", false
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

// Attrs returns the attributes without the declarations of namespaces.
func (e Element) Attrs() iter.Seq2[xml.Name, string] {
	return func(yield func(xml.Name, string) bool) {
		var in *scope
		entered := false
		for a := range e.rawAttrs() {
			prefix, local, ok := strings.Cut(a.name, ":")
			if a.name == "xmlns" || ok && prefix == "xmlns" {
				continue
			}
			name := xml.Name{Local: a.name}
			if ok {
				if !entered {
					in, entered = e.enter().scope, true
				}
				space, _ := in.lookup(prefix)
				name = xml.Name{Space: space, Local: local}
			}
			if !yield(name, unescape(a.value)) {
				return
			}
		}
	}
}

// content calls each for the pieces of the content: child elements, CDATA
// sections and text, as they are written.
func (e Element) content(t startTag, each func(piece string, kind pieceKind) bool) {
	if t.empty {
		return
	}
	for i := t.end; ; {
		begin, kind := i, pieceText
		switch {
		case e.raw[i] != '<':
			i += strings.IndexByte(e.raw[i:], '<')
		case e.raw[i+1] == '/':
			return
		case e.raw[i+1] == '!':
			i, kind = i+strings.Index(e.raw[i:], cdataEnd)+len(cdataEnd), pieceCDATA
		default:
			i, kind = elementEnd(e.raw, i), pieceElement
		}
		if !each(e.raw[begin:i], kind) {
			return
		}
	}
}

type pieceKind uint8

const (
	pieceText pieceKind = iota
	pieceCDATA
	pieceElement
)

// cdataText returns the text of a CDATA section.
func cdataText(piece string) string {
	return newlines(piece[len(cdataStart) : len(piece)-len(cdataEnd)])
}

// Text returns the character data directly inside the element, references and
// CDATA sections resolved.
func (e Element) Text() string {
	if e.IsZero() {
		return ""
	}
	first, rest := "", []byte(nil)
	e.content(e.enter(), func(piece string, kind pieceKind) bool {
		switch kind {
		case pieceElement:
			return true
		case pieceCDATA:
			piece = cdataText(piece)
		case pieceText:
			piece = text(piece)
		}
		switch {
		case rest != nil:
			rest = append(rest, piece...)
		case first == "":
			first = piece
		default:
			rest = append([]byte(first), piece...)
		}
		return true
	})
	if rest != nil {
		return string(rest)
	}
	return first
}

// Children returns the child elements.
func (e Element) Children() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		if e.IsZero() {
			return
		}
		t := e.enter()
		e.content(t, func(piece string, kind pieceKind) bool {
			return kind != pieceElement || yield(Element{piece, t.space, t.scope})
		})
	}
}

// Child returns the first child element of the name, or the zero Element.
func (e Element) Child(space, local string) Element {
	for child := range e.Children() {
		if name := child.Name(); name.Local == local && name.Space == space {
			return child
		}
	}
	return Element{}
}
