package wire

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
