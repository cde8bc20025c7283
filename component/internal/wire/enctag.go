package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// spaceXML is the number of NSXML.
const spaceXML = 1

// Start begins an element. Without a space it is in the namespace of its parent.
func (e *Encoder) Start(space, local string) {
	switch parent := len(e.open) - 1; {
	case space == "" && e.startUsual(parent, local):
	case parent < 1 && !e.mayBegin():
	case space != "":
		e.start(e.number(space), local)
	case parent < 1:
		e.fail(errNoSpace)
	default:
		e.start(e.open[parent].space, local)
	}
}

// startUsual is start for nearly all elements: a short plain name in the default
// namespace, with room to spare. It does nothing and returns false for any other.
func (e *Encoder) startUsual(parent int, local string) bool {
	n, at := len(local), len(e.buf)
	if parent < 1 || parent >= e.lim.Depth || uint(n-1) > 7 || at+spare > e.room || len(e.open) == cap(e.open) {
		return false
	}
	p := &e.open[parent]
	x := word(local)
	if p.space != p.deflt || notSmall(x)<<(64-8*uint(n)) != 0 {
		return false
	}
	buf := e.buf[:at+spare]
	if e.inTag {
		buf[at] = '>'
		at++
	}
	buf[at] = '<'
	store8(buf, at+1, x)
	e.buf = e.buf[:at+1+n]
	e.open = e.open[:parent+2]
	e.open[parent+1] = written{at + 1, at + 1 + n, p.space, p.deflt}
	e.inTag = true
	e.attrs.reset()
	return true
}

// mayBegin checks that the root may begin.
func (e *Encoder) mayBegin() bool {
	if len(e.open) == 0 || len(e.buf) > e.base {
		return e.fail(errTwoRoots)
	}
	return e.err == nil
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
	prefix, deflt, outside := "", space, e.open[len(e.open)-1].deflt
	if space == spaceXML { // nothing but the prefix xml can stand for it
		prefix, deflt = "xml:", outside
	}
	if len(e.open) > e.lim.Depth {
		e.fail(&LimitError{"depth", e.lim.Depth})
		return
	}
	if !e.reserve(len(prefix) + len(local) + len("><")) {
		return
	}
	buf, from := e.buf[:cap(e.buf)], len(e.buf)
	if e.inTag {
		buf[from] = '>'
		from++
	}
	buf[from] = '<'
	from++
	to := from + len(prefix)
	if prefix != "" {
		copy(buf[from:], prefix)
	}
	if !copyName(buf, to, local) {
		e.fail(fmt.Errorf("%q is not the name of an element", clip(local)))
		return
	}
	to += len(local)
	e.buf = e.buf[:to]
	e.open = append(e.open, written{from, to, space, deflt})
	e.inTag = true
	e.attrs.reset()
	if deflt != outside {
		e.declare("xmlns", e.spaces[space])
	}
}

// declare writes the declaration of a namespace. One with a line end would end the
// stream to ejabberd, which has expat join namespaces and names with it.
func (e *Encoder) declare(name, space string) {
	if space == nsXMLNS || strings.IndexByte(space, '\n') >= 0 {
		e.fail(errNamespace)
	}
	if e.reserve(len(name) + len(space) + len(" =''")) {
		e.buf = append(append(append(e.buf, ' '), name...), "='"...)
		e.value(len(e.buf), space)
	}
}

// Attr adds an attribute in no namespace to the element just started.
func (e *Encoder) Attr(local, value string) {
	if !e.attrUsual(local, value) {
		e.attr("", local, value)
	}
}

// attrUsual is attr for nearly all attributes: a short plain name that is new and
// a value with nothing to escape, with room to spare. It changes nothing and
// returns false for any other.
func (e *Encoder) attrUsual(local, value string) bool {
	n, v, at := len(local), len(value), len(e.buf)
	if !e.inTag || uint(n-1) > 15 || at+v+spare > e.room {
		return false
	}
	buf := e.buf[:at+v+spare]
	buf[at] = ' '
	at++
	var other uint64
	if n <= 8 {
		x := word(local)
		other = notSmall(x) << (64 - 8*uint(n))
		store8(buf, at, x)
	} else {
		x, y := load8(local), load8(local[n-8:])
		other = notSmall(x) | notSmall(y)
		store8(buf, at, x)
		store8(buf, at+n-8, y)
	}
	at += n
	bit := nameBit(local)
	if other != 0 || e.attrs.seen&bit != 0 || n == len("xmlns") && local == "xmlns" {
		return false
	}
	buf[at], buf[at+1] = '=', '\''
	at += 2
	if !copyUsual(buf[at:], value) {
		return false
	}
	buf[at+v] = '\''
	e.attrs.seen |= bit
	e.buf = e.buf[:at+v+1]
	return true
}

// AttrNS adds an attribute in a namespace, with a prefix of its own; that of
// XML's own namespace is xml.
func (e *Encoder) AttrNS(space, local, value string) {
	switch {
	case space == "":
		e.attr("", local, value)
	case space == NSXML:
		e.attr("xml:", local, value)
	case !e.inTag:
		e.fail(errLateAttr)
	default:
		n, declared := e.attrs.prefix(space)
		prefix := "ns" + strconv.Itoa(n)
		if !declared {
			e.declare("xmlns:"+prefix, space)
		}
		e.attr(prefix+":", local, value)
	}
}

// attr adds an attribute whose name has the prefix.
func (e *Encoder) attr(prefix, local, value string) {
	if !e.inTag {
		e.fail(errLateAttr)
		return
	}
	if !e.reserve(len(prefix) + len(local) + len(value) + len(" =''")) {
		return
	}
	buf, from := e.buf[:cap(e.buf)], len(e.buf)+1
	buf[from-1] = ' '
	to := from + len(prefix)
	if prefix != "" {
		copy(buf[from:], prefix)
	}
	if !copyName(buf, to, local) || local == "xmlns" && prefix == "" {
		e.fail(fmt.Errorf("%q is not the name of an attribute", clip(local)))
		return
	}
	to += len(local)
	if bit := nameBit(local); e.attrs.seen&bit == 0 {
		e.attrs.seen |= bit
	} else if e.attrs.has(buf[e.open[len(e.open)-1].to:from], buf[from:to]) {
		e.fail(fmt.Errorf("attribute %q twice", clip(local)))
		return
	}
	buf[to], buf[to+1] = '=', '\''
	e.value(to+2, value)
}

// value writes an attribute value, to the place at, and the quote behind it.
// There is room for both.
func (e *Encoder) value(at int, s string) {
	buf := e.buf[:cap(e.buf)]
	if copyPlain(buf, at, s, &stopsAttr) {
		at += len(s)
		buf[at] = '\''
		e.buf = e.buf[:at+1]
		return
	}
	e.buf = e.buf[:at]
	if e.escape(s, &stopsAttr, &attrEscapes) {
		e.buf = append(e.buf, '\'')
	}
}
