package wire

import (
	"encoding/xml"
	"strings"
)

// The functions of this file read XML that the checker has let pass. They check
// nothing again.

// startTag is what a start tag says.
type startTag struct {
	name  xml.Name
	attrs int    // where its attributes begin
	end   int    // where it ends
	empty bool   // it is the end tag too
	space string // the default namespace inside
	scope *scope // the prefixes inside
}

// enter reads the start tag that is at i, where space is the default namespace
// and sc has the prefixes.
func enter(s string, i int, space string, sc *scope) startTag {
	t := startTag{attrs: nameEnd(s, i+1), space: space, scope: sc}
	name := s[i+1 : t.attrs]
	for i = t.attrs; ; {
		a, next := nextAttr(s, i)
		if a.name == "" {
			i = next
			break
		}
		i = next
		if !strings.HasPrefix(a.name, "xmlns") {
			continue
		}
		switch prefix, ok := strings.CutPrefix(a.name, "xmlns:"); {
		case a.name == "xmlns":
			t.space = text(a.value)
		case ok:
			t.scope = &scope{t.scope, prefix, text(a.value)}
		}
	}
	if t.empty = s[i] == '/'; t.empty {
		i++
	}
	t.end = i + 1
	t.name = xml.Name{Space: t.space, Local: name}
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		t.name.Local = local
		t.name.Space, _ = t.scope.lookup(prefix)
	}
	return t
}

// nameEnd returns the index behind the name at i in a tag.
func nameEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\r', '\n', '/', '>', '=':
			return i
		}
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
	name := s[i:end]
	i = spaceEnd(s, spaceEnd(s, end)+1)
	value := s[i+1:]
	value = value[:strings.IndexByte(value, s[i])]
	return rawAttr{name, value}, i + len(value) + 2
}

// spaceEnd returns the index behind the white space at i.
func spaceEnd(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

// elementEnd returns the index behind the element that begins at i.
func elementEnd(s string, i int) int {
	for depth := 0; ; {
		i += strings.IndexByte(s[i:], '<')
		switch s[i+1] {
		case '/':
			depth--
			i += strings.IndexByte(s[i:], '>') + 1
		case '!':
			i += strings.Index(s[i:], cdataEnd) + len(cdataEnd)
			continue
		default:
			end, empty := tagEnd(s, i)
			if i = end; !empty {
				depth++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// tagEnd returns the index behind the start tag at i, and whether it is the end
// tag too.
func tagEnd(s string, i int) (end int, empty bool) {
	i = nameEnd(s, i+1)
	for {
		a, next := nextAttr(s, i)
		if i = next; a.name == "" {
			break
		}
	}
	if s[i] == '/' {
		return i + 2, true
	}
	return i + 1, false
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
