package wire

import (
	"encoding/xml"
	"io"
	"strings"
)

// walker goes through a checked element, one tag or piece of text at a time.
type walker struct {
	s     string
	i     int
	root  startTag
	open  []startTag
	empty bool // the end of an empty element is next

	// What next has found.
	tag  startTag // of a start or end
	text string   // of text, resolved
}

type walkKind uint8

const (
	walkDone walkKind = iota
	walkStart
	walkEnd
	walkText
)

// newWalker returns a walker through e.
func newWalker(e Element) walker { return walker{s: e.raw, root: e.tag} }

// next goes one step.
func (w *walker) next() walkKind {
	switch {
	case w.empty:
		w.empty = false
		return w.leave()
	case w.i == 0 && w.s != "":
		return w.enter(w.root)
	case len(w.open) == 0:
		return walkDone
	}
	kind, end := piece(w.s, w.i)
	switch kind {
	case pieceEnd:
		w.i = tagEnd(w.s, w.i+1)
		return w.leave()
	case pieceElement:
		outer := &w.open[len(w.open)-1]
		return w.enter(enter(w.s, w.i, outer.space, outer.scope))
	case pieceCDATA:
		w.text = cdataText(w.s[w.i:end])
	default:
		w.text = text(w.s[w.i:end])
	}
	w.i = end
	return walkText
}

// enter goes into the element whose start tag is at hand.
func (w *walker) enter(t startTag) walkKind {
	w.tag, w.i, w.empty = t, int(t.end), t.empty
	w.open = append(w.open, t)
	return walkStart
}

// leave goes out of the innermost element.
func (w *walker) leave() walkKind {
	last := len(w.open) - 1
	w.tag = w.open[last]
	w.open = w.open[:last]
	return walkEnd
}

// TokenReader returns a new reader of the element's tokens: those that
// encoding/xml has for the same bytes, with the namespaces that were declared
// outside in their names. At the end it returns io.EOF.
func (e Element) TokenReader() xml.TokenReader { return &tokens{newWalker(e)} }

// tokens implements xml.TokenReader.
type tokens struct{ w walker }

// Token implements xml.TokenReader.
func (t *tokens) Token() (xml.Token, error) {
	switch t.w.next() {
	case walkStart:
		return xml.StartElement{Name: t.w.tag.name(t.w.s), Attr: t.attrs()}, nil
	case walkEnd:
		return xml.EndElement{Name: t.w.tag.name(t.w.s)}, nil
	case walkText:
		return xml.CharData(t.w.text), nil
	}
	return nil, io.EOF
}

// attrs returns the attributes of the current start tag.
func (t *tokens) attrs() []xml.Attr {
	attrs := []xml.Attr{}
	for i := int(t.w.tag.attrs); ; {
		a, next := nextAttr(t.w.s, i)
		if a.name == "" {
			return attrs
		}
		i = next
		name := xml.Name{Local: a.name}
		if prefix, local, ok := strings.Cut(a.name, ":"); ok {
			name = xml.Name{Space: prefix, Local: local}
			if prefix != "xmlns" {
				name.Space, _ = t.w.tag.scope.lookup(prefix)
			}
		}
		attrs = append(attrs, xml.Attr{Name: name, Value: text(a.value)})
	}
}
