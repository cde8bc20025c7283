package wire

import (
	"errors"
	"fmt"
	"strconv"
)

// The defaults of EncoderLimits. Prosody takes 512 KiB from a component, and
// ejabberd dies of a few thousand levels.
const (
	DefaultEncoderBytes = 500_000
	DefaultEncoderDepth = 128
)

// EncoderLimits bound what an Encoder writes. Zero fields mean the defaults.
type EncoderLimits struct{ Bytes, Depth int }

// Encoder appends one element with its content to a buffer. It writes nothing
// that is not well-formed: names, characters, attributes and balance are
// checked. Its first error sticks, and later calls do nothing. Reset comes first.
type Encoder struct {
	buf   []byte
	base  int    // where this encoder began
	space string // the default namespace outside
	lim   EncoderLimits
	open  []written
	inTag bool // the last start tag has no > yet
	done  bool // the root was closed
	attrs attrSet
	err   error
}

// written is an element whose end is to come.
type written struct {
	space string // its namespace
	deflt string // the default namespace inside it
	local string
}

// The errors of an Encoder, beside *LimitError.
var (
	errNoRoot    = errors.New("content outside of an element")
	errTwoRoots  = errors.New("a second root element")
	errNoSpace   = errors.New("an element without a namespace")
	errUnended   = errors.New("an element without its end")
	errNoStart   = errors.New("an end without an element")
	errLateAttr  = errors.New("an attribute behind content")
	errText      = errors.New("text that is not UTF-8 or has a character that XML forbids")
	errNamespace = errors.New("a namespace that cannot be declared")
)

// Reset makes the encoder append a new element to buf, in a place where
// defaultNS is the default namespace.
func (e *Encoder) Reset(buf []byte, defaultNS string, lim EncoderLimits) {
	e.buf, e.base, e.space = buf, len(buf), defaultNS
	e.lim = EncoderLimits{limit(lim.Bytes, DefaultEncoderBytes), limit(lim.Depth, DefaultEncoderDepth)}
	e.open, e.inTag, e.done, e.err = e.open[:0], false, false, nil
}

// Err returns the first error.
func (e *Encoder) Err() error { return e.err }

// Bytes returns the buffer with what was appended: nothing or one element. With
// an error it returns the buffer without it.
func (e *Encoder) Bytes() ([]byte, error) {
	if e.err == nil && len(e.open) > 0 {
		e.err = errUnended
	}
	if e.err != nil {
		return e.buf[:e.base], e.err
	}
	return e.buf, nil
}

// fail notes the first error.
func (e *Encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// fits notes when too much was written.
func (e *Encoder) fits() {
	if len(e.buf)-e.base > e.lim.Bytes {
		e.fail(&LimitError{"bytes", e.lim.Bytes})
	}
}

// Start begins an element. Without a space it is in the namespace of its parent.
func (e *Encoder) Start(space, local string) {
	if space == "" {
		if len(e.open) == 0 {
			e.fail(errNoSpace)
			return
		}
		space = e.open[len(e.open)-1].space
	}
	e.start(space, local)
}

// start begins an element; without a space it is in no namespace.
func (e *Encoder) start(space, local string) {
	switch {
	case e.err != nil:
		return
	case e.done:
		e.fail(errTwoRoots)
	case len(e.open) >= e.lim.Depth:
		e.fail(&LimitError{"depth", e.lim.Depth})
	case len(local) > e.lim.Bytes || !writable(local):
		e.fail(fmt.Errorf("%q is not the name of an element", clip(local)))
	}
	if e.err != nil {
		return
	}
	e.endTag()
	deflt := e.space
	if n := len(e.open); n > 0 {
		deflt = e.open[n-1].deflt
	}
	e.buf = append(e.buf, '<')
	if space == NSXML { // nothing but the prefix xml can stand for it
		e.buf = append(e.buf, "xml:"...)
		e.buf = append(e.buf, local...)
	} else if e.buf = append(e.buf, local...); space != deflt {
		e.declare(" xmlns='", space)
		deflt = space
	}
	e.open = append(e.open, written{space, deflt, local})
	e.inTag = true
	e.attrs.reset()
	e.fits()
}

// declare appends a declaration of the namespace.
func (e *Encoder) declare(begin, space string) {
	if space == nsXMLNS {
		e.fail(errNamespace)
		return
	}
	e.buf = append(e.buf, begin...)
	e.value(space)
}

// value appends an attribute value and the quote behind it.
func (e *Encoder) value(s string) {
	if len(s) > e.lim.Bytes {
		e.fail(&LimitError{"bytes", e.lim.Bytes})
		return
	}
	buf, ok := appendEscaped(e.buf, s, &stopsEscape, &attrEscapes)
	if !ok {
		e.fail(errText)
	}
	e.buf = append(buf, '\'')
}

// endTag ends the start tag that is being written.
func (e *Encoder) endTag() {
	if e.inTag {
		e.buf = append(e.buf, '>')
		e.inTag = false
	}
}

// Attr adds an attribute in no namespace to the element just started.
func (e *Encoder) Attr(local, value string) {
	if !e.mayAttr("", local) {
		return
	}
	e.buf = append(append(append(e.buf, ' '), local...), "='"...)
	e.value(value)
	e.fits()
}

// mayAttr checks that an attribute may be added, and notes it.
func (e *Encoder) mayAttr(space, local string) bool {
	switch {
	case e.err != nil:
	case !e.inTag:
		e.fail(errLateAttr)
	case len(local) > e.lim.Bytes || !writable(local) || local == "xmlns" && space == "":
		e.fail(fmt.Errorf("%q is not the name of an attribute", clip(local)))
	case !e.attrs.add(space, local):
		e.fail(fmt.Errorf("attribute %q twice", clip(local)))
	}
	return e.err == nil
}

// AttrNS adds an attribute in a namespace, with a prefix of its own; that of
// XML's own namespace is xml.
func (e *Encoder) AttrNS(space, local, value string) {
	if space == "" {
		e.Attr(local, value)
		return
	}
	if !e.mayAttr(space, local) {
		return
	}
	if space == NSXML {
		e.buf = append(e.buf, " xml:"...)
	} else {
		n, declared := e.attrs.prefix(space)
		if !declared {
			e.buf = append(e.buf, " xmlns:ns"...)
			e.buf = strconv.AppendInt(e.buf, int64(n), 10)
			e.declare("='", space)
		}
		e.buf = append(e.buf, " ns"...)
		e.buf = strconv.AppendInt(e.buf, int64(n), 10)
		e.buf = append(e.buf, ':')
	}
	e.buf = append(e.buf, local...)
	e.buf = append(e.buf, "='"...)
	e.value(value)
	e.fits()
}

// Text adds character data to the element.
func (e *Encoder) Text(s string) {
	switch {
	case e.err != nil || s == "":
		return
	case len(e.open) == 0:
		e.fail(errNoRoot)
		return
	case len(s) > e.lim.Bytes:
		e.fail(&LimitError{"bytes", e.lim.Bytes})
		return
	}
	e.endTag()
	buf, ok := appendEscaped(e.buf, s, &stopsText, &textEscapes)
	if e.buf = buf; !ok {
		e.fail(errText)
	}
	e.fits()
}

// End ends the element.
func (e *Encoder) End() {
	switch {
	case e.err != nil:
		return
	case len(e.open) == 0:
		e.fail(errNoStart)
		return
	}
	last := &e.open[len(e.open)-1]
	switch {
	case e.inTag:
		e.buf = append(e.buf, "/>"...)
		e.inTag = false
	case last.space == NSXML:
		e.buf = append(e.buf, "</xml:"...)
		e.buf = append(append(e.buf, last.local...), '>')
	default:
		e.buf = append(e.buf, "</"...)
		e.buf = append(append(e.buf, last.local...), '>')
	}
	e.open = e.open[:len(e.open)-1]
	e.done = len(e.open) == 0
	e.fits()
}

// clip shortens a bad name for an error.
func clip(s string) string { return s[:min(len(s), 64)] }
