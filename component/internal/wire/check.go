package wire

import "strings"

// checker walks once through a whole element and checks everything that RFC
// 6120, 11, XML 1.0 and Namespaces in XML ask for. It notes on the way what a
// stanza tells of itself. It is used again and again, and keeps no string of the last time.
type checker struct {
	s       string
	pos     int // behind the last tag, CDATA section or text that was read to its end
	mid     int // up to where the text at pos was looked at
	again   int // how many bytes had to be looked at again, in all
	lim     Limits
	around  *scope // the prefixes declared outside
	nAround int    // their number
	space   string // the default namespace outside
	open    []open
	binds   []binding
	attrs   []attr // of the element itself, then of the current tag
	tag     tagFlags
	xmlns   int    // which of attrs is the default declaration of the tag, if it has one
	seen    uint64 // the bits of the attributes' names
	found   outline
}

// open is an element whose end tag is to come.
type open struct {
	from, to int // its name
	binds    int // how many prefixes were declared before it
}

// binding is the declaration of a prefix.
type binding struct {
	from, to int // the prefix
	space    string
}

// errShort is the answer to a beginning of well-formed XML.
var errShort = malformed(0, flawTexts[flawShort])

// check checks the element that s begins with. It returns nil, a *SyntaxError, a
// *LimitError or errShort, and leaves c.pos behind the element, and in c.found
// what there was up to an error. It keeps nothing of s.
func (c *checker) check(s string) error {
	c.begin()
	return c.more(s)
}

// begin forgets the element before.
func (c *checker) begin() {
	c.pos, c.mid, c.again, c.found = 0, 0, 0, outline{}
	c.open, c.binds, c.attrs = c.open[:0], c.binds[:0], c.attrs[:0]
}

// more goes on with a check that came to errShort, if resume says so, in an s that
// has more behind what there was of it.
func (c *checker) more(s string) error {
	c.s = s
	err := c.element()
	c.s = ""
	clear(c.binds[:cap(c.binds)])
	return err
}

// rescan is how many bytes are looked at again in any case, when more has come.
const rescan = 2048

// resume reports whether more is to go on after errShort, n bytes being there now:
// not when bytes that come one by one have had as much looked at again as there is,
// and not inside of declared prefixes, which are not kept that long.
func (c *checker) resume(n int) bool {
	c.again += n - max(c.pos, c.mid)
	return len(c.binds) == 0 && c.again <= n+rescan
}

// element is the loop of more. What a tag or CDATA section notes, it notes at its
// end or resets at its beginning, so that it may be read again.
func (c *checker) element() error {
	for {
		if len(c.open) > 0 && c.at(c.pos) != '<' {
			if err := c.text(); err != nil {
				return err
			}
		}
		var err error
		begin := c.pos
		switch c.at(begin + 1) {
		case '/':
			err = c.endTag()
		case '!', '?':
			err = c.cdata()
		default:
			err = c.startTag()
		}
		if err == errShort {
			c.pos = begin
		}
		if err != nil || len(c.open) == 0 {
			return err
		}
	}
}

// at returns the byte at i, or 0 at the end; 0 is nowhere allowed.
func (c *checker) at(i int) byte {
	if i < len(c.s) {
		return c.s[i]
	}
	return 0
}

// wrong returns the error of what was found at c.pos in place of what; errShort
// when it is the end.
func (c *checker) wrong(text string) error {
	if c.pos >= len(c.s) {
		return errShort
	}
	return malformed(c.pos, text)
}

// flawed turns a flaw at i into an error.
func (c *checker) flawed(i int, f flaw) error {
	c.pos = i
	if f == flawShort {
		return errShort
	}
	return malformed(i, flawTexts[f])
}

// text goes to the next < and checks the text before it.
func (c *checker) text() error {
	from := max(c.pos, c.mid)
	end, bad := textEnd(c.s, c.pos, from)
	if len(c.open) == 1 && !c.found.text {
		c.found.text = !blank(c.s[from:end])
	}
	switch bad {
	case flawNone:
		c.pos = end
		return nil
	case flawShort:
		c.mid = end
		return errShort
	}
	return c.flawed(end, bad)
}

// textEnd returns the index of the first < from i on, or of what is wrong
// before it, in the text that begins at begin.
func textEnd(s string, begin, i int) (int, flaw) {
	for {
		i = scan(s, i, &stopsText)
		if i >= len(s) {
			return i, flawShort
		}
		switch c := s[i]; {
		case c == '<':
			return i, flawNone
		case c == '>':
			if strings.HasSuffix(s[begin:i], "]]") {
				return i, flawCDEnd
			}
			i++
		default:
			next, bad := special(s, i)
			if bad != flawNone {
				return i, bad
			}
			i = next
		}
	}
}

// special goes over what is at i: a reference, a character beyond ASCII or a
// control character.
func special(s string, i int) (int, flaw) {
	switch c := s[i]; {
	case c == '&':
		_, n := reference(s[i:])
		if n <= 0 {
			return i, [...]flaw{flawShort, flawRef}[n+1]
		}
		return i + n, flawNone
	case c >= 0x80:
		return runes(s, i)
	case c < ' ' && !isSpace(c):
		return i, flawChar
	}
	return i + 1, flawNone
}

// cdata checks a CDATA section; nothing else may begin with <! or <?.
func (c *checker) cdata() error {
	cdata, err := markup(c.s[c.pos:min(len(c.s), c.pos+len(cdataStart))], c.pos)
	if err != nil {
		return err
	}
	if !cdata {
		return errShort
	}
	if len(c.open) == 0 {
		return malformed(c.pos, "a CDATA section in place of an element")
	}
	from := c.pos + len(cdataStart)
	n := strings.Index(c.s[from:], cdataEnd)
	if n < 0 {
		n = len(c.s) - from
	}
	data := c.s[from : from+n]
	if i, bad := badChar(data); bad != flawNone && (bad != flawShort || from+n < len(c.s)) {
		if bad == flawShort {
			bad = flawUTF8
		}
		return c.flawed(from+i, bad)
	}
	if from+n == len(c.s) {
		return errShort
	}
	if len(c.open) == 1 && strings.Trim(data, spaces) != "" {
		c.found.text = true
	}
	c.pos = from + n + len(cdataEnd)
	return nil
}

const spaces = " \t\r\n"

// endTag checks an end tag. Nearly always it is written without white space.
func (c *checker) endTag() error {
	if last := len(c.open) - 1; last >= 0 {
		o, i := c.open[last], c.pos+len("</")
		end := i + o.to - o.from
		if end < len(c.s) && c.s[end] == '>' && sameAt(c.s, o.from, i, end-i) {
			c.pos = end + 1
			c.close()
			return nil
		}
	}
	return c.otherEndTag()
}

// sameAt reports whether the n bytes at j are those at i, before it.
func sameAt(s string, i, j, n int) bool {
	if n <= 8 && j+8 <= len(s) {
		return (load8(s[i:i+8])^load8(s[j:j+8]))<<(64-8*uint(n)) == 0
	}
	return s[i:i+n] == s[j:j+n]
}

// otherEndTag is endTag for those that are written in another way, end too early or
// are wrong.
func (c *checker) otherEndTag() error {
	c.pos += 2
	if len(c.open) == 0 {
		return malformed(c.pos, "an end tag in place of an element")
	}
	last := c.open[len(c.open)-1]
	name := c.s[last.from:last.to]
	rest := c.s[c.pos:]
	if !strings.HasPrefix(rest, name) {
		if strings.HasPrefix(name, rest) {
			return errShort
		}
		return malformed(c.pos, "the end tag of another element than "+name)
	}
	c.pos += len(name)
	c.skipSpace()
	if c.at(c.pos) != '>' {
		return c.wrong("the end tag of another element than " + name)
	}
	c.pos++
	c.close()
	return nil
}

// close leaves the innermost element.
func (c *checker) close() {
	last := len(c.open) - 1
	c.binds = c.binds[:c.open[last].binds]
	c.open = c.open[:last]
	if last == 1 && c.found.firstEnd == 0 {
		c.found.firstEnd = c.pos
	}
}

// skipSpace goes over white space and says whether there was any.
func (c *checker) skipSpace() bool {
	from := c.pos
	for c.pos < len(c.s) && isSpace(c.s[c.pos]) {
		c.pos++
	}
	return c.pos > from
}
