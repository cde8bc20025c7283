package wire

import "slices"

// resolve checks the namespaces of the current tag and that no attribute is
// there twice (Namespaces in XML, 2 to 6; XML 1.0, 3.1).
func (c *checker) resolve(name attr) error {
	if c.tag&(tagDeclares|tagDefault) != 0 {
		if err := c.declare(); err != nil {
			return err
		}
	}
	if c.tag&tagPrefixes != 0 {
		if err := c.prefixes(name); err != nil {
			return err
		}
	}
	if c.tag&tagAlike != 0 {
		if i := c.twice(); i >= 0 {
			return malformed(c.attrs[i].from, "an attribute twice")
		}
	}
	return nil
}

// declare takes the declarations of the current tag into scope.
func (c *checker) declare() error {
	for _, a := range c.attrs {
		if a.local == a.from {
			if c.s[a.from:a.to] == "xmlns" && reserved(c.value(a)) {
				return malformed(a.val, "a reserved default namespace")
			}
			continue
		}
		if c.s[a.from:a.local] != "xmlns:" {
			continue
		}
		prefix, space := c.s[a.local:a.to], text(c.s[a.val:a.valEnd])
		switch {
		case prefix == "xml" && space == NSXML:
			continue
		case prefix == "xml" || prefix == "xmlns" || space == "" || reserved(space):
			return malformed(a.from, "a prefix that must not be declared so")
		case len(c.binds)+c.nAround >= maxPrefixes:
			return &LimitError{"attributes", maxPrefixes}
		case len(space) > c.lim.Name:
			return &LimitError{"name", c.lim.Name}
		}
		c.binds = append(c.binds, binding{a.local, a.to, space})
	}
	return nil
}

// reserved reports whether only xml or xmlns stand for the namespace.
func reserved(space string) bool { return space == NSXML || space == nsXMLNS }

// prefixes checks that the prefixes of the current tag are declared.
func (c *checker) prefixes(name attr) error {
	if name.local != name.from {
		if err := c.declared(name); err != nil {
			return err
		}
	}
	for _, a := range c.attrs {
		if a.local == a.from || c.s[a.from:a.local] == "xmlns:" {
			continue
		}
		if err := c.declared(a); err != nil {
			return err
		}
	}
	return nil
}

// declared checks that the prefix of a name is declared. With too many
// attributes the declaration may be among those that were not kept.
func (c *checker) declared(a attr) error {
	prefix := c.s[a.from : a.local-1]
	if _, ok := c.lookup(prefix); ok {
		return nil
	}
	if c.tag&tagOver != 0 {
		return &LimitError{"attributes", c.lim.Attrs}
	}
	return malformed(a.from, "an undeclared prefix")
}

// lookup returns the namespace of a prefix.
func (c *checker) lookup(prefix string) (string, bool) {
	for _, b := range slices.Backward(c.binds) {
		if c.s[b.from:b.to] == prefix {
			return b.space, true
		}
	}
	return c.around.lookup(prefix)
}

// attrSpace returns the namespace of an attribute.
func (c *checker) attrSpace(a attr) string {
	if a.local == a.from {
		return ""
	}
	prefix := c.s[a.from : a.local-1]
	if prefix == "xmlns" {
		return nsXMLNS
	}
	space, _ := c.lookup(prefix)
	return space
}

// manyAttrs is the number of attributes from which on a map is cheaper than
// comparing them one by one.
const manyAttrs = 32

// twice returns the index of an attribute that an earlier one is like, or -1.
func (c *checker) twice() int {
	if len(c.attrs) > manyAttrs {
		return c.twiceOfMany()
	}
	for i, a := range c.attrs {
		for _, b := range c.attrs[:i] {
			if c.s[a.local:a.to] == c.s[b.local:b.to] && c.attrSpace(a) == c.attrSpace(b) {
				return i
			}
		}
	}
	return -1
}

// nameBit returns a bit that depends on the name, which is not empty. Of names
// that differ it nearly always differs, so that few need to be compared.
func nameBit(name string) uint64 {
	return 1 << ((uint(name[0]) ^ uint(name[len(name)-1])*2 + uint(len(name))*5) & 63)
}

// twiceOfMany is twice in bounded time.
func (c *checker) twiceOfMany() int {
	type key struct{ space, local string }
	seen := make(map[key]bool, len(c.attrs))
	for i, a := range c.attrs {
		k := key{c.attrSpace(a), c.s[a.local:a.to]}
		if seen[k] {
			return i
		}
		seen[k] = true
	}
	return -1
}
