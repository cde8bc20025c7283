package wire

import (
	"fmt"
	"slices"
)

// A Tag is a start tag whose names have been checked once.
type Tag struct {
	local string
	attrs []string
	start chunk // up to the first attribute
	names []tagAttr
	short bool // each of the chunks fits
}

type tagAttr struct {
	head chunk  // up to the value
	bit  uint64 // of the name
}

// NewTag returns the tag of an element in the namespace of its parent, with
// attributes in no namespace.
func NewTag(local string, attrs ...string) (*Tag, error) {
	t := &Tag{local: local, attrs: slices.Clone(attrs), short: true}
	if local == "" || !writable(local) {
		return nil, fmt.Errorf("%q is not the name of an element", clip(local))
	}
	t.short = t.start.set("<" + local)
	for i, a := range attrs {
		if a == "" || a == "xmlns" || !writable(a) {
			return nil, fmt.Errorf("%q is not the name of an attribute", clip(a))
		}
		if slices.Contains(attrs[:i], a) {
			return nil, fmt.Errorf("attribute %q twice", clip(a))
		}
		n := tagAttr{bit: nameBit(a)}
		t.short = n.head.set(" "+a+"='") && t.short
		t.names = append(t.names, n)
	}
	return t, nil
}

// A chunk is a few bytes that are written by whole words.
type chunk struct {
	lo, hi uint64
	n      int
}

// chunkMost is the length of the longest chunk.
const chunkMost = 16

// set makes p the chunk that s is. It returns false when that is too long.
func (p *chunk) set(s string) bool {
	if len(s) > chunkMost {
		return false
	}
	p.n = len(s)
	p.lo = word(s[:min(len(s), 8)])
	if len(s) > 8 {
		p.hi = word(s[8:])
	}
	return true
}

// put writes p to the place at, where there are two words, and returns the place
// behind it.
func (p *chunk) put(buf []byte, at int) int {
	store8(buf, at, p.lo)
	store8(buf, at+8, p.hi)
	return at + p.n
}

// Tag writes a start tag, where values are those of its attributes in turn. Those
// that are empty are left out. With empty the element ends there.
func (e *Encoder) Tag(t *Tag, values []string, empty bool) {
	if t == nil {
		e.fail(errNoTag)
		return
	}
	if len(values) != len(t.attrs) {
		e.fail(fmt.Errorf("%d values for the %d attributes of %q", len(values), len(t.attrs), clip(t.local)))
		return
	}
	if e.tagUsual(t, values, empty) {
		return
	}
	e.Start("", t.local)
	for i, v := range values {
		if v != "" {
			e.Attr(t.attrs[i], v)
		}
	}
	if empty {
		e.End()
	}
}

// tagUsual is Tag with room to spare and values with nothing to escape. It does
// nothing and returns false for any other.
func (e *Encoder) tagUsual(t *Tag, values []string, empty bool) bool {
	parent, at := len(e.open)-1, len(e.buf)
	if !t.short || parent < 1 || parent >= e.lim.Depth || at+spare > e.room || len(e.open) == cap(e.open) {
		return false
	}
	p := &e.open[parent]
	if p.space != p.deflt {
		return false
	}
	buf := e.buf[:e.room]
	if e.inTag {
		buf[at] = '>'
		at++
	}
	from := at + 1
	at = t.start.put(buf, at)
	to := at
	seen := uint64(0)
	for i, v := range values {
		if v == "" {
			continue
		}
		if at+len(v)+spare > len(buf) {
			return false
		}
		n := &t.names[i]
		seen |= n.bit
		at = n.head.put(buf, at)
		if !copyUsual(buf[at:], v) {
			return false
		}
		at += len(v)
		buf[at] = '\''
		at++
	}
	if !empty {
		e.buf = buf[:at]
		e.open = e.open[:parent+2]
		e.open[parent+1] = written{from, to, p.space, p.deflt}
		e.inTag = true
		e.attrs.reset()
		e.attrs.seen = seen
		return true
	}
	if at+2 > len(buf) {
		return false
	}
	buf[at], buf[at+1] = '/', '>'
	e.buf = buf[:at+2]
	e.inTag = false
	return true
}
