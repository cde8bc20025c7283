package component

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	quickTick  = 3 * time.Millisecond // a quick call may take this long, and at most twice that; each tick wakes a thread
	quietTicks = 5                    // without a call before the watchdog sleeps
)

// A watchdog sees to it that a quick handler that is not quick does not hold up
// the stream: it hands the reading on to another goroutine. The state is a number
// that grows with each call, and whether one runs.
type watchdog struct {
	state  atomic.Uint64 // call<<1 | running
	asleep atomic.Bool
	wake   chan struct{}

	mu  sync.Mutex              // held while the reading is handed on
	req atomic.Pointer[Request] // of the call that runs; written before state
}

// begin notes that a quick call starts.
func (w *watchdog) begin(req *Request) uint64 {
	w.req.Store(req)
	st := w.state.Load() + 3 // next call, running
	w.state.Store(st)
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
	return st
}

// finish notes that it has ended. It returns false when the reading has been
// handed on meanwhile.
func (w *watchdog) finish(st uint64) bool {
	if w.state.CompareAndSwap(st, st-1) {
		return true
	}
	w.mu.Lock() // until the hand-over is complete
	defer w.mu.Unlock()
	return false
}

// watch is the watchdog's goroutine.
func (w *watchdog) watch(done <-chan struct{}, handOver func(*Request)) {
	tick := time.NewTicker(quickTick)
	defer tick.Stop()
	var g glance
	for quiet := 0; ; {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		st := w.state.Load()
		switch same := g.same(st, time.Now()); {
		case same && st&1 == 0:
			quiet++
		case same:
			w.steal(st, handOver)
			quiet = 0
		default:
			quiet = 0
		}
		if quiet < quietTicks {
			continue
		}
		tick.Stop()
		if !w.sleep(st, done) {
			return
		}
		quiet = 0
		tick.Reset(quickTick)
	}
}

// A glance is what the watchdog saw when it last looked.
type glance struct {
	state  uint64
	at     time.Time
	spared bool
}

// same reports whether the state is still what it was a tick before. A watchdog
// that comes late was not given the processor itself, so the call may not have
// been either: that is forgiven once.
func (g *glance) same(st uint64, now time.Time) bool {
	since := now.Sub(g.at)
	late := since > 3*quickTick
	switch {
	case st != g.state:
		*g = glance{state: st, at: now}
	case since < quickTick/2: // one tick was late and the next was not
	case late && !g.spared:
		g.at, g.spared = now, true
	default:
		g.at = now
		return true
	}
	return false
}

// sleep waits for the next call; false: the stream is done.
func (w *watchdog) sleep(seen uint64, done <-chan struct{}) bool {
	w.asleep.Store(true)
	if w.state.Load() != seen && w.asleep.CompareAndSwap(true, false) {
		return true
	}
	select {
	case <-w.wake:
		return true
	case <-done:
		return false
	}
}

func (w *watchdog) steal(st uint64, handOver func(*Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	req := w.req.Load() // of st, if st is still the state below
	if w.state.CompareAndSwap(st, st-1) {
		handOver(req)
	}
}

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
		(*reqContext)(req).cancel(context.Canceled)
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
	if req.after == nil {
		if l.s.dog.finish(l.call) {
			c.settle(&l.sc, req)
			(*reqContext)(req).cancel(context.Canceled)
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
		(*reqContext)(req).cancel(context.Canceled)
		return true
	}
	c.led.done(req)
	if !first {
		c.stats.late.Add(1)
	}
	(*reqContext)(req).cancel(context.Canceled)
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
