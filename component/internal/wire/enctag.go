package wire

import (
	"fmt"
	"strconv"
)

// spaceXML is the number of NSXML.
const spaceXML = 1

// Start begins an element. Without a space it is in the namespace of its parent.
func (e *Encoder) Start(space, local string) {
	switch parent := len(e.open) - 1; {
	case parent < 1 && !e.mayBegin():
	case space != "":
		e.start(e.number(space), local)
	case parent < 1:
		e.fail(errNoSpace)
	default:
		e.start(e.open[parent].space, local)
	}
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

// declare writes the declaration of a namespace.
func (e *Encoder) declare(name, space string) {
	if space == nsXMLNS {
		e.fail(errNamespace)
	}
	if e.reserve(len(name) + len(space) + len(" =''")) {
		e.buf = append(append(append(e.buf, ' '), name...), "='"...)
		e.value(len(e.buf), space)
	}
}

// Attr adds an attribute in no namespace to the element just started.
func (e *Encoder) Attr(local, value string) { e.attr("", local, value) }

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
