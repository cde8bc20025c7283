package component

import (
	"context"
	"log/slog"
	"runtime/debug"

	"mellium.im/xmpp/stanza"
)

// perform calls the handler and renders what it returned, on the calling
// goroutine and under its recover.
func (c *Component) perform(sc *scratch, req *Request) {
	defer func() {
		if v := recover(); v != nil {
			c.render(sc, req, nil, &panicError{value: v, stack: debug.Stack()})
		}
	}()
	p, err := req.rt.handler(req.Type).ServeIQ(req.context(), req)
	c.render(sc, req, p, err)
}

// settle gives the rendered reply to the output, if nobody has answered before.
func (c *Component) settle(sc *scratch, req *Request) bool {
	if !req.entry.answered.CompareAndSwap(false, true) {
		return false
	}
	it := outItem{deadline: req.entry.deadline, reply: true, check: req.entry.check}
	if req.entry.account != nil {
		it.account, it.charged = req.entry.account, int(req.entry.size)
	}
	switch {
	case len(sc.buf) == 0:
		c.stats.unanswered.Add(1)
		c.led.free([]outItem{it})
		return true
	case sc.isError:
		c.stats.errors.Add(1)
	default:
		c.stats.results.Add(1)
	}
	c.out.append(sc.buf, it)
	if cap(sc.buf) > keepBuffer {
		sc.buf = nil
	}
	return true
}

// serve runs req and then, one after the other, what takes over its place in the
// lane. It is the body of a goroutine.
func (c *Component) serve(req *Request) {
	roomy(0)
	defer c.wg.Done()
	for req != nil {
		req = c.serveOne(req)
	}
}

func (c *Component) serveOne(req *Request) (next *Request) {
	sc := c.scratches.Get().(*scratch)
	returned := false
	defer func() {
		if returned {
			c.scratches.Put(sc)
			return
		}
		// runtime.Goexit: this goroutine is lost, what waits goes on on another.
		c.render(sc, req, nil, &panicError{stack: debug.Stack()})
		c.finishSlow(sc, req)
		c.runHooks(req)
		if next := req.rt.inst.lane.finish(req); next != nil {
			c.spawn(next)
		}
	}()
	c.out.hold(req)
	if !req.entry.answered.Load() {
		c.perform(sc, req)
	}
	c.finishSlow(sc, req)
	c.runHooks(req)
	returned = true
	return req.rt.inst.lane.finish(req)
}

// finishSlow answers a request that has a line in the ledger.
func (c *Component) finishSlow(sc *scratch, req *Request) {
	c.led.done(req)
	if !sc.isError && len(sc.buf) > smallReply && !c.room(sc) {
		c.stats.overloads.Add(1)
		c.renderError(sc, req, &Error{Condition: stanza.ResourceConstraint, Text: "too many replies are waiting for the server"})
	}
	if c.settle(sc, req) {
		c.out.kick()
	} else {
		c.stats.late.Add(1)
	}
	(*reqContext)(req).cancel(ctxCanceled)
}

// smallReply is the size up to which a reply is kept even when the output is full:
// whoever has changed something is to hear of it, and what is that small is
// bounded by Limits.InFlight.
const smallReply = 4 << 10

// runHooks calls what the handler left to AfterReply, once, whatever becomes of
// it.
func (c *Component) runHooks(req *Request) {
	x := req.rare.Load()
	if x == nil {
		return
	}
	hooks := x.after
	x.after = nil
	for _, f := range hooks {
		c.runHook(req, f)
	}
}

func (c *Component) runHook(req *Request, f func(context.Context, Requester)) {
	defer func() {
		if v := recover(); v != nil {
			_ = c.stanzaError(req, &panicError{value: v, stack: debug.Stack()})
		}
	}()
	f(c.base, c)
}

func (c *Component) spawn(req *Request) {
	c.wg.Add(1)
	go c.serve(req)
}

// expired answers the requests whose deadline has come.
func (c *Component) expired(late []*Request) {
	for _, req := range late {
		if c.refuse(req, &Error{Condition: stanza.RemoteServerTimeout, Text: "the handler did not answer in time"}) {
			c.stats.timeouts.Add(1)
			c.cfg.Log.LogAttrs(c.base, slog.LevelWarn, "handler did not answer in time", requestAttrs(req)...)
		}
		(*reqContext)(req).cancel(ctxExpired)
		for _, r := range req.rt.inst.lane.late(req) {
			c.led.done(r)
			if c.refuse(r, errStuck()) {
				c.stats.overloads.Add(1)
			}
		}
	}
	c.out.kick()
}

// refuse answers req with e, unless it has been answered.
func (c *Component) refuse(req *Request, e *Error) bool {
	sc := c.scratches.Get().(*scratch)
	defer c.scratches.Put(sc)
	c.renderError(sc, req, e)
	return c.settle(sc, req)
}

func errStuck() *Error {
	return &Error{Condition: stanza.ResourceConstraint, Text: "all places of this handler are taken by requests past their deadline"}
}
