package component

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// A router finds what answers a request.
type router interface {
	route(req *Request) *route
}

// served is what answers requests, and within which limits. It never changes; a
// reload puts another one in its place.
type served struct {
	router router
	mux    *Mux // nil: the handler is no mux
	limits Limits
}

func newServed(h Handler, lim Limits) *served {
	v := &served{limits: lim.withDefaults()}
	if m, ok := h.(*Mux); ok {
		v.router, v.mux = m, m
		return v
	}
	inst := &instance{}
	inst.lane.init(0, false)
	v.router = &route{inst: inst, get: h, set: h}
	return v
}

func (l *Limits) timeout(req *Request) time.Duration {
	d := cmp.Or(req.rt.timeout, l.HandlerTimeout)
	if req.outer() != nil {
		d = min(d, delegatedTimeout)
	}
	return d
}

// stanza returns the limits of a stanza received.
func (l *Limits) stanza() wire.Limits { return wire.Limits{Bytes: l.MaxStanzaBytes, Depth: l.MaxDepth} }

// use returns what answers requests. It is in use until the goroutine that reads
// sees to the next request, waits for one, or ends.
func (c *Component) use() *served {
	for {
		v := c.served.Load()
		if c.inUse.Load() == v {
			return v
		}
		c.inUse.Store(v)
		if c.served.Load() == v {
			return v
		}
	}
}

func (v *served) instances() []*instance {
	if v.mux == nil {
		return nil
	}
	return v.mux.table.Load().insts
}

// start starts the extensions that do not run yet.
func (v *served) start(c *Component) {
	for _, inst := range v.instances() {
		inst.life.start(c, inst)
	}
}

// stop ends the extensions that next does not keep: what runs of their requests
// may finish, then what runs by itself, and then they are closed.
func (v *served) stop(c *Component, next *served) {
	gone := v.instances()
	if next != nil {
		kept := next.instances()
		gone = slices.DeleteFunc(slices.Clone(gone), func(i *instance) bool { return slices.Contains(kept, i) })
	}
	limit := c.limits().DrainTimeout
	end := time.Now().Add(limit)
	for _, inst := range gone {
		c.finish(inst, time.Until(end))
	}
	for _, inst := range gone {
		inst.life.end()
	}
	end = time.Now().Add(limit)
	for _, inst := range gone {
		inst.life.close(c, inst, time.Until(end))
	}
}

// Reload puts another handler and other limits in the place of those in use,
// without leaving the stream. Extensions that the new mux keeps (Mux.Keep) go on
// as they are; new ones are started; of those that are gone what runs is
// finished, for up to Limits.DrainTimeout, and they are closed before Reload
// returns. When lim makes no sense nothing changes. After Run it is ErrShutdown.
func (c *Component) Reload(h Handler, lim Limits) error {
	if h == nil {
		return errors.New("reload: no handler")
	}
	if err := lim.Validate(); err != nil {
		return err
	}
	c.reload <- struct{}{}
	defer func() { <-c.reload }()
	if c.base.Err() != nil {
		return ErrShutdown
	}
	next := newServed(h, lim)
	old := c.served.Load()
	var held []*instance
	if c.started.Load() {
		next.start(c)
		held = next.hold(old)
	}
	c.served.Store(next)
	// A quick call is in no lane until it turns out to be slow.
	c.poll(time.Now().Add(next.limits.DrainTimeout), func() bool { return c.inUse.Load() != old })
	if c.started.Load() {
		old.stop(c, next)
	}
	for _, inst := range held {
		for _, req := range inst.lane.release() {
			c.spawn(req)
		}
	}
	return nil
}

// hold has the extensions that take the place of one of the same name wait until
// that one has ended, or what an owner sent later would overtake what it sent
// before.
func (v *served) hold(old *served) (held []*instance) {
	for _, inst := range v.instances() {
		for _, was := range old.instances() {
			if was != inst && was.ext.Name == inst.ext.Name {
				inst.lane.held.Store(true)
				held = append(held, inst)
			}
		}
	}
	return held
}

// broadcast gives a presence or a message to the extensions that want them.
func (v *served) broadcast(c *Component, st *wire.Stanza) {
	var s *Stanza
	for _, inst := range v.instances() {
		if inst.ext.Stanza == nil {
			continue
		}
		if s == nil {
			s = &Stanza{
				Kind: st.Name.Local, Type: st.Type, To: st.To, From: st.From, ID: st.ID, Lang: st.Lang,
				Element: Element{st.Element()}, HasPayload: st.Children > 0,
			}
		}
		if !inst.life.offer(s) {
			c.stats.ignored.Add(1)
		}
	}
	if s == nil {
		c.stats.ignored.Add(1)
	}
}
