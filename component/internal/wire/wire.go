// Package wire handles the bytes of an XML stream: it cuts the stream into
// whole stanzas, checks them, reads their elements and writes new ones. It
// knows nothing of what a stanza means.
//
// One walk checks everything in a stanza: UTF-8, characters, names, balance,
// prefixes, attributes and limits, in the network buffer, as far as the stanza is
// there. Where something is wrong or rare, another walk finds first where the stanza
// ends, and then it is judged whole. What has passed is copied, and well-formed, so
// that Element can read it later without errors.
package wire

import (
	"errors"
	"fmt"
	"math"
)

// NSStreams is the namespace of the stream element (RFC 6120, 4.8.1).
const NSStreams = "http://etherx.jabber.org/streams"

// NSXML is the namespace of the prefix xml (Namespaces in XML, 3).
const NSXML = "http://www.w3.org/XML/1998/namespace"

// nsXMLNS is the namespace of the prefix xmlns, which nothing may bind.
const nsXMLNS = "http://www.w3.org/2000/xmlns/"

// The defaults of Limits.
const (
	DefaultBytes = 2 << 20
	DefaultDepth = 128
	DefaultAttrs = 1000
	DefaultName  = 1024
)

// maxPrefixes bounds the prefixes that are in scope at one place: each use of a
// prefix searches them.
const maxPrefixes = 128

// ErrClosed is returned by Reader.Next once the peer has closed its stream with
// an end tag (RFC 6120, 4.4).
var ErrClosed = errors.New("the peer closed the stream")

// Limits bound what a peer can make us hold. Zero fields mean the defaults.
type Limits struct {
	Bytes int // of one stanza
	Depth int // of elements, the stanza itself included
	Attrs int // of one element, namespace declarations included
	Name  int // bytes of one element or attribute name
}

// withDefaults returns the limits with their zero fields filled.
func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes: limit(l.Bytes, DefaultBytes),
		Depth: limit(l.Depth, DefaultDepth),
		Attrs: limit(l.Attrs, DefaultAttrs),
		Name:  limit(l.Name, DefaultName),
	}
}

// limit returns n, or def when n is not set.
func limit(n, def int) int {
	if n <= 0 {
		return def
	}
	return min(n, math.MaxInt32)
}

// LimitError says which limit was passed.
type LimitError struct {
	What  string // "bytes", "depth", "attributes" or "name"
	Limit int
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("more than %d %s", e.Limit, limitUnits[e.What])
}

var limitUnits = map[string]string{
	"bytes":      "bytes",
	"depth":      "levels of elements",
	"attributes": "attributes or prefixes",
	"name":       "bytes in a name",
}

// SyntaxError is XML that we do not accept.
type SyntaxError struct {
	Condition string // a stream error condition of RFC 6120, 4.9.3
	Text      string // what was wrong, for the log
	Offset    int64  // bytes from the beginning of the stream or fragment

	within bool // a stanza, whose bounds are certain all the same
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d: %s", e.Condition, e.Offset, e.Text)
}

// Place returns Offset to who cannot name the type.
func (e *SyntaxError) Place() int { return int(e.Offset) }

// The conditions of RFC 6120, 4.9.3, that this package finds.
const (
	condBadFormat        = "bad-format"
	condInvalidNamespace = "invalid-namespace"
	condNotWellFormed    = "not-well-formed"
	condPolicyViolation  = "policy-violation"
	condRestrictedXML    = "restricted-xml"
	condUnsupportedEnc   = "unsupported-encoding"
)

// malformed returns the error of XML that is not well-formed (RFC 6120, 4.9.3.13).
func malformed(offset int, text string) *SyntaxError {
	return &SyntaxError{Condition: condNotWellFormed, Text: text, Offset: int64(offset)}
}

// restricted returns the error of XML features that XMPP forbids (RFC 6120,
// 4.9.3.18 and 11.1).
func restricted(offset int, text string) *SyntaxError {
	return &SyntaxError{Condition: condRestrictedXML, Text: text, Offset: int64(offset)}
}
