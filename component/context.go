package component

import (
	"context"
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
	c.ctx.mu.Lock()
	defer c.ctx.mu.Unlock()
	if c.ctx.done == nil {
		c.ctx.done = make(chan struct{})
		if c.ctx.err != nil {
			close(c.ctx.done)
		}
	}
	return c.ctx.done
}

// Err returns why the context ended, or nil.
func (c *reqContext) Err() error {
	c.ctx.mu.Lock()
	defer c.ctx.mu.Unlock()
	return c.ctx.err
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
	c.ctx.mu.Lock()
	defer c.ctx.mu.Unlock()
	if c.ctx.err != nil {
		go f()
		return func() bool { return false }
	}
	if c.ctx.funcs == nil {
		c.ctx.funcs = make(map[*func()]struct{})
	}
	key := &f
	c.ctx.funcs[key] = struct{}{}
	return func() bool {
		c.ctx.mu.Lock()
		defer c.ctx.mu.Unlock()
		_, waiting := c.ctx.funcs[key]
		delete(c.ctx.funcs, key)
		return waiting
	}
}

// cancel ends the context; the first reason counts.
func (c *reqContext) cancel(err error) {
	c.ctx.mu.Lock()
	defer c.ctx.mu.Unlock()
	if c.ctx.err != nil {
		return
	}
	c.ctx.err = err
	if c.ctx.done != nil {
		close(c.ctx.done)
	}
	for f := range c.ctx.funcs {
		go (*f)()
	}
	c.ctx.funcs = nil
}
