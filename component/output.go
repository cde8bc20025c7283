package component

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	flushAt    = 128 << 10        // the reader writes what it has gathered from here on
	pauseAt    = 16 << 20         // above this much unwritten output the reader pauses
	resumeAt   = pauseAt / 2      // until half of it is gone
	writeChunk = 64 << 10         // of one blocking write, so that progress can be seen
	writeStall = 90 * time.Second // without progress ends the connection
	keepBuffer = 4 << 20          // a larger buffer is given back once it is empty
)

// An outItem is the end of one stanza in the output.
type outItem struct {
	size     int      // bytes
	deadline int64    // ns since the epoch of the component, after which nobody wants it
	account  *account // who is charged for the request, or nil
	charged  int      // bytes charged for the request
	reply    bool     // it holds a place in the ledger
	check    bool     // it answers a check, which nobody will miss
}

// An output holds what has been written by us and not yet taken by the kernel. It
// outlives the stream: what one stream did not take whole goes whole on the next.
type output struct {
	led *ledger

	mu      sync.Mutex
	moved   sync.Cond // signalled when bytes have gone, a writer has stopped, or the stream has changed
	tail    batch     // appended to
	head    batch     // being written; nobody else touches it while writing is set
	stream  *stream   // nil: none
	writing bool
	held    int   // handlers that wait for room
	purgeAt int64 // when it is worth the while to look again for what nobody waits for

	size    atomic.Int64  // bytes in head and tail that the kernel has not taken
	taken   atomic.Int64  // bytes that the kernel has taken, ever
	replied atomic.Uint64 // replies that the kernel has taken, ever; those to checks left out
	expired atomic.Uint64
}

// A batch is a run of whole stanzas.
type batch struct {
	buf   []byte
	items []outItem
	next  int // first item that the kernel has not wholly taken
	start int // where that one starts in buf
	off   int // bytes that this stream's kernel has taken
}

func (b *batch) empty() bool { return b.next == len(b.items) }

func (b *batch) reset() {
	if cap(b.buf) > keepBuffer {
		*b = batch{}
		return
	}
	*b = batch{buf: b.buf[:0], items: b.items[:0]}
}

func newOutput(led *ledger) *output {
	o := &output{led: led}
	o.moved.L = &o.mu
	return o
}

// append adds one stanza. The caller sees to it that it is written: by kick, or
// by flush before it reads on.
func (o *output) append(data []byte, it outItem) {
	it.size = len(data)
	o.mu.Lock()
	o.tail.buf = append(o.tail.buf, data...)
	o.tail.items = append(o.tail.items, it)
	o.size.Add(int64(len(data))) // under the lock, or dropExpired would count it twice
	if o.held > 0 {
		o.moved.Broadcast() // it may be the answer of one that is held back
	}
	o.mu.Unlock()
}

// hold holds back a handler that is about to run while the server takes too
// little of what has been answered, until it takes more or req has been answered
// otherwise.
func (o *output) hold(req *Request) {
	if o.size.Load() < pauseAt {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held++
	for o.size.Load() > resumeAt && !req.entry.answered.Load() {
		o.moved.Wait()
	}
	o.held--
}

// room reports whether n bytes more are within the limit. What nobody waits for
// any more goes first, while there is no stream that could take it.
func (o *output) room(n, limit int, now int64) bool {
	if int(o.size.Load())+n <= limit {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stream == nil && !o.writing && now >= o.purgeAt {
		o.dropExpired(now)
		o.purgeAt = now + int64(time.Second) // it has to go through all of it
	}
	return int(o.size.Load())+n <= limit
}

// kick has the writer of the stream write what is there.
func (o *output) kick() {
	o.mu.Lock()
	s, busy := o.stream, o.writing
	o.mu.Unlock()
	if s != nil && !busy {
		s.kickWriter()
	}
}

// attach makes s the stream that is written to. Replies that nobody waits for any
// more are dropped first.
func (o *output) attach(s *stream, now int64) {
	o.mu.Lock()
	o.dropExpired(now)
	o.stream = s
	o.moved.Broadcast()
	o.mu.Unlock()
	s.kickWriter()
}

// detach stops writing to s, at once, and waits until its writer has let go. It
// reports whether a stanza was cut in the middle.
func (o *output) detach(s *stream) (cut bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stream = nil
	o.moved.Broadcast()
	for o.writing {
		s.abortWrite()
		o.moved.Wait()
	}
	cut = o.head.off > o.head.start
	o.size.Add(int64(o.head.off - o.head.start))
	o.head.off = o.head.start // a stanza that was cut goes whole on the next stream
	return cut
}

// flush writes until nothing is left. Without wait it takes only what the kernel
// takes at once, and leaves the rest to the writer.
func (o *output) flush(s *stream, wait bool) {
	o.mu.Lock()
	if o.writing || o.stream != s {
		o.mu.Unlock()
		return
	}
	o.writing = true
	more := false
	for o.stream == s && !more {
		if o.head.empty() {
			o.head.reset()
			if o.tail.empty() {
				break
			}
			o.head, o.tail = o.tail, o.head
		}
		chunk := o.head.buf[o.head.off:]
		if wait && len(chunk) > writeChunk {
			chunk = chunk[:writeChunk]
		}
		s.extendWrite()
		o.mu.Unlock()
		n, err := s.write(chunk, wait)
		if err != nil {
			s.end(err)
		}
		o.mu.Lock()
		o.took(n)
		more = err != nil || !wait && n < len(chunk)
	}
	o.writing = false
	o.moved.Broadcast()
	o.mu.Unlock()
	if more {
		s.kickWriter()
	}
}

// took accounts for n bytes of head that the kernel has taken.
func (o *output) took(n int) {
	h := &o.head
	h.off += n
	first := h.next
	for h.next < len(h.items) && h.start+h.items[h.next].size <= h.off {
		h.start += h.items[h.next].size
		h.next++
	}
	o.size.Add(-int64(n))
	o.taken.Add(int64(n))
	if missed := o.led.free(h.items[first:h.next]); missed > 0 {
		o.replied.Add(uint64(missed))
	}
	o.moved.Broadcast()
}

// dropExpired forgets the stanzas whose deadline has passed while there was no
// stream.
func (o *output) dropExpired(now int64) {
	var kept batch
	for _, b := range []*batch{&o.head, &o.tail} {
		at := b.start
		for _, it := range b.items[b.next:] {
			if it.deadline < now {
				o.led.free([]outItem{it})
				o.expired.Add(1)
			} else {
				kept.buf = append(kept.buf, b.buf[at:at+it.size]...)
				kept.items = append(kept.items, it)
			}
			at += it.size
		}
	}
	o.head, o.tail = kept, batch{}
	o.size.Store(int64(len(kept.buf)))
}

// waitRoom holds the reader of s back while the server takes nothing.
func (o *output) waitRoom(s *stream) {
	if o.size.Load() < pauseAt {
		return
	}
	s.kickWriter()
	s.paused.Store(true)
	defer s.paused.Store(false)
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.stream == s && o.size.Load() > resumeAt {
		o.moved.Wait()
	}
}

// waitEmpty waits until all is in the kernel, s is no longer the stream, or the
// deadline has passed.
func (o *output) waitEmpty(s *stream, limit time.Duration) {
	timer := time.AfterFunc(limit, func() {
		o.mu.Lock()
		o.moved.Broadcast()
		o.mu.Unlock()
	})
	defer timer.Stop()
	end := time.Now().Add(limit)
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.stream == s && (o.writing || !o.head.empty() || !o.tail.empty()) && time.Now().Before(end) {
		o.moved.Wait()
	}
}
