package component

import (
	"sync"
	"sync/atomic"
	"time"
)

// A temper remembers how often a quick route was not quick. A repeated offender
// gets goroutines of its own for a while, a longer one each time, and then
// another chance. What counts is how often for how many calls: now and then the
// kernel or the garbage collector takes the processor from a call that is quick.
type temper struct {
	until   atomic.Int64 // ns since the epoch of the component
	mu      sync.Mutex
	strikes float64 // less what has been forgotten
	last    int64   // when the last one was
	calls   uint64  // quick calls of the stream until then
	penalty time.Duration
	proved  atomic.Uint32 // quick calls, up to provedBy, since the last strike
}

const (
	strikesAllowed = 3
	strikeForget   = 10 * time.Second / strikesAllowed // after so long one is forgotten
	strikeCalls    = 50_000                            // one in so many quick calls is none
	penaltyForget  = 10 * time.Second                  // without a strike after its end
	firstPenalty   = 10 * time.Second
	longestPenalty = 10 * time.Minute
	provedBy       = 256
)

// unproved reports whether the route has yet to prove quick, and counts the call.
func (t *temper) unproved() bool {
	n := t.proved.Load()
	if n >= provedBy {
		return false
	}
	t.proved.Store(n + 1) // one that is lost to another stream does not matter
	return true
}

func (t *temper) slow(now int64) bool { return now < t.until.Load() }

// strike notes that a call was not quick. The number of calls of the stream only
// grows.
func (t *temper) strike(now int64, calls uint64) {
	t.proved.Store(0)
	t.mu.Lock()
	defer t.mu.Unlock()
	if now-t.last > int64(penaltyForget)+int64(t.penalty) {
		t.penalty = 0
	}
	left := t.strikes - float64(now-t.last)/float64(strikeForget)
	cost := 1.0
	if calls > t.calls { // a new stream counts anew
		cost -= float64(calls-t.calls) / strikeCalls
	}
	t.strikes = max(0, left) + max(0, cost)
	t.last, t.calls = now, calls
	limit := strikesAllowed - 0.5 // for what was forgotten from the first one to the last
	if t.penalty > 0 {
		limit = 0.5
	}
	if t.strikes < limit {
		return
	}
	t.penalty = min(max(firstPenalty, 2*t.penalty), longestPenalty)
	t.strikes = 0
	t.until.Store(now + int64(t.penalty))
}
