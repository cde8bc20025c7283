package wire

import (
	"encoding/xml"
	"iter"
	"strings"
)

// pieceKind is the kind of a piece of content.
type pieceKind uint8

const (
	pieceEnd pieceKind = iota // the end tag
	pieceText
	pieceCDATA
	pieceElement
)

// piece returns the kind of the piece of content at i and the index behind it,
// which for an element or an end tag is only i.
func piece(s string, i int) (pieceKind, int) {
	switch {
	case s[i] != '<':
		return pieceText, i + strings.IndexByte(s[i:], '<')
	case s[i+1] == '/':
		return pieceEnd, i
	case s[i+1] == '!':
		return pieceCDATA, cdataAfter(s, i)
	}
	return pieceElement, i
}

// cdataText returns the text of a CDATA section.
func cdataText(piece string) string {
	return newlines(piece[len(cdataStart) : len(piece)-len(cdataEnd)])
}

// Text returns the character data directly inside the element, references and
// CDATA sections resolved.
func (e Element) Text() string {
	if e.raw == "" || e.tag.empty {
		return ""
	}
	first, rest := "", []byte(nil)
	for i := int(e.tag.end); ; {
		run := ""
		kind, end := piece(e.raw, i)
		switch kind {
		case pieceEnd:
			if rest != nil {
				return string(rest)
			}
			return first
		case pieceElement:
			end = elementEnd(e.raw, i)
		case pieceCDATA:
			run = cdataText(e.raw[i:end])
		case pieceText:
			run = text(e.raw[i:end])
		}
		i = end
		switch {
		case rest != nil:
			rest = append(rest, run...)
		case first == "":
			first = run
		case run != "":
			rest = append([]byte(first), run...)
		}
	}
}

// next returns the first child element at i or behind it, and where it begins.
func (e *Element) next(i int) (Element, int) {
	for {
		kind, end := piece(e.raw, i)
		switch kind {
		case pieceEnd:
			return Element{}, i
		case pieceElement:
			return elementAt(e.raw[i:], e.tag.space, e.tag.scope), i
		}
		i = end
	}
}

// Children returns the child elements.
func (e Element) Children() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		if e.raw == "" || e.tag.empty {
			return
		}
		child, i := e.next(int(e.tag.end))
		for child.raw != "" && yield(child) {
			child, i = e.next(i + child.size())
		}
	}
}

// Child returns the first child element of the name, or the zero Element.
func (e Element) Child(space, local string) Element {
	if e.raw == "" || e.tag.empty {
		return Element{}
	}
	child, i := e.next(int(e.tag.end))
	for name := (xml.Name{Space: space, Local: local}); child.raw != "" && child.Name() != name; {
		child, i = e.next(i + child.size())
	}
	return child
}
