package component

import (
	"errors"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// Namespaces of the stream (XEP-0114, RFC 6120 and XML itself).
const (
	nsAccept  = "jabber:component:accept"
	nsClient  = "jabber:client"
	nsServer  = "jabber:server"
	nsStream  = "http://etherx.jabber.org/streams"
	nsStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
	nsStreams = "urn:ietf:params:xml:ns:xmpp-streams"
	xmlNS     = "http://www.w3.org/XML/1998/namespace"
)

// An Encoder writes one element and what it holds. It escapes, and it checks
// names, characters, balance, depth and size, so that no payload can break the
// stream that all users share. Its errors stick: after the first one its methods
// do nothing, so that callers need not check each call. An Encoder is used by one
// goroutine.
type Encoder struct {
	w    wire.Encoder
	fail error
}

// Start opens an element. An empty space is the namespace of the parent; the
// root has to name its own.
func (e *Encoder) Start(space, local string) { e.w.Start(space, local) }

// Attr writes an attribute in no namespace. It follows Start or another
// attribute.
func (e *Encoder) Attr(local, value string) { e.w.Attr(local, value) }

// AttrNS writes an attribute in a namespace, such as that of xml:lang.
func (e *Encoder) AttrNS(space, local, value string) { e.w.AttrNS(space, local, value) }

// OptAttr writes an attribute in no namespace unless its value is empty.
func (e *Encoder) OptAttr(local, value string) {
	if value != "" {
		e.w.Attr(local, value)
	}
}

// Text writes character data.
func (e *Encoder) Text(s string) { e.w.Text(s) }

// End closes the element that was opened last.
func (e *Encoder) End() { e.w.End() }

// Empty writes an element that holds nothing.
func (e *Encoder) Empty(space, local string) {
	e.w.Start(space, local)
	e.w.End()
}

// A Tag is the start tag of an element that is written often, as the items of a
// list are: its names are checked once. It may be used concurrently. MustTag makes
// it; the zero Tag is an error of the encoder that is to write it.
type Tag struct{ w *wire.Tag }

// MustTag returns the tag of an element in the namespace of its parent, with the
// names of its attributes, which are in no namespace: for others there is AttrNS. It
// panics where these are no names without a prefix or one is there twice: a Tag is
// made where a program begins.
func MustTag(local string, attrs ...string) Tag {
	t, err := wire.NewTag(local, attrs...)
	if err != nil {
		panic("component: " + err.Error())
	}
	return Tag{t}
}

// StartTag opens an element below the root, with the values of its attributes in
// the order of MustTag. An attribute whose value is empty is left out; Attr may
// follow. Too few or too many values are an error of the encoder. It takes two
// thirds of the time of Start and OptAttr.
func (e *Encoder) StartTag(t Tag, values ...string) { e.w.Tag(t.w, values, false) }

// EmptyTag is StartTag for an element that holds nothing else.
func (e *Encoder) EmptyTag(t Tag, values ...string) { e.w.Tag(t.w, values, true) }

// Element writes an element that came from elsewhere, whole.
func (e *Encoder) Element(el Element) { e.w.Element(el.e) }

// Fail makes err the error of the encoder, unless it has one.
func (e *Encoder) Fail(err error) {
	if e.Err() == nil {
		e.fail = err
	}
}

// Err returns the first error.
func (e *Encoder) Err() error {
	if e.fail != nil {
		return e.fail
	}
	return e.w.Err()
}

var errNoRoot = errors.New("payload wrote no element")

// encodePayload appends p to buf. On an error buf comes back as it was.
func encodePayload(buf []byte, p Payload, e *Encoder, lim wire.EncoderLimits) ([]byte, error) {
	e.fail = nil
	e.w.Reset(buf, nsAccept, lim)
	p.EncodeXML(e)
	if e.fail != nil {
		return buf, e.fail
	}
	out, err := e.w.Bytes()
	switch {
	case err != nil:
		return buf, err
	case len(out) == len(buf):
		return buf, errNoRoot
	}
	return out, nil
}
