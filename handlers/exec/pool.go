package exec

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"mellium.im/xmpp/stanza"
)

// A pool is the workers of a section: the plugin.Transport to its children.
type pool struct {
	cfg     Config
	env     component.Env
	prog    *program
	log     *slog.Logger
	workers []*worker
	turn    atomic.Uint32 // where the search for a child begins
	req     component.Requester

	mu      sync.Mutex
	changed chan struct{} // closed when the state of a worker changes, and made anew
}

func newPool(cfg Config, env component.Env, prog *program) *pool {
	p := &pool{cfg: cfg, env: env, prog: prog, log: env.Log, changed: make(chan struct{})}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	for i := range cfg.Workers {
		p.workers = append(p.workers, newWorker(p, i+1))
	}
	return p
}

// run is Extension.Run: it starts the children and returns when they have ended.
func (p *pool) run(ctx context.Context, r component.Requester) error {
	p.req = r
	var running sync.WaitGroup
	for _, w := range p.workers {
		running.Go(func() { w.run(ctx) })
	}
	running.Wait()
	return nil
}

// close is Extension.Close: what run has had no time to end is killed.
func (p *pool) close() error {
	for _, w := range p.workers {
		w.kill()
	}
	return nil
}

// Answers to requests that no child takes.
func errNobody() error {
	return &component.Error{Condition: stanza.ServiceUnavailable, Type: stanza.Wait, Text: "the service is starting again"}
}

func errFull() error {
	return &component.Error{Condition: stanza.ResourceConstraint, Type: stanza.Wait, Text: "the service is busy"}
}

// errLate is for who looks at it though the request has been answered by then.
func errLate() error {
	return &component.Error{Condition: stanza.RemoteServerTimeout}
}

// Call implements plugin.Transport. When the child dies that a get was given to,
// another one is asked, once: a set may have been carried out.
func (p *pool) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	m, err := p.ask(ctx, call)
	var death *deathError
	if call.Repeatable && errors.As(err, &death) {
		m, err = p.ask(ctx, call)
	}
	return m, err
}

// Notify implements plugin.Transport.
func (p *pool) Notify(ctx context.Context, call *plugin.Call) {
	if c := p.least(nil); c != nil {
		c.notify(ctx, call)
	}
}

func (p *pool) ask(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	c, pd, err := p.hand(ctx, call)
	if err != nil {
		return plugin.Message{}, err
	}
	select {
	case out := <-pd.done:
		return out.m, out.err
	case <-ctx.Done():
		c.giveUp(pd)
		c.noteMute(ctx)
		return plugin.Message{}, errLate()
	}
}

// hand gives the call to the child that has the least under way. When none runs it
// waits for one: for as long as the request has time, unless each that was started
// has died soon, again and again.
func (p *pool) hand(ctx context.Context, call *plugin.Call) (*child, *pending, error) {
	for {
		changed := p.watch()
		c, pd, err := p.tryAll(ctx, call)
		if c != nil || err != nil {
			return c, pd, err
		}
		if p.broken() {
			return nil, nil, errNobody()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, errLate()
		}
	}
}

// tryAll returns no child and no error when none runs.
func (p *pool) tryAll(ctx context.Context, call *plugin.Call) (*child, *pending, error) {
	var refused []*child
	var full error
	for c := p.least(nil); c != nil; c = p.least(refused) {
		pd, err := c.send(ctx, call)
		if err == nil {
			return c, pd, nil
		}
		if errors.Is(err, errQueueFull) {
			full = errFull()
		}
		refused = append(refused, c)
	}
	return nil, nil, full
}

// least returns the child that has the least under way. Among equals it is each
// one's turn.
func (p *pool) least(not []*child) *child {
	var best *child
	var fewest int32
	first := int(p.turn.Add(1) % uint32(len(p.workers)))
	for i := range p.workers {
		c := p.workers[(first+i)%len(p.workers)].child.Load()
		if c == nil || len(not) > 0 && slices.Contains(not, c) {
			continue
		}
		if n := c.underWay.Load(); best == nil || n < fewest {
			best, fewest = c, n
		}
	}
	return best
}

// broken reports whether there is no worker that a request could hope for.
func (p *pool) broken() bool {
	return !slices.ContainsFunc(p.workers, func(w *worker) bool { return !w.broken.Load() })
}

// watch returns a channel that is closed when the state of a worker changes.
func (p *pool) watch() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// announce has those who wait for a child look again.
func (p *pool) announce() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}
