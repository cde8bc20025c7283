package component

import (
	"runtime/debug"
)

// A leader is the goroutine that reads the stream, and runs what is quick.
type leader struct {
	s     *stream
	sc    scratch
	req   *Request // that is being seen to, or nil
	begun bool     // its quick call has begun
	call  uint64
	clean bool
}

// lead reads the stream until it ends or another goroutine has taken over.
func (s *stream) lead() {
	defer s.c.wg.Done()
	l := &leader{s: s}
	defer l.vanish()
	for l.step() {
	}
	l.clean = true
}

// vanish runs when a quick handler, or Extension.Allow, has ended this very
// goroutine: the reading goes on on another.
func (l *leader) vanish() {
	if l.clean {
		return
	}
	c, req := l.s.c, l.req
	if req != nil {
		c.render(&l.sc, req, nil, &panicError{stack: debug.Stack()})
		switch {
		case !l.begun:
			req.entry.deadline = l.s.now + int64(c.limits().HandlerTimeout)
			c.led.open.Add(1)
		case !l.s.dog.finish(l.call):
			l.finishHandedOver()
			return
		}
		c.settle(&l.sc, req)
	}
	c.wg.Add(1)
	go l.s.lead()
	if req != nil {
		(*reqContext)(req).cancel(ctxCanceled)
		c.runHooks(req)
	}
}

// runQuick runs the handler of req here and now. It returns false when the
// reading is somebody else's by the end.
func (l *leader) runQuick(req *Request) bool {
	c := l.s.c
	l.call = l.s.dog.begin(req)
	l.begun = true
	c.perform(&l.sc, req)
	if x := req.rare.Load(); x == nil || x.after == nil {
		if l.s.dog.finish(l.call) {
			c.settle(&l.sc, req)
			(*reqContext)(req).cancel(ctxCanceled)
			return true
		}
		l.finishHandedOver()
		return false
	}
	return l.finishHooked(req)
}

// finishHooked is for a request with AfterReply: its reply has to be queued
// before the hooks run, and those may take their time too.
func (l *leader) finishHooked(req *Request) bool {
	c := l.s.c
	first := c.settle(&l.sc, req)
	c.out.kick() // the reader may be waiting already, if it is another goroutine by now
	c.runHooks(req)
	if l.s.dog.finish(l.call) {
		(*reqContext)(req).cancel(ctxCanceled)
		return true
	}
	c.led.done(req)
	if !first {
		c.stats.late.Add(1)
	}
	(*reqContext)(req).cancel(ctxCanceled)
	l.passOn(req)
	return false
}

// finishHandedOver ends a call that the watchdog has put into the ledger.
func (l *leader) finishHandedOver() {
	c := l.s.c
	c.finishSlow(&l.sc, l.req)
	c.runHooks(l.req)
	l.passOn(l.req)
}

func (l *leader) passOn(req *Request) {
	if next := req.rt.inst.lane.finish(req); next != nil {
		l.s.c.spawn(next)
	}
}

// handOver is called by the watchdog: req runs on the goroutine that used to read.
func (s *stream) handOver(req *Request) {
	c := s.c
	c.stats.handedOff.Add(1)
	req.rt.temper.strike(c.now(), s.dog.state.Load()>>1)
	req.rt.inst.lane.adopt(req)
	c.led.adopt(req)
	c.wg.Add(1)
	go s.lead()
}
