package component

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"mellium.im/xmpp/stanza"
)

const stanzaQueue = 1024 // presences and messages that may wait for an extension

// A life is the part of an instance that runs by itself.
type life struct {
	mu      sync.Mutex
	started bool
	closed  bool
	cancel  context.CancelFunc
	stanzas chan *Stanza
	done    sync.WaitGroup
}

func (l *life) start(c *Component, inst *instance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.closed {
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

// spawn calls f on a goroutine of its own, which close waits for.
func (l *life) spawn(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		go f() // close waits for nothing new
		return
	}
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		f()
	}()
}

// end tells what runs by itself to end.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
	}
}

// close calls Extension.Close once what runs by itself has ended. It does not
// wait for ever for one that ignores its context.
func (l *life) close(c *Component, inst *instance, limit time.Duration) {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return
	}
	done := make(chan struct{})
	go func() {
		l.done.Wait()
		close(done)
	}()
	t := time.NewTimer(max(0, limit))
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		logFailure(c, inst, "extension closed although it still runs", errors.New("it ignores its context"))
	}
	c.endSessions(inst)
	if inst.ext.Close != nil {
		logFailure(c, inst, "extension did not close", guard(inst.ext.Close))
	}
}

// finish waits for the requests of an extension that goes away, and answers those
// that take too long.
func (c *Component) finish(inst *instance, limit time.Duration) {
	t := time.NewTimer(max(0, limit))
	defer t.Stop()
	select {
	case <-inst.lane.wait():
	case <-c.base.Done():
	case <-t.C:
		c.abandon(inst)
	}
}

// abandon answers the requests of an extension that goes away.
func (c *Component) abandon(inst *instance) {
	for _, req := range c.led.waiting() {
		if req.rt.inst == inst {
			c.led.done(req)
			c.refuse(req, errShuttingDown())
			(*reqContext)(req).cancel(ctxCanceled)
		}
	}
	c.out.kick()
}

func errShuttingDown() *Error {
	return &Error{Condition: stanza.ServiceUnavailable, Type: stanza.Wait, Text: "shutting down"}
}

// guard calls f and makes a panic an error, and runtime.Goexit too: f has a
// goroutine of its own.
func guard(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := error(&panicError{})
		defer func() {
			if v := recover(); v != nil {
				err = &panicError{value: v, stack: debug.Stack()}
			}
			done <- err
		}()
		err = f()
	}()
	return <-done
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
