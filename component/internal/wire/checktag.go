package wire

import (
	"encoding/xml"
	"unicode/utf8"
)

// tagFlags say what the current tag has, so that the usual one has no more work.
type tagFlags uint8

const (
	tagPrefixes tagFlags = 1 << iota // a prefix in a name, other than those of XML
	tagDeclares                      // a declaration of a prefix
	tagDefault                       // a declaration of the default namespace
	tagAlike                         // attributes that may have the same name
	tagOver                          // too many attributes
)

// startTag checks a start tag and enters the element.
func (c *checker) startTag() error {
	begin := c.pos
	c.attrs, c.tag, c.seen = c.attrs[:0], 0, 0
	c.pos++
	name, err := c.name()
	if err != nil {
		return err
	}
	if name.local != name.from {
		c.tag |= tagPrefixes
	}
	empty, err := c.attributes()
	if err != nil {
		return err
	}
	if len(c.open) >= c.lim.Depth {
		return &LimitError{"depth", c.lim.Depth}
	}
	c.open = append(c.open, open{name.from, name.to, len(c.binds)})
	if err := c.resolve(name); err != nil {
		return err
	}
	if len(c.open) <= 2 {
		c.fill(name, begin)
	}
	if c.tag&tagOver != 0 {
		return &LimitError{"attributes", c.lim.Attrs}
	}
	if empty {
		c.close()
	}
	return nil
}

// name reads a name, with or without a prefix, as that of an attribute.
func (c *checker) name() (attr, error) {
	from := c.pos
	local := from
	end := ncname(c.s, from)
	if c.at(end) == ':' && end > from {
		local = end + 1
		end = ncname(c.s, local)
	}
	c.pos = end
	switch {
	case end-from > c.lim.Name:
		return attr{}, &LimitError{"name", c.lim.Name}
	case c.at(end) >= utf8.RuneSelf:
		return attr{}, c.badName(end)
	case end == local || c.at(end) == ':':
		return attr{}, c.wrong("a name was expected")
	}
	return attr{from: from, local: local, to: end}, nil
}

// badName returns the error of a character at i that is not one of names.
func (c *checker) badName(i int) error {
	if _, bad := runes(c.s, i); bad == flawShort {
		return errShort
	}
	return malformed(i, "a character that is not allowed in names")
}

// attributes reads the rest of a start tag.
func (c *checker) attributes() (empty bool, err error) {
	for {
		local, to, end := usual(c.s, c.pos)
		a := attr{c.pos + 1, local, to, to + 2, end, true}
		if end == 0 || to-a.from > c.lim.Name {
			spaced := c.skipSpace()
			switch c.at(c.pos) {
			case '>':
				c.pos++
				return false, nil
			case '/':
				return true, c.slash()
			}
			if !spaced {
				return false, c.wrong("white space was expected between attributes")
			}
			if a, err = c.attribute(); err != nil {
				return false, err
			}
		}
		c.pos = a.valEnd + 1
		if err := c.keep(a); err != nil {
			return false, err
		}
	}
}

// slash reads the end of the tag of an empty element.
func (c *checker) slash() error {
	c.pos++
	if c.at(c.pos) != '>' {
		return c.wrong("a slash in a tag")
	}
	c.pos++
	return nil
}

// usual reads the attribute behind the space at i if it is written in the usual
// way: one space before it and none in it, an ASCII name, and a value without
// references. It returns the indices as attr has them, and zeros for any other.
func usual(s string, i int) (local, to, end int) {
	if i >= len(s) || s[i] != ' ' {
		return 0, 0, 0
	}
	i++
	local, to = i, i
	for to < len(s) && nameClass[s[to]]&classPart != 0 {
		to++
	}
	if to < len(s) && s[to] == ':' {
		to++
		for local = to; to < len(s) && nameClass[s[to]]&classPart != 0; {
			to++
		}
	}
	if to+1 >= len(s) || s[to] != '=' || nameClass[s[i]]&nameClass[s[local]]&classStart == 0 {
		return 0, 0, 0
	}
	k, q := &stopsSingle, s[to+1]
	if q == '"' {
		k = &stopsDouble
	} else if q != '\'' {
		return 0, 0, 0
	}
	if end = scan(s, to+2, k); end < len(s) && s[end] == q {
		return local, to, end
	}
	return 0, 0, 0
}

// attribute reads one attribute of any kind, up to the quote behind it.
func (c *checker) attribute() (attr, error) {
	a, err := c.name()
	if err != nil {
		return a, err
	}
	c.skipSpace()
	if c.at(c.pos) != '=' {
		return a, c.wrong("= was expected")
	}
	c.pos++
	c.skipSpace()
	q := c.at(c.pos)
	if q != '\'' && q != '"' {
		return a, c.wrong("a quoted value was expected")
	}
	a.val = c.pos + 1
	end, bad := valueEnd(c.s, a.val, q)
	if bad != flawNone {
		return a, c.flawed(end, bad)
	}
	a.valEnd = end
	return a, nil
}

// note sets the flags of an attribute.
func (c *checker) note(a attr) {
	switch {
	case a.local == a.from:
		if a.to-a.from == len("xmlns") && c.s[a.from:a.to] == "xmlns" {
			c.tag |= tagDefault
		}
	case c.s[a.from:a.local] == "xmlns:":
		c.tag |= tagDeclares
	case c.s[a.from:a.local] != "xml:":
		c.tag |= tagPrefixes
	}
	bit := nameBit(c.s[a.local:a.to])
	if c.seen&bit != 0 {
		c.tag |= tagAlike
	}
	c.seen |= bit
}

// keep notes an attribute. Of a stanza with too many, those of the head are
// kept still, so that its sender can be told.
func (c *checker) keep(a attr) error {
	c.note(a)
	if len(c.attrs) >= c.lim.Attrs {
		c.tag |= tagOver
		switch {
		case len(c.open) > 0:
			return &LimitError{"attributes", c.lim.Attrs}
		case !headAttr(c.s[a.from:a.to]):
			return nil
		case len(c.attrs) >= c.lim.Attrs+headAttrs:
			return malformed(a.from, "an attribute twice")
		}
	}
	c.attrs = append(c.attrs, a)
	return nil
}

// headAttrs is the number of names that headAttr knows.
const headAttrs = 6

func headAttr(name string) bool {
	switch name {
	case "type", "id", "from", "to", "xml:lang", "xmlns":
		return true
	}
	return false
}

// valueEnd returns the index of the quote that ends the attribute value at i,
// or of what is wrong in it.
func valueEnd(s string, i int, quote byte) (int, flaw) {
	k := &stopsSingle
	if quote == '"' {
		k = &stopsDouble
	}
	for {
		i = scan(s, i, k)
		if i >= len(s) {
			return i, flawShort
		}
		switch c := s[i]; c {
		case quote:
			return i, flawNone
		case '<':
			return i, flawLess
		default:
			next, bad := special(s, i)
			if bad != flawNone {
				return i, bad
			}
			i = next
		}
	}
}

// fill notes what the stanza needs to know of its own start tag and of those
// of its children.
func (c *checker) fill(name attr, begin int) {
	st := c.st
	if len(c.open) == 2 {
		st.Children++
		if st.Children == 1 {
			st.first = begin
			st.Payload = c.resolved(name, st.inner)
		}
		return
	}
	st.Name = c.resolved(name, c.space)
	st.head = c.pos
	st.declares = c.tag&tagDeclares != 0
	st.inner = c.defaultSpace(c.space)
	for _, a := range c.attrs {
		switch c.s[a.from:a.to] {
		case "type":
			st.Type, st.HasType = c.value(a), true
		case "id":
			st.ID, st.HasID = c.value(a), true
		case "from":
			st.From, st.HasFrom = c.value(a), true
		case "to":
			st.To, st.HasTo = c.value(a), true
		case "xml:lang":
			st.Lang = c.value(a)
		}
	}
}

// value returns the value of an attribute.
func (c *checker) value(a attr) string {
	if a.plain {
		return c.s[a.val:a.valEnd]
	}
	return unescape(c.s[a.val:a.valEnd])
}

// defaultSpace returns the default namespace inside the current tag.
func (c *checker) defaultSpace(outside string) string {
	if c.tag&tagDefault != 0 {
		for _, a := range c.attrs {
			if c.s[a.from:a.to] == "xmlns" {
				return text(c.s[a.val:a.valEnd])
			}
		}
	}
	return outside
}

// resolved returns the name of the current tag, whose prefix is known.
func (c *checker) resolved(name attr, outside string) xml.Name {
	local := c.s[name.local:name.to]
	if name.local == name.from {
		return xml.Name{Space: c.defaultSpace(outside), Local: local}
	}
	space, _ := c.lookup(c.s[name.from : name.local-1])
	return xml.Name{Space: space, Local: local}
}
