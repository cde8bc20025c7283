package component

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Component is a service behind an XMPP server. Make one with New.
type Component struct {
	cfg   Config
	epoch time.Time       // the component's clock counts from here, in ns
	base  context.Context // ends when Run is about to return
	end   context.CancelFunc
	vals  atomic.Pointer[context.Context] // the one given to Run

	served    atomic.Pointer[served]
	inUse     atomic.Pointer[served] // by the goroutine that reads, for the request at hand
	led       *ledger
	out       *output
	calls     calls
	sessions  *sessions
	stats     counters
	scratches sync.Pool // of *scratch
	wg        sync.WaitGroup

	draining atomic.Bool
	started  atomic.Bool
	sister   atomic.Bool   // another process has been seen to serve our domain
	reload   chan struct{} // holds one while a reload, the beginning or the end is under way
	probes   chan chan struct{}

	news    sync.Mutex // held while a change of state is told: locked before mu
	trouble trouble
	mu      sync.Mutex
	status  Status
}

// New returns a component that has yet to Run. Its error names what is wrong in
// cfg.
func New(cfg Config) (*Component, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Component{cfg: cfg.withDefaults(), epoch: time.Now(), probes: make(chan chan struct{}), reload: make(chan struct{}, 1)}
	c.base, c.end = context.WithCancel(context.Background())
	c.led = newLedger(c.now, c.expired)
	c.out = newOutput(c.led)
	c.calls = calls{c: c, waiting: map[string]*call{}}
	c.sessions = newSessions(c.sessionOver)
	c.scratches.New = func() any { return new(scratch) }
	c.status = Status{State: StateIdle, Since: c.epoch}
	c.served.Store(newServed(cfg.Handler, cfg.Limits))
	return c, nil
}

// Run makes a component of cfg and runs it: see Component.Run.
func Run(ctx context.Context, cfg Config) error {
	c, err := New(cfg)
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

// now is the time on the component's clock.
func (c *Component) now() int64 { return int64(time.Since(c.epoch)) }

func (c *Component) limits() *Limits { return &c.served.Load().limits }

// Run keeps the component connected until ctx ends. Then it takes no new work,
// lets what runs finish for up to Limits.DrainTimeout, answers the rest, closes
// the stream, and returns nil. It returns an error only when the configuration
// says so of a conflict. Run is called once.
func (c *Component) Run(ctx context.Context) error {
	if !c.begin(ctx) {
		return errors.New("component: Run was called before")
	}
	defer c.end()
	life, endLife := context.WithCancel(c.base)
	defer endLife()
	up := make(chan error, 1)
	go func() { up <- c.keepUp(life) }()

	var err error
	ended := false
	select {
	case <-ctx.Done():
	case err = <-up:
		ended = true
	}
	c.drain(ended)
	endLife()
	if !ended {
		<-up
	}
	c.calls.close()
	c.end()
	c.reload <- struct{}{} // a reload that is under way has to end first
	c.served.Load().stop(c, nil)
	<-c.reload
	c.join()
	c.led.stop()
	c.stats.unconfirmed.Add(uint64(max(0, c.led.open.Load()))) // read while the stream was closing
	c.setStatus(Status{State: StateStopped})
	return err
}

// begin starts the extensions; false: that was done before.
func (c *Component) begin(ctx context.Context) bool {
	c.reload <- struct{}{}
	defer func() { <-c.reload }()
	if c.started.Swap(true) {
		return false
	}
	ctx = context.WithoutCancel(ctx) // for its values; requests end by themselves
	c.vals.Store(&ctx)
	c.served.Load().start(c)
	return true
}

// keepUp connects, serves the stream until it ends, waits, and does it again. It
// returns nil when ctx ends.
func (c *Component) keepUp(ctx context.Context) error {
	pace := newPacer()
	for {
		c.setStatus(Status{State: StateConnecting})
		routed, err := c.connect(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if stop, err := c.fatal(err); stop {
			return err
		}
		delay := pace.next(err, routed, time.Now())
		c.setStatus(Status{State: StateWaiting, Err: err, Retry: delay})
		if !c.rest(ctx, delay) {
			return nil
		}
	}
}

// rest waits for d and meanwhile answers Alive; false: ctx has ended.
func (c *Component) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return false
		case probe := <-c.probes:
			close(probe)
		}
	}
}

const proven = time.Minute // a stream that lived so long was a good one, though nothing was routed on it

// connect makes one stream and serves it. It reports whether it was a good one,
// on which a stanza was routed to us, and why it ended.
func (c *Component) connect(ctx context.Context) (routed bool, err error) {
	type made struct {
		s   *stream
		err error
	}
	opened := make(chan made, 1)
	go func() {
		s, err := c.opened(ctx)
		opened <- made{s, err}
	}()
	var m made
	for m.s == nil && m.err == nil {
		select {
		case m = <-opened:
		case probe := <-c.probes:
			close(probe)
		}
	}
	if m.err != nil {
		return false, m.err
	}
	c.stats.streams.Add(1)
	c.setStatus(Status{State: StateOnline})
	began, ended := time.Now(), make(chan error, 1)
	go func() { ended <- m.s.run(ctx) }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				c.stats.lost.Add(1)
			}
			return m.s.heard.Load() != 0 || time.Since(began) > proven, err
		case probe := <-c.probes:
			close(probe)
		}
	}
}

func (c *Component) opened(ctx context.Context) (*stream, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := c.newStream(conn)
	if err := s.open(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// fatal reports whether Run is to return because of err, and with what.
func (c *Component) fatal(err error) (bool, error) {
	var se *StreamError
	if !errors.As(err, &se) || se.ByUs || se.Condition != "conflict" {
		return false, nil
	}
	switch c.cfg.Conflict {
	case ConflictExit:
		return true, err
	case ConflictDrain:
		return !se.Setup, nil
	}
	return false, nil
}

// Alive returns nil once the goroutine that keeps the stream up and the locks
// that every request needs have answered, or the error of ctx: it is what a
// service manager's watchdog should be fed by. It says nothing about the server.
func (c *Component) Alive(ctx context.Context) error {
	if c.Status().State == StateStopped {
		return ErrShutdown
	}
	probe := make(chan struct{})
	select {
	case c.probes <- probe:
	case <-ctx.Done():
		return ctx.Err()
	}
	locks := make(chan struct{})
	go func() {
		defer close(locks)
		c.out.mu.Lock()
		c.led.mu.Lock()
		//lint:ignore SA2001 to have had both locks is all
		c.led.mu.Unlock()
		c.out.mu.Unlock()
	}()
	select {
	case <-locks:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
