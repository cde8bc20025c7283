package component

import (
	"sync"
	"sync/atomic"
	"time"
)

// A watchdog sees to it that a quick handler that is not quick does not hold up
// the stream: it hands the reading on to another goroutine. The state is a number
// that grows with each call, and whether one runs. Each look at it wakes a thread,
// which costs as much as many calls, so it looks often only where it has to.
type watchdog struct {
	state    atomic.Uint64 // call<<1 | running
	unproved atomic.Uint64 // calls of routes that have yet to prove quick
	mood     atomic.Uint32
	wake     chan struct{}

	mu  sync.Mutex              // held while the reading is handed on
	req atomic.Pointer[Request] // of the call that runs; written before state
}

// The moods of a watchdog.
const (
	alert   uint32 = iota
	relaxed        // an unproved call wakes it
	asleep         // any call does
)

const (
	quickTick   = 3 * time.Millisecond  // a quick call may take this long, and at most twice that
	relaxedTick = 50 * time.Millisecond // the same, while all that is called has proved quick
	alertTicks  = 32                    // without an unproved call before it relaxes
	quietTicks  = 5                     // without any before it sleeps
)

// begin notes that a quick call starts.
func (w *watchdog) begin(req *Request) uint64 {
	w.req.Store(req)
	st := w.state.Load() + 3 // next call, running
	w.state.Store(st)
	wakes := asleep
	if req.rt.temper.unproved() {
		w.unproved.Add(1)
		wakes = relaxed
	}
	if mood := w.mood.Load(); mood >= wakes && w.mood.CompareAndSwap(mood, alert) {
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
	g := glance{tick: quickTick}
	for {
		select {
		case <-done:
			return
		case <-w.wake:
			g.tick, g.quiet = quickTick, 0
			if g.unproved == w.unproved.Load() && w.relax(g.unproved) {
				g.tick = relaxedTick
			}
			tick.Reset(g.tick)
			continue
		case <-tick.C:
		}
		st := w.state.Load()
		if g.same(st, time.Now()) && st&1 == 1 {
			w.steal(st, handOver)
		}
		switch g.count(st, w.unproved.Load()) {
		case relaxed:
			if w.relax(g.unproved) {
				g.tick = relaxedTick
				tick.Reset(g.tick)
			}
		case asleep:
			if w.sleep(st) {
				tick.Stop()
			}
		}
	}
}

// relax has only an unproved call wake the watchdog, unless there has been one.
func (w *watchdog) relax(seen uint64) bool {
	w.mood.Store(relaxed)
	return w.unproved.Load() == seen || !w.mood.CompareAndSwap(relaxed, alert)
}

// sleep has the next call wake the watchdog, unless there has been one.
func (w *watchdog) sleep(seen uint64) bool {
	mood := w.mood.Load()
	if !w.mood.CompareAndSwap(mood, asleep) {
		return false
	}
	return w.state.Load() == seen || !w.mood.CompareAndSwap(asleep, mood)
}

func (w *watchdog) steal(st uint64, handOver func(*Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	req := w.req.Load() // of st, if st is still the state below
	if w.state.CompareAndSwap(st, st-1) {
		handOver(req)
	}
}

// A glance is what the watchdog saw when it last looked.
type glance struct {
	tick     time.Duration // from one look to the next
	state    uint64
	at       time.Time
	spared   bool
	quiet    int // looks without a call in between
	unproved uint64
	calm     int // looks without an unproved call
}

// same reports whether the state is still what it was a tick before. A watchdog
// that comes late was not given the processor itself, so the call may not have
// been either: that is forgiven once.
func (g *glance) same(st uint64, now time.Time) bool {
	since := now.Sub(g.at)
	late := since > 3*g.tick
	switch {
	case st != g.state:
		g.state, g.at, g.spared, g.quiet = st, now, false, 0
	case since < g.tick/2: // one tick was late and the next was not
	case late && !g.spared:
		g.at, g.spared = now, true
	default:
		g.at = now
		return true
	}
	return false
}

// count counts the looks at which nothing was new, and says what mood that makes.
func (g *glance) count(st, unproved uint64) uint32 {
	g.quiet++
	g.calm++
	if g.unproved != unproved {
		g.unproved, g.calm = unproved, 0
	}
	switch {
	case g.quiet > quietTicks && st&1 == 0:
		return asleep
	case g.calm >= alertTicks && g.tick == quickTick:
		return relaxed
	}
	return alert
}
