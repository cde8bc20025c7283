package component

import (
	"context"
	"sync"
	"time"
)

// A reqContext is the context of a request. It is the request's own memory and
// needs no timer, for the ledger has one for all. It implements AfterFunc, or
// each context derived from it would start a goroutine.
type reqContext Request

func (r *Request) context() context.Context { return (*reqContext)(r) }

// Deadline returns when the request has to be answered.
func (c *reqContext) Deadline() (time.Time, bool) {
	return c.comp.epoch.Add(time.Duration(c.entry.deadline)), true
}

// Done returns a channel that is closed at the deadline, or when the handler has
// returned.
func (c *reqContext) Done() <-chan struct{} {
	s := c.state()
	if c.ended.Load() != ctxOpen {
		s.end()
	}
	return s.done
}

// Err returns why the context ended, or nil.
func (c *reqContext) Err() error {
	why := c.ended.Load()
	if why == ctxOpen {
		return nil
	}
	if s := c.ctx.Load(); s != nil {
		s.end() // whoever sees the error is to see the channel closed
	}
	if why == ctxExpired {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// Value returns what the context given to Run holds.
func (c *reqContext) Value(key any) any {
	if ctx := c.comp.vals.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}

// AfterFunc has f called on its own goroutine when the context ends, as
// context.AfterFunc documents.
func (c *reqContext) AfterFunc(f func()) (stop func() bool) {
	s := c.state()
	key := &f
	s.add(key)
	if c.ended.Load() != ctxOpen {
		s.end()
	}
	return func() bool { return s.remove(key) }
}

// How it stands with a context.
const (
	ctxOpen = iota
	ctxCanceled
	ctxExpired
)

// cancel ends the context; the first reason counts. Most have no state by then.
func (c *reqContext) cancel(why uint32) {
	if c.ended.CompareAndSwap(ctxOpen, why) {
		if s := c.ctx.Load(); s != nil {
			s.end()
		}
	}
}

// state returns the state, made where there was none. Whoever makes it looks
// afterwards whether the context has ended; whoever ends it looks afterwards for a
// state: one of them sees the other.
func (c *reqContext) state() *ctxState {
	if s := c.ctx.Load(); s != nil {
		return s
	}
	c.ctx.CompareAndSwap(nil, &ctxState{done: make(chan struct{})})
	return c.ctx.Load()
}

// ctxState is what there is of a context that something waits for.
type ctxState struct {
	done  chan struct{}
	mu    sync.Mutex
	over  bool
	funcs map[*func()]struct{}
}

// end tells all who wait, once.
func (s *ctxState) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		close(s.done)
	}
	for f := range s.funcs {
		go (*f)()
	}
	s.funcs = nil
}

func (s *ctxState) add(f *func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.funcs == nil {
		s.funcs = make(map[*func()]struct{})
	}
	s.funcs[f] = struct{}{}
}

// remove reports whether f was still waiting.
func (s *ctxState) remove(f *func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, waiting := s.funcs[f]
	delete(s.funcs, f)
	return waiting
}
