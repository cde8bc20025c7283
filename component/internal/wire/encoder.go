package wire

import (
	"encoding/binary"
	"errors"
	"slices"
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
	room   int // up to where there is space within the limit
	lim    EncoderLimits
	open   []written // the first one stands for what is outside
	spaces []string  // the namespaces that open names by number
	inTag  bool      // the last start tag has no > yet
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

// The errors of an Encoder, beside *LimitError.
var (
	errNoRoot    = errors.New("content outside of an element")
	errTwoRoots  = errors.New("a second root element")
	errNoSpace   = errors.New("an element without a namespace")
	errUnended   = errors.New("an element without its end")
	errNoStart   = errors.New("an end without an element")
	errNoTag     = errors.New("a tag that was never made")
	errLateAttr  = errors.New("an attribute behind content")
	errText      = errors.New("text that is not UTF-8 or has a character that XML forbids")
	errNamespace = errors.New("a namespace that cannot be declared")
)

// Reset makes the encoder append a new element to buf, in a place where
// defaultNS is the default namespace.
func (e *Encoder) Reset(buf []byte, defaultNS string, lim EncoderLimits) {
	e.lim = EncoderLimits{limit(lim.Bytes, DefaultEncoderBytes), limit(lim.Depth, DefaultEncoderDepth)}
	e.base = len(buf)
	e.take(buf)
	e.spaces = append(e.spaces[:0], defaultNS, NSXML)
	e.open = append(e.open[:0], written{})
	e.inTag, e.err = false, nil
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

// fail notes the first error and returns false. From then on no element is open
// and no attribute may come, so that nothing has to look for errors first.
func (e *Encoder) fail(err error) bool {
	if e.err == nil {
		e.err = err
	}
	e.inTag = false
	e.open = e.open[:min(1, len(e.open))]
	return false
}

// reserve makes room for n more bytes and reports whether there may be so many.
func (e *Encoder) reserve(n int) bool { return len(e.buf)+n <= e.room || e.grow(n) }

// growStart is the least that a buffer grows by, within the limit.
const growStart = 256

// grow is reserve when there is no room. The buffer doubles.
func (e *Encoder) grow(n int) bool {
	left := e.lim.Bytes - (len(e.buf) - e.base)
	if n > left {
		return e.fail(&LimitError{"bytes", e.lim.Bytes})
	}
	e.take(slices.Grow(e.buf, max(n, min(len(e.buf)+growStart, left))))
	return true
}

// take makes buf the buffer.
func (e *Encoder) take(buf []byte) {
	e.buf, e.room = buf, cap(buf)
	if e.room-e.base > e.lim.Bytes {
		e.room = e.base + e.lim.Bytes
	}
}

// Text adds character data to the element.
func (e *Encoder) Text(s string) {
	if len(e.open) <= 1 || s == "" {
		if s != "" {
			e.fail(errNoRoot)
		}
		return
	}
	if !e.reserve(len(s) + 1) { // an end tag is to come, so a byte too much is none
		return
	}
	buf, n := e.buf[:cap(e.buf)], len(e.buf)
	if e.inTag {
		buf[n] = '>'
		n++
		e.inTag = false
	}
	if copyPlain(buf, n, s, &stopsText) {
		e.buf = e.buf[:n+len(s)]
	} else {
		e.buf = e.buf[:n]
		e.escape(s, &stopsText, &textEscapes)
	}
}

// End ends the element.
func (e *Encoder) End() {
	last := len(e.open) - 1
	if last < 1 {
		e.fail(errNoStart)
		return
	}
	if !e.end(e.open[last].from, e.open[last].to) {
		return
	}
	if outside := e.open[last-1].deflt; outside != e.open[last].deflt {
		e.spaces = e.spaces[:max(outside, spaceXML)+1]
	}
	e.inTag = false
	e.open = e.open[:last]
}

// end writes the end of the element whose name begins and ends there.
func (e *Encoder) end(from, to int) bool {
	n := len(e.buf)
	if e.inTag {
		if !e.reserve(len("/>")) {
			return false
		}
		e.buf = e.buf[:n+2]
		e.buf[n], e.buf[n+1] = '/', '>'
		return true
	}
	size := to - from
	if !e.reserve(size + len("</>")) {
		return false
	}
	buf := e.buf[:cap(e.buf)]
	buf[n], buf[n+1] = '<', '/'
	n += 2
	if size <= 8 && n+8 <= len(buf) { // quicker than the call of copy
		store8(buf, n, binary.LittleEndian.Uint64(buf[from:from+8]))
	} else {
		copy(buf[n:], buf[from:to])
	}
	n += size
	buf[n] = '>'
	e.buf = e.buf[:n+1]
	return true
}

// clip shortens a bad name for an error.
func clip(s string) string { return s[:min(len(s), 64)] }
