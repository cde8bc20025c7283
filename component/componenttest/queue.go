package componenttest

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Send sends raw to the component: exactly those bytes, whatever they are. It
// does not wait for the component to read them. Where several connections serve
// the domain they take turns. When none does, or the server is deaf to it, it is
// ErrOffline.
func (s *Server) Send(raw string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.route(raw) {
		return ErrOffline
	}
	return nil
}

// route sends raw to the next of the connections that hear, if there is one. The
// caller holds the lock.
func (s *Server) route(raw string) bool {
	for range s.online {
		s.turn++
		if st := s.online[s.turn%len(s.online)]; !st.deaf {
			st.send(raw)
			return true
		}
	}
	return false
}

// Next returns the next stanza of the component, as it was written. It waits for
// one until ctx ends.
func (s *Server) Next(ctx context.Context) (stanza string, err error) {
	got, err := s.next(ctx, nil)
	return got.raw, err
}

// NextID returns the next stanza of the component that has the id. Others keep
// their places.
func (s *Server) NextID(ctx context.Context, id string) (stanza string, err error) {
	got, err := s.next(ctx, func(n *node) bool {
		v, ok := n.attr("id")
		return ok && v == id
	})
	return got.raw, err
}

// NextMatch returns the next stanza of the component that matches the pattern,
// which is a stanza as in a conversation (see Run): attribute values and text of
// "*" match anything. Others keep their places.
func (s *Server) NextMatch(ctx context.Context, pattern string) (stanza string, err error) {
	text, _ := join(strings.Split(pattern, "\n"))
	want, err := parseStanzas(text)
	if err != nil {
		return "", err
	}
	if len(want) != 1 {
		return "", errors.New("componenttest: a pattern is one stanza")
	}
	got, err := s.next(ctx, func(n *node) bool { return matches(want[0].node, n, nil) })
	return got.raw, err
}

// next takes the first stanza that ok accepts out of the queue; nil accepts all.
func (s *Server) next(ctx context.Context, ok func(*node) bool) (stanza, error) {
	var got stanza
	err := s.await(ctx, func() bool {
		i := slices.IndexFunc(s.queue, func(q stanza) bool { return ok == nil || ok(q.node) })
		switch {
		case i < 0:
			return false
		case i == 0: // the usual case, and no copying in a flood
			got, s.queue = s.queue[0], s.queue[1:]
		default:
			got = s.queue[i]
			s.queue = slices.Delete(s.queue, i, i+1)
		}
		return true
	})
	return got, err
}

// Queued returns how many stanzas of the component wait for Next.
func (s *Server) Queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Connections returns how many connections serve the component's domain.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.online)
}

// Streams returns how many handshakes were accepted so far.
func (s *Server) Streams() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Violations returns what the component did that XMPP forbids, also where this
// server lets it pass.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violated)
}

// WaitOnline waits until a connection serves the component's domain.
func (s *Server) WaitOnline(ctx context.Context) error {
	return s.await(ctx, func() bool { return len(s.online) > 0 })
}

// WaitOffline waits until no connection serves the component's domain.
func (s *Server) WaitOffline(ctx context.Context) error {
	return s.await(ctx, func() bool { return len(s.online) == 0 })
}

// WaitStreams waits until n handshakes have been accepted, all in all, and a
// connection serves the component's domain.
func (s *Server) WaitStreams(ctx context.Context, n int) error {
	return s.await(ctx, func() bool { return s.accepted >= n && len(s.online) > 0 })
}

// await waits until ok returns true, which is called under the lock.
func (s *Server) await(ctx context.Context, ok func() bool) error {
	stop := context.AfterFunc(ctx, func() { s.change(func() {}) })
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !ok() {
		if s.closed {
			return ErrServerClosed
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.changed.Wait()
	}
	return nil
}
