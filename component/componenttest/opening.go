package componenttest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// streamID returns a new stream id in the server's manner: a UUID, or a number
// of up to 20 digits.
func (p Personality) streamID() string {
	var b [16]byte
	rand.Read(b[:])
	if p == Ejabberd {
		return strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 10)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// header returns the header of the server's stream.
func (p Personality) header(id, from string) string {
	if p == Ejabberd {
		return "<?xml version='1.0'?><stream:stream id='" + escape(id) + "' xml:lang='en' xmlns:stream='" + nsStream +
			"' from='" + escape(from) + "' xmlns='" + nsAccept + "'>"
	}
	s := "<?xml version='1.0'?><stream:stream xmlns='" + nsAccept + "' xml:lang='en' id='" + escape(id) +
		"' xmlns:stream='" + nsStream + "'"
	if from != "" {
		s += " from='" + escape(from) + "'"
	}
	return s + ">"
}

// begin sends our header. The caller holds the lock.
func (st *stream) begin(from string) {
	st.begun = true
	st.send(st.srv.opts.Personality.header(st.id, from))
}

// answerHeader answers the header of the component (XEP-0114, 3).
func (st *stream) answerHeader(head xml.StartElement) {
	s := st.srv
	to := newNode(head).get("to")
	fault := s.checkHeader(head, to)
	s.change(func() {
		st.name = to
		switch {
		case fault != nil && fault.cond == "host-unknown":
			st.id = ""
			st.begin("")
		case to == "":
			st.begin(s.opts.Domain)
		default:
			st.begin(to)
		}
		if fault != nil {
			st.finish(fault.xml())
		}
	})
}

// checkHeader returns why a header is refused, or nil.
func (s *Server) checkHeader(head xml.StartElement, to string) *streamError {
	space := ""
	for _, a := range head.Attr {
		if a.Name == (xml.Name{Local: "xmlns"}) {
			space = a.Value
		}
	}
	switch {
	case head.Name != xml.Name{Space: nsStream, Local: "stream"}:
		return &streamError{cond: "invalid-namespace"}
	case s.opts.Personality == Ejabberd && space == "jabber:component:connect":
		return &streamError{cond: "invalid-xml"}
	case s.opts.Personality == Ejabberd && space != nsAccept:
		return &streamError{cond: "invalid-namespace"}
	case to == "":
		return &streamError{cond: "improper-addressing"}
	case s.opts.Personality == Prosody && to != s.opts.Domain:
		return &streamError{"host-unknown", to + " does not match any configured external components"}
	}
	return nil
}

// handshake takes the component's proof that it knows the secret (XEP-0114, 3).
func (st *stream) handshake(n *node) {
	if fault := st.authenticate(n); fault != nil {
		st.refuse(fault)
		return
	}
	st.srv.join(st)
}

func (st *stream) authenticate(n *node) *streamError {
	o := st.srv.opts
	sum := sha1.Sum([]byte(st.id + o.Secret))
	want, got := hex.EncodeToString(sum[:]), ""
	if len(n.kids) > 0 {
		got = n.kids[0].text
	}
	if o.Personality == Prosody {
		if !strings.EqualFold(got, want) {
			return &streamError{"not-authorized", "Given token does not match calculated token"}
		}
		return nil
	}
	switch {
	case slices.ContainsFunc(o.Hosts, func(h string) bool { return strings.EqualFold(h, st.name) }):
		return &streamError{"conflict", "Unable to register route on existing local domain"}
	case got != want || !strings.EqualFold(st.name, o.Domain):
		return &streamError{cond: "not-authorized"}
	}
	return nil
}

// join puts a stream into service, or tells it why not: Prosody has one
// connection for each component, ejabberd any number.
func (s *Server) join(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.reject != "" {
		st.finish(s.faults.reject)
		return
	}
	for _, old := range slices.Clone(s.online) {
		switch {
		case old.gone() || old.deaf && !s.faults.deaf:
			s.leave(old)
		case s.opts.Personality == Ejabberd:
		case s.opts.KickOld:
			old.finish((&streamError{"conflict", "Replaced by a new connection"}).xml())
		default:
			st.finish((&streamError{"conflict", "Component already connected"}).xml())
			return
		}
	}
	st.send("<handshake/>")
	st.send(s.faults.glue)
	st.joined, st.deaf = true, s.faults.deaf
	s.online = append(s.online, st)
	s.accepted++
	s.changed.Broadcast()
}

// leave takes a stream out of service. The caller holds the lock.
func (s *Server) leave(st *stream) {
	s.online = slices.DeleteFunc(s.online, func(o *stream) bool { return o == st })
	s.changed.Broadcast()
}

// forget closes a connection and takes it off the books.
func (s *Server) forget(st *stream) {
	s.change(func() {
		st.dropped = true
		s.leave(st)
		s.conns = slices.DeleteFunc(s.conns, func(o *stream) bool { return o == st })
	})
	st.conn.Close()
}

func (s *Server) trace(sent bool, data string) {
	if s.opts.Trace != nil {
		s.opts.Trace(sent, data)
	}
}
