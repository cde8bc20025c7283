package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
)

// Reader reads the stanzas of a stream. It calls Read only when no whole stanza
// is left of what it has read before. It is for one goroutine.
type Reader struct {
	in      buffer
	lim     Limits // of the current stanza
	nextLim Limits // of the next one
	frame   framer
	check   checker
	inside  bool   // in an element, which begins where the buffer does
	framing bool   // its end is looked for before it is checked
	skipped Stanza // the element that is being skipped, if its Skipped is set
	name    string // of the stream element, as its end tag repeats it
	scope   *scope
	space   string // the default namespace of the stream
	junk    uint64
	step    int   // of Header
	err     error // the stream is over
}

// NewReader returns a reader of the stream that r delivers. The stream header
// comes first: see Header.
func NewReader(r io.Reader, lim Limits) *Reader {
	lim = lim.withDefaults()
	return &Reader{in: buffer{r: r}, lim: lim, nextLim: lim}
}

// SetLimits sets the limits from the next stanza on.
func (r *Reader) SetLimits(lim Limits) { r.nextLim = lim.withDefaults() }

// Junk returns the number of bytes of text, white space not counted, that were
// found between stanzas and ignored. Prosody really sends such.
func (r *Reader) Junk() uint64 { return r.junk }

// errMore says that what is buffered is used up.
var errMore = errors.New("more")

// Next reads the next stanza. Its errors are io.EOF when the connection ended
// between two stanzas, io.ErrUnexpectedEOF inside one, ErrClosed, *SyntaxError,
// and what the underlying Read returned; after the latter Next may be called
// again and goes on where it was.
func (r *Reader) Next(st *Stanza) error {
	*st = Stanza{}
	for r.err == nil {
		err := r.advance(st)
		if err == nil {
			return nil
		}
		if err != errMore {
			r.err = err
			break
		}
		if err := r.in.fill(r.lim.Bytes); err != nil {
			return r.ended(err)
		}
	}
	return r.err
}

// ended turns the end of input inside an element into what it is.
func (r *Reader) ended(err error) error {
	if err == io.EOF && (r.inside || len(r.in.bytes()) > 0) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// advance reads a stanza as far as it is buffered.
func (r *Reader) advance(st *Stanza) error {
	if !r.inside {
		if err := r.between(); err != nil {
			return err
		}
	}
	if !r.framing {
		if err := r.once(st); err != errOdd {
			return err
		}
		r.framing = true
	}
	for {
		if r.skipped.Skipped != nil {
			return r.skip(st)
		}
		b := r.in.bytes()
		full := len(b) >= r.lim.Bytes
		if full {
			b = b[:r.lim.Bytes]
		}
		ev, err := r.frame.scan(b, r.lim.Depth)
		switch {
		case err != nil:
			return r.located(err)
		case ev == frameDone:
			return r.whole(st)
		case ev == frameHead:
			err = r.refuseHeader()
		case ev == frameDeep:
			err = r.beginSkip(r.frame.pos, &LimitError{"depth", r.lim.Depth})
		case full:
			err = r.beginSkip(len(b), &LimitError{"bytes", r.lim.Bytes})
		default:
			return errMore
		}
		if err != nil {
			return err
		}
	}
}

// between goes to the beginning of the next element.
func (r *Reader) between() error {
	for {
		b := r.in.bytes()
		if len(b) > 0 && b[0] != '<' {
			if err := r.ignore(b); err != nil {
				return err
			}
			continue
		}
		if len(b) < 2 {
			return errMore
		}
		switch b[1] {
		case '/':
			return r.closing(b)
		case '?', '!':
			return r.located(r.betweenMarkup(b))
		}
		r.inside, r.framing, r.frame, r.lim = true, false, framer{}, r.nextLim
		r.check.begin()
		r.check.lim = r.lim
		return nil
	}
}

// betweenMarkup judges <! and <? between stanzas.
func (r *Reader) betweenMarkup(b []byte) error {
	cdata, err := markup(string(b[:min(len(b), len(cdataStart))]), 0)
	if err == nil && cdata {
		err = malformed(0, "a CDATA section between stanzas")
	}
	if err == nil {
		return errMore
	}
	return err
}

// ignore checks, counts and drops the text that is buffered before the next
// element, but for a character whose end is still to come.
func (r *Reader) ignore(b []byte) error {
	n := bytes.IndexByte(b, '<')
	last := n < 0
	if last {
		n = len(b)
	}
	if i := len(b[:n]) - len(bytes.TrimLeft(b[:n], spaces)); i > 0 {
		r.in.drop(i)
		return nil
	}
	text := string(b[:n])
	end, bad := badChar(text)
	r.in.drop(end)
	for i := range end {
		if !isSpace(text[i]) {
			r.junk++
		}
	}
	switch {
	case bad != flawNone && !(bad == flawShort && last):
		return r.located(malformed(0, "text between stanzas: "+flawTexts[bad]))
	case end == 0:
		return errMore
	}
	return nil
}

// closing reads the end tag of the stream.
func (r *Reader) closing(b []byte) error {
	n := bytes.IndexByte(b, '>')
	if n < 0 && len(b) < len(r.name)+64 {
		return errMore
	}
	if n >= 0 && string(bytes.TrimRight(b[2:n], spaces)) == r.name {
		r.in.drop(n + 1)
		return ErrClosed
	}
	return r.located(malformed(0, "the end tag of another element than "+r.name))
}

// located makes the offset of a syntax error that of the stream.
func (r *Reader) located(err error) error {
	var e *SyntaxError
	if !errors.As(err, &e) {
		return err
	}
	e2 := *e
	e2.Offset += r.in.offset()
	return &e2
}

// errHeader is a stream header inside a stream, which only a negotiation of
// features that components have not may bring (RFC 6120, 4.3.3).
var errHeader = &SyntaxError{Condition: condBadFormat, Text: "a second stream header"}

// isHeader reports whether the element is a stream header.
func isHeader(st *Stanza) bool { return st.Name.Local == "stream" && st.Name.Space == NSStreams }

// refuseHeader looks whether the element that begins is a stream header: its
// end would not come.
func (r *Reader) refuseHeader() error {
	b := r.in.bytes()[1:r.frame.head]
	n := 0
	for nameClass[b[n]] != 0 || b[n] == ':' {
		n++
	}
	if !bytes.HasSuffix(b[:n], []byte("stream")) {
		return nil
	}
	var st Stanza
	err := r.examine(string(r.in.bytes()[:r.frame.head]), &st)
	if isHeader(&st) {
		return r.located(errHeader)
	}
	if fatal(err) && err != errShort {
		return r.located(err)
	}
	return nil
}

// prefix is how much behind its start tag is looked at for the payload of a
// stanza that is skipped.
const prefix = 4096

// beginSkip notes the head of an element that passed a limit after n bytes.
func (r *Reader) beginSkip(n int, limit *LimitError) error {
	st := &r.skipped
	*st = Stanza{Skipped: limit}
	if r.frame.head == 0 {
		return nil
	}
	raw := string(r.in.bytes()[:min(n, r.frame.head+prefix)])
	err := r.examine(raw, st)
	st.Raw = raw[:st.head]
	if fatal(err) && err != errShort {
		return r.located(err)
	}
	return nil
}

// skip drops what is buffered of the element, or hands it over when that is its
// end.
func (r *Reader) skip(st *Stanza) error {
	for {
		ev, err := r.frame.scan(r.in.bytes(), math.MaxInt)
		if err != nil {
			return r.located(err)
		}
		r.in.drop(r.frame.pos)
		r.skipped.Size += int64(r.frame.pos)
		r.frame.pos = 0
		switch ev {
		case frameDone:
			*st = r.skipped
			r.skipped, r.inside = Stanza{}, false
			return nil
		case frameMore:
			return errMore
		}
	}
}
