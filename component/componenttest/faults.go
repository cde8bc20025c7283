package componenttest

import (
	"context"
	"slices"
)

// Cut closes every connection without a word, as both servers do when they are
// stopped: what was sent still arrives, then comes EOF. New connections are
// taken.
func (s *Server) Cut() {
	s.change(func() {
		for _, st := range s.conns {
			if st.hold.out { // what could not be delivered never will be
				st.out, st.hold.out = nil, false
			}
			st.finish("")
		}
	})
}

// HalfClose is Cut by a server that reads on. It returns when the component has
// closed its side of each connection too and all that it wrote has been taken.
func (s *Server) HalfClose(ctx context.Context) error {
	var ended []*stream
	s.change(func() {
		ended = slices.Clone(s.conns)
		for _, st := range ended {
			st.half = true
			s.leave(st)
		}
	})
	return s.await(ctx, func() bool {
		return !slices.ContainsFunc(s.conns, func(st *stream) bool { return slices.Contains(ended, st) })
	})
}

// Reset breaks every connection with a TCP reset: what was on its way is lost.
func (s *Server) Reset() {
	s.change(func() {
		for _, st := range s.conns {
			st.dropped = true
			s.leave(st)
			abort(st.conn)
		}
	})
}

// Blackhole makes the network swallow what passes over the connections that are
// up: what the component sends, in, or what the server sends, out, ends
// included. New connections are not affected, but a Prosody that has not seen
// the end of the first one refuses a second. With false what was held arrives.
func (s *Server) Blackhole(in, out bool) {
	s.change(func() {
		for _, st := range s.conns {
			st.hold.in, st.hold.out = in, out
		}
	})
}

// StopReading makes the server read nothing more from any connection, so that
// the component's writes pile up.
func (s *Server) StopReading() { s.change(func() { s.faults.stopped = true }) }

// ResumeReading ends StopReading.
func (s *Server) ResumeReading() { s.change(func() { s.faults.stopped = false }) }

// Deaf makes the server route nothing to the component, though its streams, those
// that are up and new ones, stay up and pings to the server are answered on them.
// With false all of them hear again.
func (s *Server) Deaf(on bool) {
	s.change(func() {
		s.faults.deaf = on
		for _, st := range s.conns {
			st.deaf = on
		}
	})
}

// Deafen is Deaf for the streams that are up and no others: the state of a Prosody
// after module:reload("component"), which takes a new connection and serves that.
func (s *Server) Deafen() {
	s.change(func() {
		for _, st := range s.conns {
			st.deaf = true
		}
	})
}

// Mute makes the server accept connections and then neither read nor write on
// them. Those that are up are not affected.
func (s *Server) Mute(on bool) { s.change(func() { s.faults.mute = on }) }

// Refuse refuses the next n connections; all, until further notice, if n is
// negative; none if it is zero. Over TCP they are reset.
func (s *Server) Refuse(n int) { s.change(func() { s.faults.refuse = n }) }

// Reject answers each handshake with a stream error from now on; with an empty
// condition it is accepted again.
func (s *Server) Reject(cond, text string) {
	s.change(func() {
		s.faults.reject = ""
		if cond != "" {
			s.faults.reject = (&streamError{cond, text}).xml()
		}
	})
}

// CloseStream ends every stream with its end tag, and waits for the component to
// do the same.
func (s *Server) CloseStream() {
	s.change(func() {
		for _, st := range s.conns {
			st.send("</stream:stream>")
			st.ended = true
			s.leave(st)
		}
	})
}

// StreamError ends every stream with an error (RFC 6120, 4.9.3), one that has yet to
// be opened too. The text may be empty.
func (s *Server) StreamError(cond, text string) {
	s.change(func() {
		for _, st := range s.conns {
			st.expel(&streamError{cond, text})
		}
	})
}

// Fragment makes whatever the server sends arrive in pieces of at most n bytes;
// zero ends that.
func (s *Server) Fragment(n int) {
	s.change(func() {
		s.faults.segment = n
		for _, st := range s.conns {
			st.setSegment(n)
		}
	})
}

// GlueAfterHandshake sends raw in one piece with each acceptance of a handshake
// from now on; an empty raw ends that.
func (s *Server) GlueAfterHandshake(raw string) { s.change(func() { s.faults.glue = raw }) }
