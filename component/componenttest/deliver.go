package componenttest

import (
	"slices"
	"strings"
)

// deliver routes a stanza of the component: back to the component, to the server
// itself, or to the test.
func (s *Server) deliver(st *stream, x stanza) {
	n := x.node
	to := n.get("to")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.EqualFold(domainOf(to), s.opts.Domain):
		s.loopBack(st, x)
	case n.isRequest() && n.holds(nsPing, "ping") && s.hosts(to):
		st.send(reply(n, "result") + "/>")
	default:
		s.queue = append(s.queue, x)
		s.changed.Broadcast()
	}
}

// loopBack routes a stanza that the component sent to itself. A Prosody that has
// forgotten the component answers in its place.
func (s *Server) loopBack(st *stream, x stanza) {
	if !s.route(x.raw) && s.opts.Personality == Prosody && x.node.isRequest() {
		st.send(bounce(x.node, "wait", "remote-server-timeout"))
	}
}

func (s *Server) hosts(domain string) bool {
	return slices.ContainsFunc(s.opts.Hosts, func(h string) bool { return strings.EqualFold(h, domain) })
}

// bounce returns the error that answers a stanza.
func bounce(n *node, typ, cond string) string {
	return reply(n, "error") + "><error type='" + typ + "'><" + cond + " xmlns='" + nsStanzas + "'/></error></" + n.name.Local + ">"
}

// reply returns the start of a tag that answers a stanza: id as it came, from and
// to swapped.
func reply(n *node, typ string) string {
	s := "<" + n.name.Local + " type='" + typ + "'"
	for _, a := range [][2]string{{"id", "id"}, {"from", "to"}, {"to", "from"}} {
		if v, ok := n.attr(a[0]); ok {
			s += " " + a[1] + "='" + escape(v) + "'"
		}
	}
	return s
}

func domainOf(addr string) string {
	bare, _, _ := strings.Cut(addr, "/")
	if _, domain, ok := strings.Cut(bare, "@"); ok {
		return domain
	}
	return bare
}

// clip bounds what a message shows of a stanza.
func clip(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
