package componenttest

import (
	"fmt"
	"strings"
)

// ejabberdDepth is the depth of elements at which ejabberd 23.01 falls over as a
// whole.
const ejabberdDepth = 3000

// A verdict is what the server makes of a stanza.
type verdict struct {
	wrong  string       // what XMPP forbids, or empty
	answer string       // sent to the component
	drop   bool         // not routed
	end    *streamError // ends the stream
	crash  bool         // ends the server
}

// take does with a stanza what the server does.
func (st *stream) take(x stanza) {
	n := x.node
	switch p := st.phase(); {
	case p == over || p == closing:
	case p == opening && n != nil && n.name.Local == "handshake":
		st.handshake(n)
	case p == opening:
		st.takeEarly(x)
	case n != nil && n.name.Local == "handshake":
		st.takeAgain()
	case n != nil && n.name.Space == nsStream && n.name.Local == "error":
		st.srv.change(func() { st.finish("</stream:stream>") })
	default:
		st.obey(st.srv.judge(x), x)
	}
}

// takeAgain takes a second handshake.
func (st *stream) takeAgain() {
	st.srv.violation("a second handshake", "")
	if st.srv.opts.Personality == Prosody {
		st.srv.change(func() { st.finish("</stream:stream>") })
	}
}

// takeEarly takes a stanza that comes before the handshake (XEP-0114, 3).
func (st *stream) takeEarly(x stanza) {
	st.srv.violation("a stanza before the handshake", x.raw)
	if st.srv.opts.Personality == Ejabberd {
		st.refuse(&streamError{cond: "not-authorized"})
		return
	}
	if x.node != nil && x.node.isRequest() {
		st.srv.change(func() { st.send(bounce(x.node, "cancel", "service-unavailable")) })
	}
}

func (st *stream) obey(v verdict, x stanza) {
	s := st.srv
	if v.wrong != "" {
		s.violation(v.wrong, x.raw)
	}
	switch {
	case v.crash:
		s.change(func() { st.finish("") })
	case v.end != nil:
		st.refuse(v.end)
	case v.answer != "":
		s.change(func() { st.send(v.answer) })
	case !v.drop && x.node != nil:
		s.deliver(st, x)
	}
}

func (s *Server) violation(what, raw string) {
	if raw != "" {
		what += ": " + clip(raw)
	}
	s.change(func() { s.violated = append(s.violated, what) })
}

// judge checks a stanza as the server does, and on top of that as RFC 6120 does.
func (s *Server) judge(x stanza) verdict {
	prosody := s.opts.Personality == Prosody
	switch n := x.node; {
	case x.banned != "" && prosody:
		return verdict{wrong: x.banned, end: &streamError{cond: "not-well-formed"}}
	case x.banned != "":
		return verdict{wrong: x.banned} // ejabberd does not mind
	case !isStanza(n.name.Local) || n.name.Space != nsAccept && n.name.Space != nsClient:
		return s.judgeName(n)
	case n.depth() > ejabberdDepth && !prosody:
		return verdict{wrong: fmt.Sprintf("a stanza of %d levels kills this server", n.depth()), crash: true}
	default:
		if v := s.judgeAddress(n); v.wrong != "" {
			return v
		}
		return verdict{wrong: judgeIQ(n)}
	}
}

func isStanza(local string) bool { return local == "iq" || local == "message" || local == "presence" }

// judgeName takes what is no stanza, or none of the component's namespace.
func (s *Server) judgeName(n *node) verdict {
	v := verdict{wrong: fmt.Sprintf("element %s in namespace %s", n.name.Local, n.name.Space), drop: true}
	if s.opts.Personality == Ejabberd {
		v.drop = n.name.Space != nsServer || !isStanza(n.name.Local)
		return v
	}
	if n.name.Space == nsAccept || n.name.Space == nsClient {
		v.answer = bounce(n, "cancel", "service-unavailable")
	} else {
		v.end = &streamError{cond: "unsupported-stanza-type"}
	}
	return v
}

// judgeAddress checks from and to (XEP-0114, 3). A Prosody after 0.12 closes the
// stream too when there is no from.
func (s *Server) judgeAddress(n *node) verdict {
	prosody := s.opts.Personality == Prosody
	from, to := n.get("from"), n.get("to")
	switch {
	case (from == "" || to == "") && !prosody:
		return verdict{wrong: "a stanza without from or to", end: &streamError{cond: "improper-addressing"}}
	case from != "" && !strings.EqualFold(domainOf(from), s.opts.Domain):
		return verdict{wrong: "a stanza from a foreign address", end: &streamError{cond: "invalid-from"}}
	case to == "":
		return verdict{wrong: "a stanza without to", drop: true, answer: bounce(n, "modify", "bad-request")}
	case from == "":
		return verdict{wrong: "a stanza without from"}
	}
	return verdict{}
}

// judgeIQ names what RFC 6120, 8.2.3 forbids an IQ, or returns an empty string.
func judgeIQ(n *node) string {
	if n.name.Local != "iq" {
		return ""
	}
	elements := 0
	for _, k := range n.kids {
		if !k.isText() {
			elements++
		}
	}
	_, hasID := n.attr("id")
	switch typ := n.get("type"); {
	case !hasID:
		return "an iq without id"
	case !n.isRequest() && !n.isReply():
		return fmt.Sprintf("an iq of type %q", typ)
	case n.isRequest() && elements != 1:
		return fmt.Sprintf("a request with %d children", elements)
	case typ == "result" && elements > 1:
		return fmt.Sprintf("a result with %d children", elements)
	case typ == "error" && !n.holds(n.name.Space, "error"):
		return "an iq of type error without an error"
	case elements < len(n.kids):
		return "text beside the child of an iq"
	}
	return ""
}
