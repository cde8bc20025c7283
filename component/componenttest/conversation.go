package componenttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A step is a block of lines of one kind in a conversation.
type step struct {
	line     int    // of its first line
	dir      byte   // '>' for what is sent, '<' for what is to come
	raw      string // its lines as one text
	want     []stanza
	anyOrder bool
	silence  bool
}

// parseConversation reads the text of a conversation file. Its errors name the
// line.
func parseConversation(text string) ([]step, error) {
	var p conversationParser
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(i+1, strings.TrimRight(line, " \t\r")); err != nil {
			return nil, err
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	if p.anyOrder {
		return nil, fmt.Errorf("%d: '? any order' stands ahead of lines that start with '< '", p.orderLine)
	}
	if len(p.steps) == 0 {
		return nil, errors.New("1: nothing is said in this conversation")
	}
	return p.steps, nil
}

type conversationParser struct {
	steps     []step
	block     step
	lines     []string // of the block
	numbers   []int    // of those lines
	anyOrder  bool     // said of the block to come
	orderLine int
}

func (p *conversationParser) line(no int, s string) error {
	switch {
	case s == "":
		return p.end()
	case s[0] == '#':
		return nil
	}
	kind, rest, _ := strings.Cut(s, " ")
	switch {
	case kind == "?" && strings.TrimSpace(rest) == "any order":
		err := p.end()
		p.anyOrder, p.orderLine = true, no
		return err
	case kind == "<" && strings.TrimSpace(rest) == "nothing":
		err := p.end()
		p.steps = append(p.steps, step{line: no, dir: '<', silence: true})
		return err
	case kind != ">" && kind != "<":
		return fmt.Errorf("%d: a line starts with '#', '> ', '< ' or is '? any order': %q", no, s)
	}
	if len(p.lines) == 0 || p.block.dir != kind[0] {
		if err := p.end(); err != nil {
			return err
		}
		p.block = step{line: no, dir: kind[0]}
	}
	p.lines, p.numbers = append(p.lines, rest), append(p.numbers, no)
	return nil
}

// end closes a block.
func (p *conversationParser) end() error {
	if len(p.lines) == 0 {
		return nil
	}
	b, numbers := p.block, p.numbers
	var starts []int
	b.raw, starts = join(p.lines)
	p.lines, p.numbers = nil, nil
	if b.dir == '<' {
		b.anyOrder, p.anyOrder = p.anyOrder, false
		var err error
		if b.want, err = parseStanzas(b.raw); err != nil {
			return fmt.Errorf("%d: %w", b.line, err)
		}
	}
	if p.anyOrder {
		return fmt.Errorf("%d: '? any order' stands ahead of lines that start with '< '", p.orderLine)
	}
	for i, w := range b.want {
		n, exact := slices.BinarySearch(starts, w.at)
		if !exact {
			n--
		}
		b.want[i].line = numbers[n]
	}
	p.steps = append(p.steps, b)
	return nil
}

// join makes one text of lines without the white space that is only there for
// the eye: around elements, and at both ends of each line. It tells where in
// that text each line starts.
func join(lines []string) (text string, starts []int) {
	var b strings.Builder
	var in where
	last := byte('>')
	for _, l := range lines {
		l = strings.TrimSpace(l)
		switch {
		case l == "":
		case in.quote != 0:
			b.WriteByte('\n')
		case in.tag:
			b.WriteByte(' ')
		case last != '>' && l[0] != '<':
			b.WriteByte('\n')
		}
		starts = append(starts, b.Len())
		if l != "" {
			b.WriteString(l)
			in, last = in.after(l), l[len(l)-1]
		}
	}
	return b.String(), starts
}

// where tells a place in a text: in a tag, in a quoted value.
type where struct {
	tag   bool
	quote byte
}

func (w where) after(s string) where {
	for i := range len(s) {
		switch c := s[i]; {
		case w.quote != 0:
			if c == w.quote {
				w.quote = 0
			}
		case w.tag && (c == '\'' || c == '"'):
			w.quote = c
		case c == '<':
			w.tag = true
		case c == '>':
			w.tag = false
		}
	}
	return w
}

// parseStanzas parses stanzas as they stand in a stream.
func parseStanzas(text string) ([]stanza, error) {
	const start = "<stream:stream xmlns='" + nsAccept + "' xmlns:stream='" + nsStream + "'>"
	p := newSplitter(strings.NewReader(start+text+"</stream:stream>"), 0, false)
	if _, err := p.header(); err != nil {
		return nil, err
	}
	var list []stanza
	for {
		x, err := p.next()
		switch {
		case errors.Is(err, errClosed) && len(list) == 0:
			return nil, fmt.Errorf("no stanza in %q", clip(text))
		case errors.Is(err, errClosed):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("parse %q: %w", clip(text), err)
		case x.banned != "":
			return nil, fmt.Errorf("parse %q: %s", clip(text), x.banned)
		}
		x.at -= len(start)
		list = append(list, x)
	}
}
