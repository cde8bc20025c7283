package wire

import (
	"encoding/xml"
	"math/bits"
	"strings"
)

// The functions of this file read XML that the checker has let pass. They check
// nothing again.

// startTag is what a start tag says. It is small, for each request has one.
type startTag struct {
	from, attrs int32 // where its name and its attributes begin
	end         int32 // where it ends
	empty       bool  // it is the end tag too
	prefixed    bool
	space       string // the default namespace inside
	scope       *scope // the prefixes inside
}

// name returns the name in the tag, which is one of s.
func (t *startTag) name(s string) xml.Name {
	name := s[t.from:t.attrs]
	if !t.prefixed {
		return xml.Name{Space: t.space, Local: name}
	}
	prefix, local, _ := strings.Cut(name, ":")
	space, _ := t.scope.lookup(prefix)
	return xml.Name{Space: space, Local: local}
}

// enter reads the start tag that is at i, where space is the default namespace
// and sc has the prefixes.
func enter(s string, i int, space string, sc *scope) startTag {
	end := nameEnd(s, i+1)
	t := startTag{from: int32(i + 1), attrs: int32(end), space: space, scope: sc}
	t.prefixed = strings.IndexByte(s[i+1:end], ':') >= 0
	a, i := nextAttr(s, end)
	for ; a.name != ""; a, i = nextAttr(s, i) {
		if strings.HasPrefix(a.name, "xmlns") {
			t.declare(a)
		}
	}
	if t.empty = s[i] == '/'; t.empty {
		i++
	}
	t.end = int32(i + 1)
	return t
}

// declare takes an attribute into scope whose name begins as that of a
// declaration.
func (t *startTag) declare(a rawAttr) {
	switch prefix, ok := strings.CutPrefix(a.name, "xmlns:"); {
	case a.name == "xmlns":
		t.space = text(a.value)
	case ok:
		t.scope = &scope{t.scope, prefix, text(a.value)}
	}
}

// nameEnd returns the index behind the name at i in a tag.
func nameEnd(s string, i int) int {
	for i = smallEnd(s, i); i < len(s) && (nameClass[s[i]] != 0 || s[i] == ':'); {
		i++
	}
	return i
}

// rawAttr is an attribute as it is written.
type rawAttr struct{ name, value string }

// nextAttr reads the attribute at i and returns the index behind it. Behind the
// last one there is no name and the index of the end of the tag.
func nextAttr(s string, i int) (rawAttr, int) {
	i = spaceEnd(s, i)
	if s[i] == '>' || s[i] == '/' {
		return rawAttr{}, i
	}
	end := nameEnd(s, i)
	val := end + len("='")
	if s[end] != '=' || s[val-1] <= ' ' {
		val = spaceEnd(s, spaceEnd(s, end)+1) + 1
	}
	valEnd := quoteEnd(s, val, s[val-1])
	return rawAttr{s[i:end], s[val:valEnd]}, valEnd + 1
}

// quoteEnd returns the index of the first quote at i or behind it. Most values
// are short: only a long one is worth the call of a faster search.
func quoteEnd(s string, i int, quote byte) int {
	for end := i + 32; i < end && i+8 <= len(s); i += 8 {
		x := load8(s[i:i+8]) ^ uint64(quote)*ones
		if m := (x - ones) &^ x & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return i + strings.IndexByte(s[i:], quote)
}

// spaceEnd returns the index behind the white space at i in a tag, where there
// is nothing else up to a space.
func spaceEnd(s string, i int) int {
	for s[i] <= ' ' {
		i++
	}
	return i
}

// cdataAfter returns the index behind the CDATA section at i.
func cdataAfter(s string, i int) int {
	return i + strings.Index(s[i:], cdataEnd) + len(cdataEnd)
}

// elementEnd returns the index behind the element that begins at i.
func elementEnd(s string, i int) int {
	i = tagEnd(s, i)
	if s[i-2] == '/' {
		return i
	}
	return contentEnd(s, i)
}

// contentEnd returns the index behind the element whose content begins at i.
func contentEnd(s string, i int) int {
	for depth := 1; depth > 0; {
		if s[i] != '<' {
			i += strings.IndexByte(s[i:], '<')
		}
		switch s[i+1] {
		case '/':
			depth--
			i = spaceEnd(s, nameEnd(s, i+2)) + 1
		case '!':
			i = cdataAfter(s, i)
		default:
			if i = tagEnd(s, i); s[i-2] != '/' {
				depth++
			}
		}
	}
	return i
}

// tagEnd returns the index behind the start tag at i. A slash before its end
// makes it the end tag too.
func tagEnd(s string, i int) int {
	for i = nameEnd(s, i+1); s[i] != '>'; i++ {
		switch c := s[i]; c {
		case ' ':
			i = smallEnd(s, i+1) - 1
		case '\'', '"':
			i = quoteEnd(s, i+1, c)
		}
	}
	return i + 1
}

// text resolves a run of character data: line ends (XML 1.0, 2.11), then
// references.
func text(s string) string { return unescape(newlines(s)) }

// newlines makes every line end a line feed.
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
