package component

import (
	"encoding/xml"
	"errors"
	"io"

	"mellium.im/xmlstream"
)

// A Payload writes itself as one XML element: the child of an IQ stanza. A nil
// Payload is an empty result. A payload owns its data or is immutable: it is
// encoded after the handler has returned, on the same goroutine.
type Payload interface {
	EncodeXML(e *Encoder)
}

// PayloadFunc is a function that is a Payload.
type PayloadFunc func(e *Encoder)

// EncodeXML calls f.
func (f PayloadFunc) EncodeXML(e *Encoder) { f(e) }

// Text returns a payload of one element that holds nothing but character data.
func Text(space, local, text string) Payload {
	return PayloadFunc(func(e *Encoder) {
		e.Start(space, local)
		e.Text(text)
		e.End()
	})
}

// Tokens returns a payload made of what m marshals itself to, so that the types
// of mellium.im/xmpp can be used as they are. It costs 5 to 15 times as much as
// writing to an Encoder.
func Tokens(m xmlstream.Marshaler) Payload {
	return PayloadFunc(func(e *Encoder) { encodeTokens(e, m.TokenReader()) })
}

// Value returns a payload made of what encoding/xml makes of v. It costs 5 to 15
// times as much as writing to an Encoder.
func Value(v any) Payload {
	return PayloadFunc(func(e *Encoder) {
		raw, err := xml.Marshal(v)
		if err != nil {
			e.Fail(err)
			return
		}
		el, err := ParseElement(string(raw))
		if err != nil {
			e.Fail(err)
			return
		}
		e.Element(el)
	})
}

// encodeTokens writes the tokens of r. Name spaces are written by the encoder
// itself, so the declarations among the attributes are passed over.
func encodeTokens(e *Encoder, r xml.TokenReader) {
	for depth := 0; ; {
		tok, err := r.Token()
		switch t := tok.(type) {
		case xml.StartElement:
			e.Start(t.Name.Space, t.Name.Local)
			encodeAttrs(e, t.Attr)
			depth++
		case xml.EndElement:
			e.End()
			depth--
		case xml.CharData:
			if depth > 0 { // white space around the root is not part of it
				e.Text(string(t))
			}
		case xml.Comment, xml.ProcInst, xml.Directive:
			e.Fail(errors.New("RFC 6120, 11.1 forbids comments, processing instructions and directives"))
		}
		switch {
		case errors.Is(err, io.EOF) || (err == nil && tok == nil):
			return
		case err != nil:
			e.Fail(err)
		}
		if e.Err() != nil {
			return
		}
	}
}

func encodeAttrs(e *Encoder, attrs []xml.Attr) {
	for _, a := range attrs {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns":
		case a.Name.Space == "":
			e.Attr(a.Name.Local, a.Value)
		case a.Name.Space == "xml":
			e.AttrNS(xmlNS, a.Name.Local, a.Value)
		default:
			e.AttrNS(a.Name.Space, a.Name.Local, a.Value)
		}
	}
}
