package component

import (
	"errors"
	"time"
)

// confirmEvery is how often we make sure that replies have reached the server,
// while there are new ones.
const confirmEvery = time.Second

// confirm asks for a sign that the server has taken what was written to the
// stream: it handles a stream in order (RFC 6120, 10.1), so an answer to a ping
// says that the replies ahead of it have been read. What comes from the server says
// nothing of the kind, for it may have been on its way before. Replies behind the
// last sign are those whose fate is unknown when the stream is reset.
func (s *stream) confirm() {
	defer s.c.wg.Done()
	if s.c.cfg.Liveness == LivenessOff {
		return
	}
	for s.pause(confirmEvery) {
		if ahead := s.c.out.replied.Load(); ahead != s.confirmed.Load() && s.asked() {
			s.confirmed.Store(ahead)
		}
	}
}

// asked pings as the checks do. Whoever answers, and what: the server has had it.
func (s *stream) asked() bool {
	to := s.c.cfg.JID + "/" + checkPrefix + s.nonce
	if s.c.cfg.Liveness == LivenessServer {
		to = s.c.host()
	}
	var peer *PeerError
	err := s.c.ask(to, s.ended)
	return err == nil || errors.As(err, &peer)
}

// count notes the replies whose fate is unknown. A server that closes its side of
// the connection without a word reads on what we wrote; one that resets it, or has
// ended the stream with a tag or an error, may not.
func (s *stream) count(err error) {
	if err != nil && !closedInOrder(err) {
		s.c.stats.unconfirmed.Add(s.c.out.replied.Load() - s.confirmed.Load())
	}
}
