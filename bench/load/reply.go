//go:build linux

package load

import (
	"bytes"
	"fmt"
)

// A reply is the part of a stanza that each answer is judged by. It points into
// the input buffer.
type reply struct {
	id, typ, to, from []byte
	payload           []byte // what follows the start tag, with the end tag
	whole             []byte
}

// scan takes apart the stanza at the head of b and returns its length, or zero
// when its end has not come yet. It knows just as much XML as an IQ's start tag
// needs; a sample of the answers goes through a real parser.
func (r *reply) scan(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	if b[0] != '<' || b[1] != 'i' || b[2] != 'q' {
		return 0, unexpected(b)
	}
	*r = reply{}
	n, empty, err := r.attributes(b)
	if n == 0 || err != nil {
		return 0, err
	}
	if !empty {
		end := endTag(b[n:])
		if end < 0 {
			return 0, nil
		}
		r.payload = b[n : n+end]
		n += end
	}
	r.whole = b[:n]
	return n, nil
}

// endTag returns the end of the first </iq> of b, or -1. The q is the rare one of
// its letters, and one byte is what can be looked for fastest.
func endTag(b []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], 'q')
		if i < 0 {
			return -1
		}
		if at += i; at >= 3 && at+1 < len(b) && string(b[at-3:at+2]) == "</iq>" {
			return at + 2
		}
	}
}

// attributes reads up to the end of the start tag and returns how long that is,
// zero when it is not all there, and whether it is the stanza's end too.
func (r *reply) attributes(b []byte) (n int, empty bool, err error) {
	for i := 3; i < len(b); {
		switch b[i] {
		case ' ', '\n', '\t', '\r':
			i++
		case '>':
			return i + 1, false, nil
		case '/':
			if i+1 == len(b) {
				return 0, false, nil
			}
			return i + 2, true, nil
		default:
			name := i
			eq := bytes.IndexByte(b[i:], '=')
			if eq < 0 || i+eq+1 >= len(b) {
				return 0, false, nil
			}
			i += eq + 1
			size := bytes.IndexByte(b[i+1:], b[i])
			if size < 0 {
				return 0, false, nil
			}
			if b[i] != '\'' && b[i] != '"' {
				return 0, false, unexpected(b)
			}
			r.keep(b[name:name+eq], b[i+1:i+1+size])
			i += size + 2
		}
	}
	return 0, false, nil
}

func (r *reply) keep(name, value []byte) {
	switch string(name) {
	case "id":
		r.id = value
	case "to":
		r.to = value
	case "from":
		r.from = value
	case "type":
		r.typ = value
	}
}

// unexpected is the error for what is no reply at all.
func unexpected(b []byte) error {
	if bytes.HasPrefix(b, []byte("</stream")) {
		return ErrEnded
	}
	return fmt.Errorf("%w: %s", ErrUnexpected, excerpt(b))
}

// excerpt returns as much as a person wants to read.
func excerpt(b []byte) string { return fmt.Sprintf("%.300q", b) }
