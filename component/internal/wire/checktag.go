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
