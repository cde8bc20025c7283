package component

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	quickTick  = time.Millisecond // a quick call may take this long, and at most twice that
	quietTicks = 16               // without a call before the watchdog sleeps
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
	var seen uint64
	for quiet := 0; ; {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		st := w.state.Load()
		switch {
		case st&1 == 1 && st == seen:
			w.steal(st, handOver)
			quiet = 0
		case st == seen:
			quiet++
		default:
			quiet = 0
		}
		seen = st
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

// A temper remembers how often a quick route was not quick. A repeated offender
// gets goroutines of its own for a while, a longer one each time, and then
// another chance.
type temper struct {
	until   atomic.Int64 // ns since the epoch of the component
	mu      sync.Mutex
	strikes int
	last    int64
	penalty time.Duration
}

const (
	strikesAllowed = 3
	strikesForget  = 10 * time.Second
	firstPenalty   = 10 * time.Second
	longestPenalty = 10 * time.Minute
)

func (t *temper) slow(now int64) bool { return now < t.until.Load() }

func (t *temper) strike(now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now-t.last > int64(strikesForget)+int64(t.penalty) {
		t.strikes, t.penalty = 0, 0
	}
	t.last = now
	if t.strikes++; t.strikes < strikesAllowed && t.penalty == 0 {
		return
	}
	t.penalty = min(max(firstPenalty, 2*t.penalty), longestPenalty)
	t.strikes = 0
	t.until.Store(now + int64(t.penalty))
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
	req.rt.temper.strike(c.now())
	req.rt.inst.lane.adopt(req)
	c.led.adopt(req)
	c.wg.Add(1)
	go s.lead()
}
