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
	buf    []byte
	base   int // where this encoder began
	lim    EncoderLimits
	open   []written // the first one stands for what is outside
	spaces []string  // the namespaces that open names by number
	inTag  bool      // the last start tag has no > yet
	done   bool      // the root was closed
	attrs  attrSet
	err    error
}

// written is an element whose end is to come. It has numbers in place of
// strings: storing a pointer costs more while the garbage collector runs.
type written struct {
	from, to int // its name in buf
	space    int // its namespace
	deflt    int // the default namespace inside it: the last one known there
}

// spaceXML is the number of NSXML.
const spaceXML = 1

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
	e.buf, e.base = buf, len(buf)
	e.lim = EncoderLimits{limit(lim.Bytes, DefaultEncoderBytes), limit(lim.Depth, DefaultEncoderDepth)}
	e.spaces = append(e.spaces[:0], defaultNS, NSXML)
	e.open = append(e.open[:0], written{})
	e.inTag, e.done, e.err = false, false, nil
}

// Err returns the first error.
func (e *Encoder) Err() error { return e.err }

// Bytes returns the buffer with what was appended: nothing or one element. With
// an error it returns the buffer without it.
func (e *Encoder) Bytes() ([]byte, error) {
	if e.err == nil && len(e.open) > 1 {
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

// keep takes over what was appended to the buffer, and notes when it is too much.
func (e *Encoder) keep(buf []byte) {
	e.buf = buf
	if len(buf)-e.base > e.lim.Bytes {
		e.fail(&LimitError{"bytes", e.lim.Bytes})
	}
}

// Start begins an element. Without a space it is in the namespace of its parent.
func (e *Encoder) Start(space, local string) {
	switch {
	case !e.mayStart(local):
	case space != "":
		e.start(e.number(space), local)
	case len(e.open) == 1:
		e.fail(errNoSpace)
	default:
		e.start(e.open[len(e.open)-1].space, local)
	}
}

// mayStart checks that an element may begin.
func (e *Encoder) mayStart(local string) bool {
	switch {
	case e.err != nil:
	case e.done:
		e.fail(errTwoRoots)
	case len(local) > e.lim.Bytes || !writable(local):
		e.fail(fmt.Errorf("%q is not the name of an element", clip(local)))
	case len(e.open) > e.lim.Depth:
		e.fail(&LimitError{"depth", e.lim.Depth})
	default:
		return true
	}
	return false
}

// number returns the number of a namespace for an element that is to begin.
func (e *Encoder) number(space string) int {
	deflt := e.open[len(e.open)-1].deflt
	switch space {
	case e.spaces[deflt]:
		return deflt
	case NSXML:
		return spaceXML
	}
	e.spaces = append(e.spaces, space)
	return len(e.spaces) - 1
}

// start begins an element in the namespace of that number.
func (e *Encoder) start(space int, local string) {
	buf := e.buf
	if e.inTag {
		buf = append(buf, '>')
	}
	buf = append(buf, '<')
	from, outside := len(buf), e.open[len(e.open)-1].deflt
	deflt := space
	if space == spaceXML { // nothing but the prefix xml can stand for it
		buf = append(buf, "xml:"...)
		deflt = outside
	}
	buf = append(buf, local...)
	e.open = append(e.open, written{from, len(buf), space, deflt})
	e.inTag = true
	e.attrs.reset()
	if deflt != outside {
		buf = e.declare(append(buf, " xmlns='"...), e.spaces[space])
	}
	e.keep(buf)
}

// declare appends the namespace that is being declared.
func (e *Encoder) declare(buf []byte, space string) []byte {
	if space == nsXMLNS {
		e.fail(errNamespace)
	}
	return e.value(buf, space)
}

// value appends an attribute value and the quote behind it.
func (e *Encoder) value(buf []byte, s string) []byte {
	if len(s) > e.lim.Bytes {
		e.fail(&LimitError{"bytes", e.lim.Bytes})
		return buf
	}
	if scan(s, 0, &stopsEscape) == len(s) {
		return append(append(buf, s...), '\'')
	}
	buf, ok := appendEscaped(buf, s, &stopsEscape, &attrEscapes)
	if !ok {
		e.fail(errText)
	}
	return append(buf, '\'')
}

// Attr adds an attribute in no namespace to the element just started.
func (e *Encoder) Attr(local, value string) {
	if e.mayAttr(noSpace, local) {
		e.attr(append(e.buf, ' '), noSpace, local, value)
	}
}

// mayAttr checks that an attribute of the name may be added.
func (e *Encoder) mayAttr(space int, local string) bool {
	switch {
	case e.err != nil:
	case !e.inTag:
		e.fail(errLateAttr)
	case len(local) > e.lim.Bytes || !writable(local) || local == "xmlns" && space == noSpace:
		e.fail(fmt.Errorf("%q is not the name of an attribute", clip(local)))
	case e.attrs.has(e.buf, space, local):
		e.fail(fmt.Errorf("attribute %q twice", clip(local)))
	default:
		return true
	}
	return false
}

// AttrNS adds an attribute in a namespace, with a prefix of its own; that of
// XML's own namespace is xml.
func (e *Encoder) AttrNS(space, local, value string) {
	if space == "" {
		e.Attr(local, value)
		return
	}
	if space == NSXML {
		if e.mayAttr(xmlSpace, local) {
			e.attr(append(e.buf, " xml:"...), xmlSpace, local, value)
		}
		return
	}
	n, declared := e.attrs.prefix(space)
	if !e.mayAttr(n, local) {
		return
	}
	buf := e.buf
	if !declared {
		buf = append(buf, " xmlns:ns"...)
		buf = strconv.AppendInt(buf, int64(n), 10)
		buf = e.declare(append(buf, "='"...), space)
	}
	buf = append(buf, " ns"...)
	buf = strconv.AppendInt(buf, int64(n), 10)
	e.attr(append(buf, ':'), n, local, value)
}

// attr appends the local name and the value of an attribute.
func (e *Encoder) attr(buf []byte, space int, local, value string) {
	e.attrs.add(len(buf), space, local)
	buf = append(append(buf, local...), "='"...)
	e.keep(e.value(buf, value))
}

// Text adds character data to the element.
func (e *Encoder) Text(s string) {
	switch {
	case e.err != nil || s == "":
		return
	case len(e.open) <= 1:
		e.fail(errNoRoot)
		return
	case len(s) > e.lim.Bytes:
		e.fail(&LimitError{"bytes", e.lim.Bytes})
		return
	}
	buf := e.buf
	if e.inTag {
		buf = append(buf, '>')
		e.inTag = false
	}
	if scan(s, 0, &stopsText) == len(s) {
		e.keep(append(buf, s...))
		return
	}
	buf, ok := appendEscaped(buf, s, &stopsText, &textEscapes)
	if !ok {
		e.fail(errText)
	}
	e.keep(buf)
}

// End ends the element.
func (e *Encoder) End() {
	last := len(e.open) - 1
	switch {
	case e.err != nil:
		return
	case last <= 0:
		e.fail(errNoStart)
		return
	}
	buf := e.buf
	if e.inTag {
		buf = append(buf, "/>"...)
		e.inTag = false
	} else {
		buf = append(buf, "</"...)
		buf = append(buf, buf[e.open[last].from:e.open[last].to]...)
		buf = append(buf, '>')
	}
	e.open = e.open[:last]
	e.spaces = e.spaces[:max(e.open[last-1].deflt, spaceXML)+1]
	e.done = last == 1
	e.keep(buf)
}

// clip shortens a bad name for an error.
func clip(s string) string { return s[:min(len(s), 64)] }
