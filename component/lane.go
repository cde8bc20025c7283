package component

import (
	"slices"
	"sync"
	"sync/atomic"
)

const defaultMaxInFlight = 256

// A lane runs the requests of one extension: at most max at once, the rest wait
// as plain entries, without a goroutine. In an ordered lane each bare sender has
// a chain, of which one at a time runs.
type lane struct {
	mu      sync.Mutex
	max     int
	ordered bool
	running int // handlers that have not returned
	stuck   int // of those, how many are past their deadline
	queue   turns
	chains  map[string]*chain // by bare sender
	idle    chan struct{}     // closed when nothing runs any more; nil: nobody waits for that
	held    atomic.Bool       // nothing starts yet: an extension of the same name is about to end
}

// A chain is what waits behind the request of one sender that runs or is queued.
type chain struct {
	queue
	sender string // bare
}

// A queue is first in, first out.
type queue struct {
	list []*Request
	head int
}

func (q *queue) len() int    { return len(q.list) - q.head }
func (q *queue) empty() bool { return q.len() == 0 }

func (q *queue) push(r *Request) { q.list = append(q.list, r) }

// sweep takes out those that have been answered while they waited, if the queue
// would have to grow, so that it cannot grow for ever behind a handler that hangs.
func (q *queue) sweep() (dead []*Request) {
	if len(q.list) < cap(q.list) {
		return nil
	}
	return q.purge()
}

// purge takes out those that have been answered.
func (q *queue) purge() (dead []*Request) {
	var alive []*Request
	for _, r := range q.list[q.head:] {
		if r.entry.answered.Load() {
			dead = append(dead, r)
		} else {
			alive = append(alive, r)
		}
	}
	*q = queue{list: slices.Grow(alive, len(alive)+8)} // not soon again
	return dead
}

func (q *queue) pop() *Request {
	if q.head == len(q.list) {
		return nil
	}
	r := q.list[q.head]
	q.list[q.head] = nil
	if q.head++; q.head == len(q.list) {
		*q = queue{list: q.list[:0]}
	} else if q.head > 64 && q.head > len(q.list)/2 {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		*q = queue{list: q.list[:n]}
	}
	return r
}

func (l *lane) init(limit int, ordered bool) {
	if l.max != 0 {
		return // kept from another mux
	}
	l.max, l.ordered = limit, ordered
	if l.max <= 0 {
		l.max = defaultMaxInFlight
	}
	if ordered {
		l.chains = map[string]*chain{}
	}
}

// A verdict says what is to be done with a request that was submitted.
type verdict int

const (
	runNow verdict = iota
	queued
	refused // every place is held by a handler that is stuck
)

// submit takes a request in.
func (l *lane) submit(req *Request) verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.max != 0 && l.stuck >= l.max {
		return refused
	}
	if l.ordered {
		if ch := l.chains[bareOf(req.From)]; ch != nil {
			ch.sweep()
			ch.push(req)
			return queued
		}
		l.begin(req)
	}
	if l.held.Load() || l.max != 0 && l.running >= l.max {
		l.enqueue(req)
		return queued
	}
	l.running++
	req.entry.running = true
	return runNow
}

// enqueue has a request wait for a place.
func (l *lane) enqueue(req *Request) {
	dead := l.queue.sweep()
	l.queue.push(req)
	for _, r := range dead {
		l.follow(r)
	}
}

// free reports whether a request may run out of the lane, because nothing of its
// sender waits or runs in it.
func (l *lane) free(req *Request) bool {
	if l.held.Load() {
		return false
	}
	if !l.ordered {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chains[bareOf(req.From)] == nil
}

// adopt takes in a request that has been running outside the lane.
func (l *lane) adopt(req *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running++
	req.entry.running = true
	if l.ordered {
		l.begin(req)
	}
}

// begin begins the chain of a sender with req.
func (l *lane) begin(req *Request) {
	ch := &chain{sender: bareOf(req.From)}
	l.chains[ch.sender], req.entry.chain = ch, ch
}

// finish gives back the place of a request whose handler has returned, and
// returns the one that takes it over, or nil.
func (l *lane) finish(req *Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	req.entry.running = false
	if req.entry.late {
		l.stuck--
	}
	l.follow(req)
	for next := l.next(); next != nil; next = l.next() {
		if !next.entry.answered.Load() {
			next.entry.running = true
			return next
		}
		l.follow(next) // it waited too long; its sender's next one may go
	}
	l.running--
	if l.running == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
	return nil
}

// release ends the holding and returns what may run now.
func (l *lane) release() (run []*Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held.Store(false)
	for l.running < l.max {
		req := l.queue.pop()
		if req == nil {
			break
		}
		if req.entry.answered.Load() {
			l.follow(req)
			continue
		}
		l.running++
		req.entry.running = true
		run = append(run, req)
	}
	return run
}

// next returns the first that waits, if there is a place for it: what was adopted
// may have taken more than there are.
func (l *lane) next() *Request {
	if l.running > l.max {
		return nil
	}
	return l.queue.pop()
}

// follow queues what waits behind req in its chain.
func (l *lane) follow(req *Request) {
	if !l.ordered {
		return
	}
	ch := req.entry.chain
	for next := ch.pop(); next != nil; next = ch.pop() {
		if !next.entry.answered.Load() {
			next.entry.chain = ch
			l.enqueue(next)
			return
		}
	}
	delete(l.chains, ch.sender)
}

// late notes that the deadline of a request has passed. When by that every place
// is held by a stuck handler it returns all that wait.
func (l *lane) late(req *Request) []*Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !req.entry.running || req.entry.late {
		return nil
	}
	req.entry.late = true
	if l.stuck++; l.stuck < l.max {
		return nil
	}
	var out []*Request
	for r := l.queue.pop(); r != nil; r = l.queue.pop() {
		out = append(out, r)
		l.follow(r)
	}
	for _, ch := range l.chains { // behind those that run
		for r := ch.pop(); r != nil; r = ch.pop() {
			out = append(out, r)
		}
	}
	return out
}

// wait returns a channel that is closed once nothing runs.
func (l *lane) wait() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == 0 {
		done := make(chan struct{})
		close(done)
		return done
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	return l.idle
}
