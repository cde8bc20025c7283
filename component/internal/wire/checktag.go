package wire

import "unicode/utf8"

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
	c.attrs, c.tag, c.seen = c.attrs[:c.found.attrs], 0, 0
	c.pos++
	tag, err := c.tagName()
	if err != nil {
		return err
	}
	empty, err := c.attributes()
	if err != nil {
		return err
	}
	if len(c.open) >= c.lim.Depth {
		return &LimitError{"depth", c.lim.Depth}
	}
	c.open = append(c.open, open{int(tag.from), int(tag.to), len(c.binds)})
	if c.tag != 0 {
		if err := c.resolve(tag); err != nil {
			return err
		}
	}
	if len(c.open) <= 2 {
		c.outline(tag, begin)
	}
	if c.tag&tagOver != 0 {
		return &LimitError{"attributes", c.lim.Attrs}
	}
	if empty {
		c.close()
	}
	return nil
}

// tagName reads the name of an element.
func (c *checker) tagName() (name, error) {
	if n := smallEnd(c.s, c.pos) - c.pos; n > 0 && n <= c.lim.Name && endsName(c.at(c.pos+n)) {
		from := int32(c.pos)
		c.pos += n
		return name{from, from, from + int32(n)}, nil
	}
	tag, err := c.name()
	if tag.prefixed() {
		c.tag |= tagPrefixes
	}
	return tag, err
}

// endsName reports whether c is what nearly always follows the name in a tag.
func endsName(c byte) bool { return c == ' ' || c == '>' || c == '/' }

// name is where a name is; local is from when there is no prefix.
type name struct{ from, local, to int32 }

// prefixed reports whether there is a prefix.
func (n name) prefixed() bool { return n.local != n.from }

// name reads a name, with or without a prefix, as that of an attribute.
func (c *checker) name() (name, error) {
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
		return name{}, &LimitError{"name", c.lim.Name}
	case c.at(end) >= utf8.RuneSelf:
		return name{}, c.badName(end)
	case end == local || c.at(end) == ':':
		return name{}, c.wrong("a name was expected")
	}
	return name{int32(from), int32(local), int32(end)}, nil
}

// badName returns the error of a character at i that is not one of names.
func (c *checker) badName(i int) error {
	if _, bad := runes(c.s, i); bad == flawShort {
		return errShort
	}
	return malformed(i, "a character that is not allowed in names")
}
