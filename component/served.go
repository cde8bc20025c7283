package component

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

// A router finds what answers a request.
type router interface {
	route(req *Request) (*route, Handler)
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
	v.router = sole{&route{inst: inst}, h}
	return v
}

// sole routes everything to one handler.
type sole struct {
	rt *route
	h  Handler
}

func (s sole) route(*Request) (*route, Handler) { return s.rt, s.h }

func (l *Limits) timeout(rt *route) time.Duration { return cmp.Or(rt.timeout, l.HandlerTimeout) }

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

// stop ends the extensions that next does not keep.
func (v *served) stop(c *Component, next *served) {
	var kept []*instance
	if next != nil {
		kept = next.instances()
	}
	for _, inst := range v.instances() {
		if !slices.Contains(kept, inst) {
			inst.life.stop(c, inst)
		}
	}
}

// Reload puts another handler and other limits in the place of those in use,
// without leaving the stream. Extensions that the new mux keeps (Mux.Keep) go on
// as they are; new ones are started; of those that are gone what runs is
// finished, for up to Limits.DrainTimeout, and they are closed before Reload
// returns. When lim makes no sense nothing changes.
func (c *Component) Reload(h Handler, lim Limits) error {
	if h == nil {
		return errors.New("reload: no handler")
	}
	if err := lim.Validate(); err != nil {
		return err
	}
	c.reload.Lock()
	defer c.reload.Unlock()
	next := newServed(h, lim)
	old := c.served.Load()
	if c.started.Load() {
		next.start(c)
	}
	c.served.Store(next)
	if c.started.Load() {
		old.stop(c, next)
	}
	return nil
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

const stanzaQueue = 1024 // presences and messages that may wait for an extension

// A life is the part of an instance that runs by itself.
type life struct {
	mu      sync.Mutex
	started bool
	cancel  context.CancelFunc
	stanzas chan *Stanza
	done    sync.WaitGroup
}

func (l *life) start(c *Component, inst *instance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started {
		return
	}
	l.started = true
	ctx, cancel := context.WithCancel(c.base)
	l.cancel = cancel
	if inst.ext.Stanza != nil {
		l.stanzas = make(chan *Stanza, stanzaQueue)
		l.done.Add(1)
		go l.feed(ctx, c, inst)
	}
	if inst.ext.Run != nil {
		l.done.Add(1)
		go l.run(ctx, c, inst)
	}
}

// offer queues a stanza; false: there is no room.
func (l *life) offer(s *Stanza) bool {
	l.mu.Lock()
	queue := l.stanzas
	l.mu.Unlock()
	select {
	case queue <- s:
		return true
	default:
		return false
	}
}

func (l *life) feed(ctx context.Context, c *Component, inst *instance) {
	defer l.done.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-l.stanzas:
			err := guard(func() error { inst.ext.Stanza(ctx, s); return nil })
			logFailure(c, inst, "extension failed at a stanza", err)
		}
	}
}

// run runs Extension.Run and starts it again when it ends early.
func (l *life) run(ctx context.Context, c *Component, inst *instance) {
	defer l.done.Done()
	pace := backoff.NewExponentialBackOff()
	for {
		began := time.Now()
		err := guard(func() error { return inst.ext.Run(ctx, c) })
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Minute {
			pace.Reset()
		}
		logFailure(c, inst, "extension ended, starting it again", errors.Join(errors.New("ended early"), err))
		t := time.NewTimer(pace.NextBackOff())
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// stop lets what runs finish, answers what does not, ends Run and closes.
func (l *life) stop(c *Component, inst *instance) {
	idle := inst.lane.wait()
	t := time.NewTimer(c.limits().DrainTimeout)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
		c.abandon(inst)
	case <-c.base.Done():
	}
	l.mu.Lock()
	if l.cancel != nil {
		l.cancel()
	}
	l.mu.Unlock()
	l.done.Wait()
	if inst.ext.Close != nil {
		logFailure(c, inst, "extension did not close", guard(inst.ext.Close))
	}
}

// abandon answers the requests of an extension that goes away.
func (c *Component) abandon(inst *instance) {
	for _, req := range c.led.waiting() {
		if req.rt.inst == inst {
			c.led.done(req)
			c.refuse(req, errShuttingDown())
			(*reqContext)(req).cancel(context.Canceled)
		}
	}
	c.out.kick()
}

func errShuttingDown() *Error {
	return &Error{Condition: stanza.ServiceUnavailable, Type: stanza.Wait, Text: "shutting down"}
}

// guard calls f and makes a panic an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return f()
}

func logFailure(c *Component, inst *instance, msg string, err error) {
	if err == nil {
		return
	}
	attrs := []slog.Attr{slog.String("handler", inst.ext.Name), slog.String("err", clip(err.Error()))}
	var pe *panicError
	if errors.As(err, &pe) {
		attrs = append(attrs, slog.String("stack", string(pe.stack)))
	}
	c.cfg.Log.LogAttrs(c.base, slog.LevelError, msg, attrs...)
}
