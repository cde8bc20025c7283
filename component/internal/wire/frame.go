package wire

import (
	"bytes"
	"strings"
)

// framer finds the end of an element in bytes that come in pieces. It looks
// only at tags, quotes and CDATA sections and keeps no stack: what it takes for
// the element is the element, if this is well-formed at all.
type framer struct {
	pos   int // of the next byte to look at, from the beginning of the element
	depth int
	head  int // where the first start tag ended
	state frameState
	quote byte
}

type frameState uint8

const (
	inContent frameState = iota
	atTag                // behind the < of a start tag
	inTag                // in a start tag, outside of quotes
	inQuote
	inEndTag
	inCDATA
)

// frameEvent is what stopped the framer.
type frameEvent uint8

const (
	frameMore frameEvent = iota // it needs more bytes
	frameHead                   // the start tag of the element was read
	frameDeep                   // a start tag was a level too deep
	frameDone                   // the element was read
)

// scan goes on in b, which begins where the element does, until something
// happens. The bytes before f.pos are not looked at again.
func (f *framer) scan(b []byte, maxDepth int) (frameEvent, error) {
	for {
		switch f.state {
		case inContent:
			if err := f.content(b); err != nil || f.state == inContent {
				return frameMore, err
			}
		case inCDATA:
			if !f.cdata(b) {
				return frameMore, nil
			}
		case inEndTag:
			if !f.endTag(b) {
				return frameMore, nil
			}
			if f.depth--; f.depth == 0 {
				return frameDone, nil
			}
		default:
			empty, ok := f.startTag(b)
			if !ok {
				return frameMore, nil
			}
			if ev := f.opened(empty, maxDepth); ev != frameMore {
				return ev, nil
			}
		}
	}
}

// opened counts a start tag.
func (f *framer) opened(empty bool, maxDepth int) frameEvent {
	ev := frameMore
	switch {
	case f.depth == 0:
		f.head = f.pos
		ev = frameHead
	case f.depth >= maxDepth:
		ev = frameDeep
	}
	if !empty {
		f.depth++
	} else if f.depth == 0 {
		ev = frameDone
	}
	return ev
}

// content goes to the next tag or CDATA section.
func (f *framer) content(b []byte) error {
	if f.pos >= len(b) {
		return nil
	}
	if b[f.pos] != '<' {
		i := bytes.IndexByte(b[f.pos:], '<')
		if i < 0 {
			f.pos = len(b)
			return nil
		}
		f.pos += i
	}
	if f.pos+1 >= len(b) {
		return nil
	}
	switch b[f.pos+1] {
	case '/':
		f.state = inEndTag
		f.pos += 2
	case '?', '!':
		m := b[f.pos:min(len(b), f.pos+len(cdataStart))]
		cdata, err := markup(string(m), f.pos)
		if cdata {
			f.state = inCDATA
			f.pos += len(cdataStart)
		}
		return err
	default:
		f.state = atTag
		f.pos++
	}
	return nil
}

const cdataStart, cdataEnd = "<![CDATA[", "]]>"

// markup says whether s, which begins with <! or <?, begins a CDATA section.
// Nothing else of the kind is allowed (RFC 6120, 11.1). It is neither that nor
// an error when s is too short to tell.
func markup(s string, offset int) (cdata bool, err error) {
	switch {
	case strings.HasPrefix(s, cdataStart):
		return true, nil
	case strings.HasPrefix(cdataStart, s) || s == "<!-":
		return false, nil
	case s[1] == '?':
		return false, restricted(offset, "a processing instruction or XML declaration")
	case strings.HasPrefix(s, "<!--"):
		return false, restricted(offset, "a comment")
	case s[2] >= 'A' && s[2] <= 'Z':
		return false, restricted(offset, "a document type declaration")
	}
	return false, malformed(offset, "unknown markup")
}

// cdata goes behind the end of a CDATA section.
func (f *framer) cdata(b []byte) bool {
	i := bytes.Index(b[f.pos:], []byte(cdataEnd))
	if i < 0 {
		f.pos = max(f.pos, len(b)-len(cdataEnd)+1)
		return false
	}
	f.pos += i + len(cdataEnd)
	f.state = inContent
	return true
}

// endTag goes behind the end of an end tag.
func (f *framer) endTag(b []byte) bool {
	i := bytes.IndexByte(b[f.pos:], '>')
	if i < 0 {
		f.pos = len(b)
		return false
	}
	f.pos += i + 1
	f.state = inContent
	return true
}

// startTag goes behind the end of a start tag and says whether that was the end
// of the element too.
func (f *framer) startTag(b []byte) (empty, ok bool) {
	if f.state != atTag {
		return f.pieces(b)
	}
	n := wholeTag(b[f.pos:])
	if n <= 0 {
		f.state = inTag
		return f.pieces(b)
	}
	f.pos += n
	f.state = inContent
	return n > 1 && b[f.pos-2] == '/', true
}

// wholeTag returns the length of the rest of a tag when that is all there and
// its quotes are all of one kind, which is nearly always; else 0.
func wholeTag(b []byte) int {
	n := bytes.IndexByte(b, '>')
	if n < 0 {
		return 0
	}
	quotes := bytes.Count(b[:n], []byte{'\''})
	if bytes.IndexByte(b[:n], '"') >= 0 {
		if quotes > 0 {
			return 0
		}
		quotes = bytes.Count(b[:n], []byte{'"'})
	}
	if quotes%2 != 0 {
		return 0 // the > is in an attribute
	}
	return n + 1
}

// pieces is startTag byte by byte. It leaves a slash at the end for the next
// time: it may be half of "/>".
func (f *framer) pieces(b []byte) (empty, ok bool) {
	for i := f.pos; i < len(b); i++ {
		if f.state == inQuote {
			n := bytes.IndexByte(b[i:], f.quote)
			if n < 0 {
				f.pos = len(b)
				return false, false
			}
			i += n
			f.pos, f.state = i+1, inTag
			continue
		}
		switch b[i] {
		case '\'', '"':
			f.state, f.quote = inQuote, b[i]
		case '>':
			empty = i > f.pos && b[i-1] == '/'
			f.pos, f.state = i+1, inContent
			return empty, true
		}
	}
	if f.pos < len(b) {
		f.pos = len(b)
		if f.state == inTag && b[len(b)-1] == '/' {
			f.pos--
		}
	}
	return false, false
}
