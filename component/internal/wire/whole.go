package wire

import "unsafe"

// atOnceMost is the size up to which stanzas are read at once. Of larger ones
// the end is rarely there yet.
const atOnceMost = 2048

// atOnce reads a stanza if it is buffered whole and nothing is wrong with it. The
// checker keeps nothing of the buffer, and what fill makes are strings of the copy.
func (r *Reader) atOnce(st *Stanza) bool {
	b := r.in.bytes()
	b = b[:min(len(b), atOnceMost, r.lim.Bytes)]
	r.check.lim = r.lim
	if r.check.check(unsafe.String(unsafe.SliceData(b), len(b))) != nil {
		return false
	}
	raw := string(b[:r.check.pos])
	r.fill(st, raw)
	st.Raw, st.Size = raw, int64(len(raw))
	if isHeader(st) {
		*st = Stanza{}
		return false
	}
	r.in.drop(len(raw))
	r.inside = false
	return true
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
