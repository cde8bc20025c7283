package wire

// scope is a prefix declaration and those around it. It never changes, so
// elements share it; nil is the scope without prefixes.
type scope struct {
	outer  *scope
	prefix string
	space  string
}

// lookup returns the namespace of the prefix.
func (s *scope) lookup(prefix string) (string, bool) {
	if prefix == "xml" {
		return NSXML, true
	}
	for ; s != nil; s = s.outer {
		if s.prefix == prefix {
			return s.space, true
		}
	}
	return "", false
}

// depth returns the number of declarations.
func (s *scope) depth() int {
	n := 0
	for ; s != nil; s = s.outer {
		n++
	}
	return n
}
