package componenttest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	errTooBig = errors.New("stanza is too big")
	errClosed = errors.New("stream was closed by its end tag")
)

// A malformedError says what is wrong with XML.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return e.what }

// A splitter cuts a stream into its header and stanzas. It refuses what is not
// well formed, namespaces included, and notes what XMPP forbids beyond that.
type splitter struct {
	src   *source
	dec   *xml.Decoder
	scope []string // namespaces declared so far, by the elements that are open
}

// A stanza is an element at the level of the stream, as written and as read.
type stanza struct {
	raw    string
	node   *node
	at     int    // where it starts in the text
	line   int    // the same, in a file
	banned string // what RFC 6120, 11.1 forbids and was in it, or before it
}

// newSplitter returns a splitter of what r holds. Stanzas of more than limit
// bytes are refused, unless limit is zero. anyEncoding takes each one that an XML
// declaration may name for UTF-8.
func newSplitter(r io.Reader, limit int, anyEncoding bool) *splitter {
	p := &splitter{src: &source{r: r, limit: limit}, scope: []string{"", nsXML}}
	p.dec = xml.NewDecoder(p.src)
	if anyEncoding {
		p.dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	}
	return p
}

// header reads up to the first start tag and returns that.
func (p *splitter) header() (xml.StartElement, error) {
	for {
		tok, err := p.token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if t, ok := tok.(xml.StartElement); ok {
			return t, p.open(t)
		}
	}
}

// next returns the next stanza, or errClosed at the end tag of the stream. Text
// between stanzas is passed over.
func (p *splitter) next() (stanza, error) {
	var s stanza
	for {
		start := p.src.drop(p.dec.InputOffset())
		tok, err := p.token()
		if err != nil {
			return s, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			s.node, err = p.element(t, &s)
			s.raw, s.at = p.src.text(start, p.dec.InputOffset()), int(start)
			if err == nil {
				err = checkReferences(s.raw)
			}
			return s, err
		case xml.EndElement:
			return s, errClosed
		default:
			if what := banned(tok); what != "" {
				s.raw, s.banned = p.src.text(start, p.dec.InputOffset()), what
				return s, nil
			}
		}
	}
}

// element reads the rest of an element.
func (p *splitter) element(t xml.StartElement, s *stanza) (*node, error) {
	root := newNode(t)
	open, marks := []*node{root}, []int{len(p.scope)}
	if err := p.open(t); err != nil {
		return root, err
	}
	for len(open) > 0 {
		tok, err := p.token()
		if err != nil {
			return root, err
		}
		top := open[len(open)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			kid := newNode(t)
			top.kids = append(top.kids, kid)
			open, marks = append(open, kid), append(marks, len(p.scope))
			if err := p.open(t); err != nil {
				return root, err
			}
		case xml.EndElement:
			p.scope = p.scope[:marks[len(marks)-1]]
			open, marks = open[:len(open)-1], marks[:len(marks)-1]
		case xml.CharData:
			top.addText(string(t))
		default:
			s.banned = banned(tok)
		}
	}
	return root, nil
}

// banned names what RFC 6120, 11.1 forbids.
func banned(tok xml.Token) string {
	switch tok.(type) {
	case xml.Comment:
		return "a comment"
	case xml.ProcInst:
		return "a processing instruction"
	}
	return ""
}

// token reads a token. What encoding/xml lets pass though it is not well formed
// is an error here.
func (p *splitter) token() (xml.Token, error) {
	first := p.dec.InputOffset() == 0
	tok, err := p.dec.Token()
	if err != nil {
		if p.src.err != nil {
			return nil, p.src.err
		}
		return nil, &malformedError{err.Error()}
	}
	switch t := tok.(type) {
	case xml.Directive:
		return nil, &malformedError{"a document type declaration"}
	case xml.ProcInst:
		if t.Target == "xml" && !first {
			return nil, &malformedError{"an XML declaration in mid-stream"}
		}
	}
	return tok, nil
}

// open checks a start tag and adds what it declares to the scope.
func (p *splitter) open(t xml.StartElement) error {
	for _, a := range t.Attr {
		if declares(a) {
			if a.Value == "" && a.Name.Space == "xmlns" {
				return &malformedError{"prefix " + a.Name.Local + " declared as no namespace"}
			}
			p.scope = append(p.scope, a.Value)
		}
	}
	if err := p.checkName(t.Name); err != nil {
		return err
	}
	for i, a := range t.Attr {
		if slices.ContainsFunc(t.Attr[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return &malformedError{"attribute " + a.Name.Local + " twice"}
		}
		if declares(a) {
			continue
		}
		if err := p.checkName(a.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses a name whose prefix was not declared: encoding/xml then
// gives the prefix in place of the namespace.
func (p *splitter) checkName(n xml.Name) error {
	if strings.Contains(n.Local, ":") || !slices.Contains(p.scope, n.Space) {
		return &malformedError{fmt.Sprintf("name %s:%s with a prefix that is not declared", n.Space, n.Local)}
	}
	return nil
}

// checkReferences refuses references to surrogates, which encoding/xml takes.
func checkReferences(raw string) error {
	if !strings.Contains(raw, "&#") {
		return nil
	}
	for _, m := range regexp.MustCompile(`&#(x?)([0-9a-fA-F]+);`).FindAllStringSubmatch(raw, -1) {
		base := 10
		if m[1] != "" {
			base = 16
		}
		if n, err := strconv.ParseUint(m[2], base, 32); err != nil || n >= 0xD800 && n < 0xE000 {
			return &malformedError{"reference " + m[0] + " to no character"}
		}
	}
	return nil
}

// A source hands bytes to a decoder and remembers them until they are dropped.
type source struct {
	r     io.Reader
	limit int
	chunk []byte // of one Read
	buf   []byte
	base  int64 // offset of buf[0] in the stream
	next  int   // in buf
	err   error // of r, or errTooBig
}

// ReadByte returns the next byte.
func (s *source) ReadByte() (byte, error) {
	if s.limit > 0 && s.next >= s.limit {
		s.err = errTooBig
	}
	for s.err == nil && s.next == len(s.buf) {
		if s.chunk == nil {
			s.chunk = make([]byte, 32<<10)
		}
		var n int
		n, s.err = s.r.Read(s.chunk)
		s.buf = append(s.buf, s.chunk[:n]...)
		if n > 0 {
			break
		}
	}
	if s.next == len(s.buf) || errors.Is(s.err, errTooBig) {
		return 0, s.err
	}
	s.next++
	return s.buf[s.next-1], nil
}

// Read makes source the io.Reader that xml.NewDecoder asks for.
func (s *source) Read(p []byte) (int, error) {
	c, err := s.ReadByte()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// drop forgets what lies before the offset and returns the offset.
func (s *source) drop(offset int64) int64 {
	n := int(offset - s.base)
	s.buf = s.buf[n:]
	s.base, s.next = offset, s.next-n
	return offset
}

func (s *source) text(from, to int64) string { return string(s.buf[from-s.base : to-s.base]) }
