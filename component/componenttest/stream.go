package componenttest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"time"
)

// A stream is the server's end of one connection. Its fields below conn belong
// to the lock of the server.
type stream struct {
	srv   *Server
	conn  net.Conn
	id    string
	name  string // the component's, as its header says
	mute  bool   // says nothing, whatever comes
	begun bool   // our header has been sent

	joined  bool     // its handshake has been accepted
	deaf    bool     // nothing is routed to it
	out     []string // still to be written
	segment int      // bytes in one write; zero: all
	ended   bool     // our end tag has been sent
	fin     bool     // closes when out has been written
	dropped bool     // closed
	half    bool     // we write nothing more and read on
	halved  bool     // the component has been told so
	hold    struct{ in, out bool }
}

// A streamError ends a stream (RFC 6120, 4.9).
type streamError struct{ cond, text string }

func (e *streamError) xml() string {
	s := "<stream:error><" + e.cond + " xmlns='" + nsStreams + "'/>"
	if e.text != "" {
		s += "<text xmlns='" + nsStreams + "'>" + escape(e.text) + "</text>"
	}
	return s + "</stream:error></stream:stream>"
}

// newStream is called under the server's lock.
func newStream(s *Server, conn net.Conn) *stream {
	st := &stream{srv: s, conn: conn, id: s.opts.StreamID, mute: s.faults.mute}
	if st.id == "" {
		st.id = s.opts.Personality.streamID()
	}
	return st
}

// read takes the stanzas of a connection until that ends.
func (st *stream) read() {
	defer st.drain()
	if st.mute {
		return
	}
	if st.srv.opts.Personality == Ejabberd {
		idle := time.AfterFunc(30*time.Second, st.idle)
		defer idle.Stop()
	}
	p := newSplitter(gate{st}, st.srv.opts.MaxStanza, st.srv.opts.Personality == Ejabberd)
	head, err := p.header()
	if err == nil {
		st.srv.trace(false, p.src.text(0, p.dec.InputOffset()))
		st.answerHeader(head)
	}
	for err == nil && st.phase() != over {
		var x stanza
		if x, err = p.next(); err == nil {
			st.srv.trace(false, x.raw)
			st.take(x)
		}
	}
	st.failed(err)
}

// drain reads on until the connection is closed: by us when all is written, or
// by the component.
func (st *stream) drain() {
	io.Copy(io.Discard, st.conn)
	st.srv.change(func() { st.finish("") })
}

// idle ends a stream that took too long to open.
func (st *stream) idle() {
	if st.phase() != opening {
		return
	}
	st.refuse(&streamError{"connection-timeout", "Idle connection"})
}

// failed ends the stream as the server does when it cannot be read on.
func (st *stream) failed(err error) {
	var bad *malformedError
	switch {
	case st.phase() == over:
	case errors.As(err, &bad):
		st.srv.violation("not well-formed: "+bad.what, "")
		st.refuse(&streamError{cond: "not-well-formed"})
	case errors.Is(err, errTooBig) && st.srv.opts.Personality == Prosody:
		st.srv.violation("stanza is too big", "")
		st.refuse(&streamError{cond: "not-well-formed"})
	case errors.Is(err, errTooBig):
		st.srv.violation("stanza is too big", "")
		st.refuse(&streamError{"policy-violation", "XML stanza is too big"})
	case errors.Is(err, errClosed):
		st.srv.change(func() { st.finish("</stream:stream>") })
	default: // the component has closed the connection
		st.srv.change(func() { st.finish("") })
	}
}

// refuse ends the stream with an error.
func (st *stream) refuse(e *streamError) { st.srv.change(func() { st.expel(e) }) }

// expel is refuse by who holds the lock. The header comes first (RFC 6120, 4.9.1.2).
func (st *stream) expel(e *streamError) {
	if !st.begun {
		st.begin(st.srv.opts.Domain)
	}
	st.finish(e.xml())
}

// finish writes the server's last words and closes. The caller holds the lock.
func (st *stream) finish(last string) {
	if st.fin {
		return
	}
	if !st.ended {
		st.send(last)
	}
	st.fin = true
	st.srv.leave(st)
}

// A phase is how far a stream has come.
type phase int

const (
	opening phase = iota // before the handshake
	open                 // stanzas pass
	closing              // our end tag has been sent, and we wait for the component's
	over                 // nothing counts any more
)

func (st *stream) phase() phase {
	st.srv.mu.Lock()
	defer st.srv.mu.Unlock()
	switch {
	case st.fin || st.dropped:
		return over
	case st.ended:
		return closing
	case st.joined:
		return open
	}
	return opening
}

// send queues data for the component. The caller holds the lock.
func (st *stream) send(data string) {
	if data == "" || st.fin || st.ended || st.half {
		return
	}
	st.out = append(st.out, data)
	st.srv.changed.Broadcast()
}

// write writes what was sent until the stream ends, and then closes it.
func (st *stream) write() {
	defer st.srv.forget(st)
	for {
		list := st.next()
		if list == nil {
			return
		}
		if len(list) == 0 {
			st.closeWrite()
			continue
		}
		var data []byte
		for _, s := range list {
			st.srv.trace(true, s)
			data = append(data, s...)
		}
		for piece := range slices.Chunk(data, st.piece(len(data))) {
			if _, err := st.conn.Write(piece); err != nil {
				return
			}
		}
	}
}

// closeWrite ends writing. If the connection is gone, reading shows it.
func (st *stream) closeWrite() {
	if half, ok := st.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// next waits for what is to be written. It returns nil at the end, and an empty
// list where writing ends and reading goes on.
func (st *stream) next() []string {
	s := st.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case st.dropped:
			return nil
		case st.hold.out:
		case len(st.out) > 0:
			list := st.out
			st.out = nil
			return list
		case st.fin:
			return nil
		case st.half && !st.halved:
			st.halved = true
			return []string{}
		}
		s.changed.Wait()
	}
}

func (st *stream) piece(whole int) int {
	st.srv.mu.Lock()
	defer st.srv.mu.Unlock()
	if st.segment > 0 {
		return st.segment
	}
	return whole
}

// setSegment makes the component receive at most n bytes at once. The caller
// holds the lock.
func (st *stream) setSegment(n int) {
	st.segment = n
	if p, ok := st.conn.(*pipeConn); ok {
		p.cut(n)
	}
}

// drop closes the connection at once. The caller holds the lock.
func (st *stream) drop() {
	st.dropped = true
	st.srv.leave(st)
	st.conn.Close()
}

// gone reports whether the component has hung up and the server only has not
// come to read that. Servers never take a component that closes and comes back
// at once for two.
func (st *stream) gone() bool {
	p, ok := st.conn.(*pipeConn)
	return ok && !st.hold.in && p.hungUp()
}

// A gate is the reading end of a stream. While it is shut nothing passes, not
// even an end.
type gate struct{ st *stream }

// Read reads from the connection.
func (g gate) Read(p []byte) (int, error) {
	n, err := g.st.conn.Read(p)
	s := g.st.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	for (g.st.hold.in || s.faults.stopped) && !g.st.dropped && !g.st.fin {
		s.changed.Wait()
	}
	return n, err
}

// abort closes a connection with a reset.
func abort(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	switch c := conn.(type) {
	case *pipeConn:
		c.abort()
	case *net.TCPConn:
		c.SetLinger(0)
	}
	conn.Close()
}
