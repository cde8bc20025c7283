package exec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

const (
	mostQueued  = 1 << 20     // bytes that a child has not taken, before the next call is refused
	mostLate    = 4096        // calls whose answers may still come
	mostExpired = 3           // calls in a row that a child leaves unanswered, if it is silent for long
	lastWords   = time.Second // for what a child has said before its end, and for its end once it says no more
)

var (
	errQueueFull = errors.New("the plugin does not read")
	errClosed    = errors.New("the plugin has been closed")
)

// A deathError says that a child died before it answered.
type deathError struct {
	worker int
	why    error
}

// Error returns which child, and why.
func (e *deathError) Error() string {
	return fmt.Sprintf("worker %d ended before it answered: %v", e.worker, e.why)
}

// Unwrap returns why.
func (e *deathError) Unwrap() error { return e.why }

// A child is a process that is talked to.
type child struct {
	worker   *worker
	proc     *process
	underWay atomic.Int32  // calls that wait, and those that ran out of time since it was heard last
	silent   chan struct{} // closed when it will say no more
	wake     chan struct{} // there is something to write
	spoke    atomic.Bool   // it has written a line, whatever was in it
	mute     sync.Once     // for the log
	tasks    sync.WaitGroup

	mu      sync.Mutex
	number  uint64 // of the last call
	waiting map[uint64]*pending
	late    map[uint64]struct{} // calls that nobody waits for
	forgot  uint64              // up to which number late does not tell any more
	out     []byte              // to be written
	heard   time.Time           // when it said something, or was asked something after having answered all
	expired int                 // calls that ran out of time since then
	garbage int
	own     int   // requests of its own under way
	why     error // it is spoken to no more
}

// A pending is a call that waits for its answer.
type pending struct {
	number uint64
	done   chan outcome // holds one
}

// An outcome is what becomes of a call.
type outcome struct {
	m   plugin.Message
	err error
}

func newChild(w *worker, proc *process) *child {
	return &child{
		worker: w, proc: proc, silent: make(chan struct{}), wake: make(chan struct{}, 1),
		waiting: map[uint64]*pending{}, late: map[uint64]struct{}{},
	}
}

// serve starts what reads and what writes.
func (c *child) serve() {
	c.tasks.Go(c.write)
	c.tasks.Go(c.listen)
	go func() {
		c.read()
		close(c.silent)
	}()
}

// send writes a call. It does not wait for the child to take it.
func (c *child) send(ctx context.Context, call *plugin.Call) (*pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return nil, c.why
	}
	before := len(c.out)
	c.out = append(call.Append(ctx, c.out, c.number+1), '\n')
	if before > 0 && len(c.out) > mostQueued {
		c.out = c.out[:before]
		return nil, errQueueFull
	}
	c.number++
	if len(c.waiting) == 0 && c.expired == 0 {
		c.heard = time.Now()
	}
	pd := &pending{c.number, make(chan outcome, 1)}
	c.waiting[pd.number] = pd
	c.underWay.Add(1)
	c.kick()
	return pd, nil
}

// notify writes a call that is not answered, if there is room.
func (c *child) notify(ctx context.Context, call *plugin.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == nil && len(c.out) < mostQueued {
		c.out = append(call.Append(ctx, c.out, 0), '\n')
		c.kick()
	}
}

// giveUp tells the child that nobody waits for the answer to a call. One that has
// said nothing for long although calls wait is taken for hung.
func (c *child) giveUp(pd *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[pd.number] != pd {
		return
	}
	delete(c.waiting, pd.number)
	if len(c.late) >= mostLate {
		clear(c.late) // it does not answer what has been called off, as it may, or not soon
		c.forgot = c.number
	}
	c.late[pd.number] = struct{}{}
	c.expired++
	if len(c.out) < mostQueued {
		c.out = append(plugin.AppendCancel(c.out, pd.number), '\n')
		c.kick()
	}
	limit := c.worker.pool.cfg.HangTimeout
	if quiet := time.Since(c.heard); limit > 0 && quiet > limit && c.expired >= mostExpired {
		c.failLocked(fmt.Errorf("it has said nothing for %s while calls waited", quiet.Round(time.Second)))
	}
}

// deliver hands an answer to who waits for it. It returns an error when nobody has
// asked.
func (c *child) deliver(number uint64, out outcome) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hearLocked()
	if pd := c.waiting[number]; pd != nil {
		delete(c.waiting, number)
		c.underWay.Add(-1)
		pd.done <- out
		return nil
	}
	if _, ok := c.late[number]; !ok && (number == 0 || number > c.forgot) {
		return fmt.Errorf("answer to no call: %d was answered before or never asked", number)
	}
	delete(c.late, number)
	c.worker.log.Debug("late answer")
	return nil
}

// hearLocked notes that the child lives.
func (c *child) hearLocked() {
	c.heard = time.Now()
	c.underWay.Add(int32(-c.expired))
	c.expired = 0
}

// fail ends a child that does what it must not. The first reason counts.
func (c *child) fail(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failLocked(why)
}

func (c *child) failLocked(why error) {
	if c.why == nil {
		c.why = why
		c.proc.signal(syscall.SIGKILL)
	}
}

// stop asks the child to end: by the end of its input, and with SIGTERM.
func (c *child) stop(limit time.Duration) {
	c.mu.Lock()
	if c.why == nil {
		c.why = errClosed
	}
	c.mu.Unlock()
	_ = c.proc.stdin.Close()
	c.proc.signal(syscall.SIGTERM)
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-c.proc.done:
	case <-t.C:
		c.worker.log.Warn("plugin has not ended when asked, killing it")
		c.proc.signal(syscall.SIGKILL)
	}
}

// end waits until nothing is left of the child, and fails the calls that wait for
// it.
func (c *child) end() error {
	c.awaitExit()
	// What it has written is there to be read. That somebody who has left its group
	// holds a pipe open is no reason to wait for longer.
	late := time.AfterFunc(lastWords, c.proc.closeFiles)
	defer late.Stop()
	<-c.silent
	c.tasks.Wait()
	c.proc.closeFiles()
	return c.abandon()
}

// awaitExit waits for the end of the process, and kills it when it takes long.
func (c *child) awaitExit() {
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-c.proc.done:
		return
	case <-t.C:
	}
	c.fail(errors.New("it has closed its standard output"))
	c.proc.signal(syscall.SIGKILL)
	<-c.proc.done
}

// abandon fails the calls that wait, and returns how the child ended.
func (c *child) abandon() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	why := c.proc.err
	switch {
	case c.why != nil:
		why = c.why
	case why == nil:
		why = errors.New("exit status 0")
	}
	c.why = why
	for number, pd := range c.waiting {
		delete(c.waiting, number)
		pd.done <- outcome{err: &deathError{c.worker.number, why}}
	}
	return why
}
