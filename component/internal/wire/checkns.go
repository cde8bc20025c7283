package wire

import "slices"

// tagAttrs returns the attributes of the current tag.
func (c *checker) tagAttrs() []attr { return c.attrs[c.found.attrs:] }

// resolve checks the namespaces of the current tag and that no attribute is
// there twice (Namespaces in XML, 2 to 6; XML 1.0, 3.1).
func (c *checker) resolve(tag name) error {
	if c.tag&tagDefault != 0 {
		if a := &c.attrs[c.xmlns]; reserved(a.value(c.s)) {
			return malformed(int(a.val), "a reserved default namespace")
		}
	}
	if c.tag&tagDeclares != 0 {
		if err := c.declare(); err != nil {
			return err
		}
	}
	if c.tag&tagPrefixes != 0 {
		if err := c.prefixes(tag); err != nil {
			return err
		}
	}
	if c.tag&tagAlike != 0 {
		if a := c.twice(); a != nil {
			return malformed(int(a.from), "an attribute twice")
		}
	}
	return nil
}

// declare takes the prefixes that the current tag declares into scope.
func (c *checker) declare() error {
	for _, a := range c.tagAttrs() {
		if c.s[a.from:a.local] != "xmlns:" {
			continue
		}
		prefix, space := c.s[a.local:a.to], text(c.s[a.val:a.valEnd])
		switch {
		case prefix == "xml" && space == NSXML:
			continue
		case prefix == "xml" || prefix == "xmlns" || space == "" || reserved(space):
			return malformed(int(a.from), "a prefix that must not be declared so")
		case len(c.binds)+c.nAround >= maxPrefixes:
			return &LimitError{"attributes", maxPrefixes}
		case len(space) > c.lim.Name:
			return &LimitError{"name", c.lim.Name}
		}
		c.binds = append(c.binds, binding{int(a.local), int(a.to), space})
	}
	return nil
}

// reserved reports whether only xml or xmlns stand for the namespace.
func reserved(space string) bool { return space == NSXML || space == nsXMLNS }

// prefixes checks that the prefixes of the current tag are declared.
func (c *checker) prefixes(tag name) error {
	if tag.prefixed() {
		if err := c.declared(tag); err != nil {
			return err
		}
	}
	for _, a := range c.tagAttrs() {
		if a.local == a.from || c.s[a.from:a.local] == "xmlns:" {
			continue
		}
		if err := c.declared(a.name); err != nil {
			return err
		}
	}
	return nil
}

// declared checks that the prefix of a name is declared. With too many
// attributes the declaration may be among those that were not kept. Inside a stanza
// that it is not does not end the stream: ejabberd drops the prefixes that a client
// declares at its iq, and forwards the attributes that have them.
func (c *checker) declared(n name) error {
	prefix := c.s[n.from : n.local-1]
	if _, ok := c.lookup(prefix); ok {
		return nil
	}
	if c.tag&tagOver != 0 {
		return &LimitError{"attributes", c.lim.Attrs}
	}
	err := malformed(int(n.from), "an undeclared prefix")
	err.within = len(c.open) > 1
	return err
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

// twice returns an attribute that an earlier one is like, or nil.
func (c *checker) twice() *attr {
	attrs := c.tagAttrs()
	if len(attrs) > manyAttrs {
		return c.twiceOfMany(attrs)
	}
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if c.s[a.local:a.to] == c.s[b.local:b.to] && c.attrSpace(a) == c.attrSpace(b) {
				return &attrs[i]
			}
		}
	}
	return nil
}

// nameBit returns a bit that depends on the name, which is not empty. Of names
// that differ it nearly always differs, so that few need to be compared.
func nameBit(name string) uint64 {
	return 1 << ((uint(name[0]) ^ uint(name[len(name)-1])*2 + uint(len(name))*5) & 63)
}

// twiceOfMany is twice in bounded time.
func (c *checker) twiceOfMany(attrs []attr) *attr {
	type key struct{ space, local string }
	seen := make(map[key]bool, len(attrs))
	for i, a := range attrs {
		k := key{c.attrSpace(a), c.s[a.local:a.to]}
		if seen[k] {
			return &attrs[i]
		}
		seen[k] = true
	}
	return nil
}
