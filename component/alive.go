package component

import (
	"errors"
	"log/slog"
	"time"

	"mellium.im/xmpp/stanza"
)

const (
	nsPing       = "urn:xmpp:ping"
	checkPrefix  = "iqd-check-"     // of the resource that we ask ourselves at
	checkTimeout = 10 * time.Second // for one check
	stallTimeout = 90 * time.Second // for a server that answers nothing at all
)

var errDeaf = errors.New("the stream is deaf: the server answers, but routes nothing to us")

// isCheck takes the request by which a stream of ours, or of another process at
// the same domain, makes sure that the server routes to it. It bypasses handlers,
// access and limits.
func (s *stream) isCheck(req *Request) bool {
	c := s.c
	if req.at != Resource || req.From != c.cfg.JID || req.Name.Space != nsPing ||
		len(req.To) < len(c.cfg.JID)+1+len(checkPrefix) || req.To[len(c.cfg.JID)+1:][:len(checkPrefix)] != checkPrefix {
		return false
	}
	s.noteHeard(s.now)
	sc := c.scratches.Get().(*scratch)
	defer c.scratches.Put(sc)
	c.led.open.Add(1)
	req.entry.deadline, req.entry.check = s.now+int64(checkTimeout), true
	c.render(sc, req, nil, nil)
	c.settle(sc, req)
	return true
}

// keepAlive checks the stream right after the handshake and after each silence,
// and ends it when it is dead or deaf. Anything routed to us is a sign of life;
// replies to our own requests are not, for Prosody goes on answering those on a
// stream that it routes nothing to any more.
func (s *stream) keepAlive() {
	c := s.c
	defer c.wg.Done()
	if c.cfg.Liveness == LivenessOff {
		c.heard() // nobody will find out
		return
	}
	misses := 0
	for wait := time.Duration(0); s.pause(wait); {
		if quiet := time.Duration(c.now() - s.heard.Load()); s.heard.Load() != 0 && quiet < c.cfg.CheckInterval {
			misses, wait = 0, c.cfg.CheckInterval-quiet
			continue
		}
		if s.check() || s.busy() {
			misses, wait = 0, c.cfg.CheckInterval
			continue
		}
		misses++
		wait = time.Second
		if misses < 2 {
			continue
		}
		if err := s.diagnose(); err != nil {
			s.end(err)
			return
		}
	}
}

// pause waits; false: the stream has ended.
func (s *stream) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.ended:
		return false
	case <-t.C:
		return true
	}
}

// check sends one check and reports whether anything was routed to us since.
func (s *stream) check() bool {
	c := s.c
	if c.cfg.Liveness == LivenessServer {
		if c.askServer(s.ended) {
			s.noteHeard(c.now())
			return true
		}
		return false
	}
	before := s.heard.Load()
	err := c.ask(c.cfg.JID+"/"+checkPrefix+s.nonce, s.ended)
	if s.heard.Load() > before {
		return true
	}
	if err == nil {
		c.noteSister()
	}
	return err == nil
}

// noteSister notes that another process has got a check: ejabberd spreads what is
// for a domain over all that serve it.
func (c *Component) noteSister() {
	if !c.sister.Swap(true) {
		c.cfg.Log.LogAttrs(c.base, slog.LevelWarn, "another process serves our domain",
			slog.String("hint", `it takes a share of the requests; if that is meant, liveness = "server"`))
	}
}

// busy reports whether the server is no more than slow: it takes what we write,
// and more is waiting, our checks among it. While we do not even read, the
// deadline of writes is what finds a dead server.
func (s *stream) busy() bool {
	taken := s.c.out.taken.Load()
	moving := taken != s.taken && s.c.out.size.Load() > 0
	s.taken = taken
	return moving || s.paused.Load()
}

// diagnose finds out whether the stream is deaf or the server stalls.
func (s *stream) diagnose() error {
	c := s.c
	before := s.heard.Load()
	if c.cfg.Liveness != LivenessServer && c.askServer(s.ended) && s.heard.Load() == before {
		c.stats.deaf.Add(1)
		c.cfg.Log.LogAttrs(c.base, slog.LevelWarn, "the stream is deaf, connecting anew",
			slog.String("hint", "was the component reloaded or removed on the server?"))
		return errDeaf
	}
	start := c.now()
	for s.heard.Load() == before {
		if time.Duration(c.now()-start) > stallTimeout {
			return errors.New("the server has answered nothing for " + stallTimeout.String())
		}
		if !s.pause(time.Second) || s.busy() {
			return nil
		}
		if alive(c.ask(c.cfg.JID+"/"+checkPrefix+s.nonce, s.ended)) {
			return nil
		}
	}
	return nil
}

func (c *Component) askServer(ended <-chan struct{}) bool { return alive(c.ask(c.host(), ended)) }

// host returns the domain at which the server itself answers.
func (c *Component) host() string {
	if len(c.cfg.Hosts) > 0 {
		return c.cfg.Hosts[0]
	}
	return c.cfg.JID
}

// ask sends a ping and returns nil when it is answered with a result.
func (c *Component) ask(to string, ended <-chan struct{}) error {
	ping := PayloadFunc(func(e *Encoder) { e.Empty(nsPing, "ping") })
	deadline := time.Now().Add(checkTimeout)
	w, err := c.start(Call{To: to, Payload: ping}, deadline, true)
	if err != nil {
		return err
	}
	defer c.calls.forget(w.id)
	t := time.NewTimer(checkTimeout)
	defer t.Stop()
	select {
	case out := <-w.done:
		return out.err
	case <-ended:
	case <-t.C:
	}
	return &TimeoutError{}
}

// alive reports whether what came of a ping shows that who was asked is there: a
// result, or an error that is not about its absence.
func alive(err error) bool {
	var pe *PeerError
	if !errors.As(err, &pe) {
		return err == nil
	}
	return pe.Condition != stanza.RemoteServerTimeout && pe.Condition != stanza.RemoteServerNotFound
}

// noteHeard notes that the stream carries stanzas to us.
func (s *stream) noteHeard(now int64) {
	was := s.heard.Load()
	now = max(1, now)
	if was == now {
		return // nearly always: many stanzas come in one read
	}
	s.heard.Store(now)
	if was == 0 {
		s.c.heard()
	}
}
