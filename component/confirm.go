package component

import (
	"errors"
	"time"
)

// How often we make sure that replies have reached the server while there are new
// ones: the more there are, the more would be in doubt.
const (
	confirmEvery = time.Second
	confirmSoon  = 100 * time.Millisecond
	confirmMany  = 50
)

// confirm asks for a sign that the server has taken what was written to the
// stream: it handles a stream in order (RFC 6120, 10.1), so an answer to a ping
// says that the replies ahead of it have been read. What comes from the server says
// nothing of the kind, for it may have been on its way before, and neither does the
// kernel: that the other side has acknowledged bytes is not to have read them.
// Replies behind the last sign are those whose fate is unknown when the stream ends.
func (s *stream) confirm() {
	defer s.c.wg.Done()
	if s.c.cfg.Liveness == LivenessOff {
		return
	}
	for wait := confirmSoon; s.pause(wait); {
		wait = confirmEvery
		ahead := s.c.out.replied.Load()
		fresh := ahead - s.confirmed.Load()
		if fresh == 0 || !s.asked() {
			continue
		}
		s.confirmed.Store(ahead)
		if fresh > confirmMany {
			wait = confirmSoon
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

// count notes the replies whose fate is unknown. However a server ends a stream
// unasked, in order too, it may have left unread what we wrote. One whose stream was
// deaf has just answered, and reads on until we have said good-bye.
func (s *stream) count(err error) {
	if err != nil && !errors.Is(err, errDeaf) {
		s.c.stats.unconfirmed.Add(s.c.out.replied.Load() - s.confirmed.Load())
	}
}
