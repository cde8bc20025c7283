package component

import (
	"encoding/xml"
	"iter"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// An Element is a light cursor over XML that has been checked. It is a value
// that never changes. The zero Element is absent: its methods return zero values,
// so that a path of Child calls needs no check in between.
type Element struct{ e wire.Element }

// ParseElement parses a fragment of XML with one root. What RFC 6120, 11.1
// forbids (comments, processing instructions, DTDs, entities but the five) is an
// error that names the place.
func ParseElement(fragment string) (Element, error) {
	el, err := wire.ParseElement(fragment, "", wire.Limits{Bytes: len(fragment) + 1})
	return Element{el}, err
}

// IsZero reports whether the element is absent.
func (el Element) IsZero() bool { return el.e.IsZero() }

// Name returns the name of the element, its namespace resolved.
func (el Element) Name() xml.Name { return el.e.Name() }

// Attr returns an attribute in no namespace, and whether it is there.
func (el Element) Attr(local string) (string, bool) { return el.e.Attr(local) }

// Get returns an attribute in no namespace, or an empty string.
func (el Element) Get(local string) string {
	v, _ := el.e.Attr(local)
	return v
}

// AttrNS returns an attribute in a namespace, and whether it is there.
func (el Element) AttrNS(space, local string) (string, bool) { return el.e.AttrNS(space, local) }

// Attrs returns the attributes without the declarations of namespaces.
func (el Element) Attrs() iter.Seq2[xml.Name, string] { return el.e.Attrs() }

// Text returns the character data directly inside the element.
func (el Element) Text() string { return el.e.Text() }

// Children returns the elements directly inside the element.
func (el Element) Children() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for c := range el.e.Children() {
			if !yield(Element{c}) {
				return
			}
		}
	}
}

// Child returns the first element inside with that name. An empty space is the
// namespace of the element itself.
func (el Element) Child(space, local string) Element {
	if space == "" {
		space = el.e.Name().Space
	}
	return Element{el.e.Child(space, local)}
}

// XML returns the element as text that stands by itself: its namespaces are
// declared in it.
func (el Element) XML() string {
	var w wire.Encoder
	w.Reset(nil, "", wire.EncoderLimits{Bytes: 1 << 30, Depth: 1 << 20})
	w.Element(el.e)
	b, err := w.Bytes()
	if err != nil {
		return ""
	}
	return string(b)
}

// EncodeXML writes the element: an Element is itself a Payload.
func (el Element) EncodeXML(e *Encoder) { e.Element(el) }

// TokenReader returns the tokens of the element for the decoders of encoding/xml
// and mellium.im/xmpp. Each call returns a fresh reader.
func (el Element) TokenReader() xml.TokenReader { return el.e.TokenReader() }

// Decode decodes the element as encoding/xml does.
func (el Element) Decode(v any) error {
	return xml.NewTokenDecoder(el.e.TokenReader()).Decode(v)
}
