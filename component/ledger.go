package component

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"
)

// A ledger has a line for each request that has been read and whose reply is not
// in the kernel yet. It knows who is charged for it and when it is due.
type ledger struct {
	open  atomic.Int64 // places taken
	bytes atomic.Int64 // of the requests that wait or run off the reading goroutine

	mu       sync.Mutex
	accounts map[string]*account
	due      dueHeap
	timer    *time.Timer
	expire   func([]*Request) // called with those whose deadline has come
	now      func() int64
}

// bytesShare is what part of Limits.MaxBufferedBytes one sender may have waiting;
// a foreign domain has twice that.
const bytesShare = 8

// An account counts what one bare JID, or one foreign domain, has open.
type account struct {
	key    string
	open   int
	bytes  int      // of the requests
	domain *account // of a foreigner, or nil
}

func newLedger(now func() int64, expire func([]*Request)) *ledger {
	return &ledger{accounts: map[string]*account{}, now: now, expire: expire}
}

// enter gives req a line with a deadline. It returns false when there is no room
// for one more of its sender.
func (l *ledger) enter(req *Request, lim *Limits) bool {
	if int(l.bytes.Load())+int(req.entry.size) > lim.MaxBufferedBytes {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.charge(req, lim) {
		return false
	}
	l.bytes.Add(int64(req.entry.size))
	l.push(req)
	return true
}

// adopt gives a line to a request that is under way already and turned out to be
// slow. There is always room for it.
func (l *ledger) adopt(req *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.push(req)
}

func (l *ledger) charge(req *Request, lim *Limits) bool {
	bare := bareOf(req.From)
	acc := l.accounts[bare]
	if acc == nil {
		acc = &account{key: bare}
		if !req.Local() {
			acc.domain = l.domain(domainOf(bare))
		}
	}
	share := lim.MaxBufferedBytes / bytesShare
	if !acc.fits(req, lim.PerSender, share) || acc.domain != nil && !acc.domain.fits(req, lim.PerDomain, 2*share) {
		return false
	}
	req.entry.account = acc
	for ; acc != nil; acc = acc.domain {
		l.accounts[acc.key] = acc
		acc.open++
		acc.bytes += int(req.entry.size)
	}
	return true
}

// fits reports whether there is room for one more. A large request alone is
// nobody's flood.
func (a *account) fits(req *Request, most, share int) bool {
	return a.open < most && (a.open == 0 || a.bytes+int(req.entry.size) <= share)
}

// domain returns the account of a domain. Its key is no bare JID.
func (l *ledger) domain(name string) *account {
	key := "/" + name
	if acc := l.accounts[key]; acc != nil {
		return acc
	}
	return &account{key: key}
}

// free takes back the places of requests whose replies are gone, and returns how
// many of those would be missed.
func (l *ledger) free(items []outItem) (missed int) {
	replies, charged := 0, false
	for i := range items {
		if items[i].reply {
			replies++
			if !items[i].check {
				missed++
			}
		}
		charged = charged || items[i].account != nil
	}
	l.open.Add(-int64(replies))
	if !charged {
		return missed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range items {
		if acc := items[i].account; acc != nil {
			l.bytes.Add(-int64(items[i].charged))
			l.discharge(acc, items[i].charged)
		}
	}
	return missed
}

func (l *ledger) discharge(acc *account, size int) {
	for ; acc != nil; acc = acc.domain {
		acc.bytes -= size
		if acc.open--; acc.open == 0 {
			delete(l.accounts, acc.key)
		}
	}
}

// push enters the deadline of req. The lock is held.
func (l *ledger) push(req *Request) {
	heap.Push(&l.due, req)
	if l.due[0] == req {
		l.arm()
	}
}

// done takes out the deadline of req.
func (l *ledger) done(req *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := req.entry.heap; i > 0 {
		heap.Remove(&l.due, int(i)-1)
	}
}

// arm sets the one timer to the first deadline. The lock is held.
func (l *ledger) arm() {
	d := time.Duration(max(0, l.due[0].entry.deadline-l.now()))
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.ring)
		return
	}
	l.timer.Reset(d)
}

// ring hands over the requests that are due.
func (l *ledger) ring() {
	l.mu.Lock()
	var late []*Request
	for now := l.now(); len(l.due) > 0 && l.due[0].entry.deadline <= now; {
		late = append(late, heap.Pop(&l.due).(*Request))
	}
	if len(l.due) > 0 {
		l.arm()
	}
	l.mu.Unlock()
	if len(late) > 0 {
		l.expire(late)
	}
}

// waiting returns the requests that have a deadline.
func (l *ledger) waiting() []*Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*Request(nil), l.due...)
}

func (l *ledger) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// A dueHeap orders requests by deadline and tells each its place.
type dueHeap []*Request

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].entry.deadline < h[j].entry.deadline }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].entry.heap, h[j].entry.heap = int32(i+1), int32(j+1)
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	req := x.(*Request)
	*h = append(*h, req)
	req.entry.heap = int32(len(*h))
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	req := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	req.entry.heap = 0
	return req
}
