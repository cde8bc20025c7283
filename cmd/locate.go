package iqdcmd

import (
	"slices"
	"strconv"
	"strings"
)

// locate returns where each key of a TOML text is written, for the TOML package
// keeps that to itself. The text has been parsed before, so it is valid; the
// elements of an array are named by their number.
func locate(text string) map[string]position {
	l := &locator{text: text, line: 1, pos: map[string]position{}, arrays: map[string]int{}}
	var table []string
	for l.blank(); l.i < len(l.text); l.blank() {
		if l.text[l.i] == '[' {
			table = l.header()
			continue
		}
		l.pair(table)
	}
	return l.pos
}

// A locator walks over a TOML text.
type locator struct {
	text    string
	i       int
	line    int
	newline int // where the line begins
	pos     map[string]position
	arrays  map[string]int // how many tables an array of tables has so far
}

// header reads [a.b] or [[a.b]] and returns the path of the table.
func (l *locator) header() []string {
	at := l.here()
	l.skip(1)
	array := l.peek() == '['
	if array {
		l.skip(1)
	}
	path := l.inArrays(l.key())
	for n := 1; n < len(path); n++ {
		l.note(path[:n], at)
	}
	l.skip(1)
	if array {
		l.skip(1)
		l.note(path, at)
		l.arrays[pathKey(path)]++
		path = append(path, strconv.Itoa(l.arrays[pathKey(path)]-1))
	}
	l.note(path, at)
	return path
}

// inArrays puts into a path the number of the table that is being written,
// behind each name but the last that is an array of tables.
func (l *locator) inArrays(path []string) []string {
	var out []string
	for i, name := range path {
		out = append(out, name)
		if n := l.arrays[pathKey(out)]; n > 0 && i < len(path)-1 {
			out = append(out, strconv.Itoa(n-1))
		}
	}
	return out
}

// pair reads key = value in a table.
func (l *locator) pair(table []string) {
	at := l.here()
	path := append(slices.Clip(table), l.key()...)
	for n := len(table) + 1; n <= len(path); n++ {
		l.note(path[:n], at)
	}
	l.skip(1) // the equals sign
	l.value(path)
}

// value reads over a value and notes the keys in it.
func (l *locator) value(path []string) {
	l.blank()
	switch l.peek() {
	case '"', '\'':
		l.quoted()
	case '[':
		l.list(']', func(n int) {
			l.note(append(slices.Clip(path), strconv.Itoa(n)), l.here())
			l.value(append(slices.Clip(path), strconv.Itoa(n)))
		})
	case '{':
		l.list('}', func(int) { l.pair(path) })
	default:
		for l.i < len(l.text) && !strings.ContainsRune(",]}#\n", rune(l.text[l.i])) {
			l.skip(1)
		}
	}
}

// list reads over what is between brackets.
func (l *locator) list(end byte, each func(n int)) {
	l.skip(1)
	for n := 0; l.i < len(l.text); n++ {
		if l.blank(); l.peek() == end {
			break
		}
		each(n)
		if l.blank(); l.peek() == ',' {
			l.skip(1)
		}
	}
	l.skip(1)
}

// key reads a key and the white space behind it.
func (l *locator) key() []string {
	var path []string
	for l.i < len(l.text) {
		l.space()
		start := l.i
		if c := l.peek(); c == '"' || c == '\'' {
			path = append(path, l.quoted())
		} else {
			for l.i < len(l.text) && !strings.ContainsRune(" \t.=]\r\n", rune(l.text[l.i])) {
				l.skip(1)
			}
			path = append(path, l.text[start:l.i])
		}
		if l.space(); l.peek() != '.' {
			break
		}
		l.skip(1)
	}
	return path
}

// quoted reads over a string of any of the four kinds and returns its text, which
// is right for those that can be a key.
func (l *locator) quoted() string {
	q := l.text[l.i : l.i+1]
	if long := strings.Repeat(q, 3); strings.HasPrefix(l.text[l.i:], long) {
		q = long
	}
	start := l.i
	l.skip(len(q))
	for l.i < len(l.text) && !strings.HasPrefix(l.text[l.i:], q) {
		if q[0] == '"' && l.text[l.i] == '\\' {
			l.skip(1)
		}
		l.skip(1)
	}
	l.skip(len(q))
	for len(q) == 3 && l.peek() == q[0] { // quotes before the last three belong to the text
		l.skip(1)
	}
	raw := l.text[start:l.i]
	if s, err := strconv.Unquote(raw); err == nil && q == `"` {
		return s
	}
	return strings.Trim(raw, q)
}

// blank reads over white space, line ends and comments.
func (l *locator) blank() {
	for l.i < len(l.text) {
		switch l.text[l.i] {
		case ' ', '\t', '\r', '\n':
			l.skip(1)
		case '#':
			for l.i < len(l.text) && l.text[l.i] != '\n' {
				l.skip(1)
			}
		default:
			return
		}
	}
}

func (l *locator) space() {
	for c := l.peek(); c == ' ' || c == '\t'; c = l.peek() {
		l.skip(1)
	}
}

// skip goes on by n bytes, or to the end.
func (l *locator) skip(n int) {
	for ; n > 0 && l.i < len(l.text); n-- {
		if l.text[l.i] == '\n' {
			l.line, l.newline = l.line+1, l.i+1
		}
		l.i++
	}
}

// peek returns the next byte, or zero at the end.
func (l *locator) peek() byte {
	if l.i < len(l.text) {
		return l.text[l.i]
	}
	return 0
}

func (l *locator) here() position { return position{l.line, l.i - l.newline + 1} }

// note keeps the first place of a key.
func (l *locator) note(path []string, at position) {
	if _, ok := l.pos[pathKey(path)]; !ok {
		l.pos[pathKey(path)] = at
	}
}
