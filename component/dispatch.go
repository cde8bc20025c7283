package component

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

// step reads one stanza and sees to it. It returns false when this goroutine is
// not to read on.
func (l *leader) step() bool {
	s := l.s
	l.req, l.begun = nil, false
	if err := s.rd.Next(&s.st); err != nil {
		s.c.inUse.Store(nil) // it was not the last Read that said so
		s.end(readError(err))
		close(s.readDone)
		return false
	}
	if j := s.rd.Junk(); j != s.junk {
		s.noteJunk(j)
	}
	if s.c.out.size.Load() >= flushAt {
		s.c.out.flush(s, false)
	}
	if !stanzaSpace(s.st.Name.Space) {
		s.other()
		return true
	}
	switch s.st.Name.Local {
	case "iq":
		return l.iq()
	case "presence", "message":
		s.noteHeard(s.now)
		s.c.presenceOrMessage(&s.st)
	default:
		s.other()
	}
	return true
}

// stanzaSpace reports whether a stanza may come in this namespace: the servers
// differ.
func stanzaSpace(space string) bool {
	return space == nsAccept || space == nsClient || space == nsServer || space == ""
}

// other is for what is no stanza. RFC 6120 would have us close the stream at an
// unknown element, but Prosody sends some, and one stream carries every user.
func (s *stream) other() {
	if s.st.Name.Space == nsStream && s.st.Name.Local == "error" {
		s.end(streamError(s.st.Element()))
		return
	}
	if s.c.stats.ignored.Add(1) == 1 {
		s.c.cfg.Log.Warn("the server sent an unknown element", "ns", clip(s.st.Name.Space), "name", clip(s.st.Name.Local))
	}
}

func (s *stream) noteJunk(total uint64) {
	if s.c.stats.junk.Add(total-s.junk) == total-s.junk {
		s.c.cfg.Log.Warn("the server sent text between stanzas")
	}
	s.junk = total
}

// streamError reads a stream error (RFC 6120, 4.9.2).
func streamError(el wire.Element) *StreamError {
	e := &StreamError{Condition: "undefined-condition"}
	for c := range el.Children() {
		if c.Name().Space != nsStreams {
			continue
		}
		if c.Name().Local == "text" {
			e.Text = c.Text()
		} else {
			e.Condition = c.Name().Local
		}
	}
	return e
}

// iq sees to an IQ stanza.
func (l *leader) iq() bool {
	s, c := l.s, l.s.c
	st := &s.st
	switch st.Type {
	case "get", "set":
		s.noteHeard(s.now)
		return l.request()
	case "result", "error":
		if !c.calls.answer(st) && st.Type == "result" && strings.HasPrefix(st.From, c.cfg.JID+"/"+checkPrefix) {
			s.noteHeard(s.now) // the answer to the check of another process was routed to us
			c.noteSister()
		}
		return true
	}
	c.stats.requests.Add(1)
	c.malformed(&Request{ID: st.ID, From: st.From, To: st.To}, s.now, stanza.BadRequest, "type has to be get, set, result or error")
	return true
}

// request sees to a get or a set: it is answered here, or entered in the ledger.
func (l *leader) request() bool {
	s, c, st := l.s, l.s.c, &l.s.st
	c.stats.requests.Add(1)
	req := &Request{
		Type: stanza.IQType(st.Type), ID: st.ID, From: st.From, To: st.To, Lang: st.Lang, Name: st.Payload,
		payload: st.First(), comp: c,
	}
	if !c.wellFormed(req, s) {
		return true
	}
	if s.isCheck(req) {
		return true
	}
	if isDelegation(req.Name.Space) {
		if req = c.delegated(req, s.now); req == nil {
			return true
		}
	}
	l.req = req
	served := c.use()
	lim := &served.limits
	req.rt = served.router.route(req)
	req.entry.got, req.entry.size = s.now, int32(len(st.Raw))
	req.entry.deadline = s.now + int64(lim.timeout(req))
	switch {
	case c.draining.Load():
		c.answerNow(&l.sc, req, &Error{Condition: stanza.ServiceUnavailable, Type: stanza.Wait, Text: "shutting down"})
		return true
	case c.full(lim, 0) && (c.full(lim, hostRoom) || !c.isHost(req.From)):
		c.overload(&l.sc, req, "too many requests")
		return true
	}
	c.led.open.Add(1)
	if req.rt.Quick && !req.rt.temper.slow(s.now) && req.rt.inst.lane.free(req) {
		return l.runQuick(req)
	}
	c.submit(&l.sc, req, lim)
	return true
}

// full reports whether there is no room for one more request and extra others.
func (c *Component) full(lim *Limits, extra int) bool {
	return int(c.led.open.Load()) >= lim.InFlight+extra || c.led.bytes.Load()+c.out.size.Load() >= int64(lim.MaxBufferedBytes)+int64(extra)<<10
}

// submit gives a request to the lane of its extension.
func (c *Component) submit(sc *scratch, req *Request, lim *Limits) {
	if !c.led.enter(req, lim) {
		c.led.open.Add(-1)
		c.overload(sc, req, "too many of your requests are waiting")
		return
	}
	switch req.rt.inst.lane.submit(req) {
	case runNow:
		c.spawn(req)
	case refused:
		c.led.done(req)
		if c.refuse(req, errStuck()) {
			c.stats.overloads.Add(1)
		}
	}
}

// wellFormed answers what is no request that a handler could be given.
func (c *Component) wellFormed(req *Request, s *stream) bool {
	st := &s.st
	at, own := c.addressed(req.To)
	req.at = at
	switch {
	case st.Skipped != nil:
		c.skipped(req, s)
	case st.HasTo && !own && addressable(req.To):
		c.stats.unanswered.Add(1) // somebody else's: we could not speak for that address
	case !addressable(req.From):
		c.malformed(req, s.now, stanza.JIDMalformed, "from is no address")
	case st.HasTo && !own && !addressable(req.To):
		c.malformed(req, s.now, stanza.JIDMalformed, "to is no address")
	case !st.HasTo:
		c.malformed(req, s.now, stanza.BadRequest, "to is missing")
	case !st.HasID:
		c.malformed(req, s.now, stanza.BadRequest, "id is missing")
	case st.Children != 1:
		c.malformed(req, s.now, stanza.BadRequest, "exactly one child is needed")
	default:
		return true
	}
	return false
}

// skipped answers a stanza of which there is only the head.
func (c *Component) skipped(req *Request, s *stream) {
	var syn *wire.SyntaxError
	if errors.As(s.st.Skipped, &syn) {
		c.malformed(req, s.now, stanza.BadRequest, syn.Text)
		return
	}
	c.stats.tooBig.Add(1)
	c.malformed(req, s.now, stanza.PolicyViolation, s.st.Skipped.Error())
}

// malformed answers a stanza that is no proper request, where anybody can be told
// (RFC 6120, 8.2.3).
func (c *Component) malformed(req *Request, now int64, cond stanza.Condition, text string) {
	if req.From == "" {
		c.stats.unanswered.Add(1)
		return
	}
	c.stats.malformed.Add(1)
	if req.at == 0 {
		req.at, _ = c.addressed(req.To)
	}
	req.comp = c
	req.entry.deadline = now + int64(c.limits().HandlerTimeout)
	sc := c.scratches.Get().(*scratch)
	defer c.scratches.Put(sc)
	c.answerNow(sc, req, &Error{Condition: cond, Text: text})
}

// answerNow answers a request that never had a line in the ledger. Its reply
// holds a place until it is written, like any other.
func (c *Component) answerNow(sc *scratch, req *Request, e *Error) {
	c.led.open.Add(1)
	c.renderError(sc, req, e)
	c.settle(sc, req)
}

func (c *Component) overload(sc *scratch, req *Request, text string) {
	c.stats.overloads.Add(1)
	c.answerNow(sc, req, &Error{Condition: stanza.ResourceConstraint, Text: text})
}

// addressed returns which kind of our addresses to is. It returns 0 and false
// when it is none.
func (c *Component) addressed(to string) (Address, bool) {
	if to == c.cfg.JID {
		return Domain, true
	}
	local, domain, resource := splitAddress(to)
	if domain != c.cfg.JID && (fold(domain) != c.cfg.JID || strings.HasSuffix(domain, ".")) || !addressable(to) {
		return 0, false // with a dot at its end a server may not take it for ours when we answer from there
	}
	switch {
	case resource != "":
		return Resource, true
	case local != "":
		return Account, true
	}
	return Domain, true
}

// local reports whether an address is at one of our hosts.
func (c *Component) local(from string) bool {
	domain := domainOf(from)
	for _, h := range c.cfg.Hosts {
		if h == domain {
			return true
		}
	}
	if plainLower(domain) {
		return false
	}
	folded := fold(domain)
	for _, h := range c.cfg.Hosts {
		if h == folded {
			return true
		}
	}
	return false
}

// presenceOrMessage is never answered, but for a presence subscription: Prosody
// repeats one at each login of that user until it is.
func (c *Component) presenceOrMessage(st *wire.Stanza) {
	if st.Skipped != nil {
		c.stats.tooBig.Add(1)
		return
	}
	if _, own := c.addressed(st.To); !own {
		c.stats.ignored.Add(1)
		return
	}
	if st.Name.Local == "presence" && st.Type == "subscribe" && addressable(st.From) {
		err := c.Send(Stanza{Kind: "presence", Type: "unsubscribed", From: bareOf(st.To), To: bareOf(st.From)})
		if err != nil {
			c.cfg.Log.LogAttrs(context.Background(), slog.LevelDebug, "presence not answered", slog.String("err", err.Error()))
		}
	}
	if st.Name.Local == "message" && isDelegation(st.Payload.Space) && c.isHost(st.From) {
		c.noteDelegated(st)
		return
	}
	c.served.Load().broadcast(c, st)
}
