package wire

import (
	"errors"
	"unsafe"
)

// errOdd is the answer of once to what it leaves to others.
var errOdd = errors.New("odd")

// once reads a stanza in one walk. It returns errMore when that is to go on, from
// where it was, once more has come, and errOdd where something is wrong, or rare. The
// checker keeps nothing of the buffer, and what fill makes are strings of the copy.
func (r *Reader) once(st *Stanza) error {
	b := r.in.bytes()
	full := len(b) >= r.lim.Bytes
	if full {
		b = b[:r.lim.Bytes]
	}
	c := &r.check
	switch err := c.more(unsafe.String(unsafe.SliceData(b), len(b))); {
	case err == errShort && !full && !c.maybeHeader(b) && c.resume(len(b)):
		return errMore
	case err != nil:
		return errOdd
	}
	raw := string(b[:c.pos])
	r.fill(st, raw)
	st.Raw, st.Size = raw, int64(len(raw))
	if isHeader(st) {
		*st = Stanza{}
		return errOdd
	}
	r.in.drop(len(raw))
	r.inside = false
	return nil
}

// maybeHeader reports whether the element in b, whose start tag was checked if it
// is there, has the name of a stream header: no end of that would come.
func (c *checker) maybeHeader(b []byte) bool {
	n := c.found.self.name
	return string(b[n.local:n.to]) == "stream"
}

// whole hands over the element that is buffered.
func (r *Reader) whole(st *Stanza) error {
	raw := string(r.in.bytes()[:r.frame.pos])
	err := r.examine(raw, st)
	if err == nil && r.check.pos != len(raw) {
		err = malformed(r.check.pos, "an element that ends too early")
	}
	st.Raw, st.Size = raw, int64(len(raw))
	if err != nil && !fatal(err) {
		st.Raw, st.Skipped, err = raw[:st.head], err, nil
	}
	if err == nil && isHeader(st) {
		err = errHeader
	}
	if err != nil {
		*st = Stanza{}
		return r.located(err)
	}
	r.in.drop(len(raw))
	r.inside = false
	return nil
}

// fatal reports whether the stream ends with err, and not only the stanza.
func fatal(err error) bool {
	e, ok := err.(*SyntaxError)
	return ok && !e.within
}

// examine checks an element with the stream's namespaces around it.
func (r *Reader) examine(raw string, st *Stanza) error {
	r.check.lim = r.lim
	err := r.check.check(raw)
	r.fill(st, raw)
	return err
}

// fill tells st what was found in raw.
func (r *Reader) fill(st *Stanza, raw string) {
	st.scope, st.outer = r.scope, r.space
	r.check.fill(st, raw)
}
