package exec

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

const (
	soonest   = 100 * time.Millisecond // from a child's end to the next one's start
	latest    = 30 * time.Second       // likewise, when one after the other ends
	longLife  = time.Minute            // after which the first delay is the soonest again
	shortLife = 10 * time.Second
	mostShort = 3 // short lives in a row, after which nobody waits for the next
)

// A worker sees to it that there is a child.
type worker struct {
	pool   *pool
	number int // from one
	log    *slog.Logger
	noise  *rate.Limiter // of the lines that children make us log
	child  atomic.Pointer[child]
	broken atomic.Bool // nobody waits for the next child
	record record

	mu      sync.Mutex
	process *process // the last one, or nil
	killed  bool
}

func newWorker(p *pool, number int) *worker {
	return &worker{
		pool: p, number: number, log: p.log.With(slog.Int("worker", number)), noise: rate.NewLimiter(10, 20),
	}
}

// run starts one child after the other until ctx ends.
func (w *worker) run(ctx context.Context) {
	pace := &backoff.ExponentialBackOff{InitialInterval: soonest, RandomizationFactor: 0.1, Multiplier: 2, MaxInterval: latest}
	pace.Reset()
	for short := 0; ; {
		began := time.Now()
		err := w.live(ctx)
		if ctx.Err() != nil {
			return
		}
		w.record.end(err)
		lived := time.Since(began)
		if short++; lived >= shortLife {
			short = 0
		}
		if lived >= longLife {
			pace.Reset()
		}
		w.broken.Store(short >= mostShort)
		w.pool.announce()
		delay := pace.NextBackOff()
		w.report(err, lived, delay)
		if !sleep(ctx, delay) {
			return
		}
	}
}

// report logs how a child has ended.
func (w *worker) report(err error, lived, delay time.Duration) {
	attrs := []any{
		slog.Any("err", err), slog.Duration("lived", lived.Round(time.Millisecond)), slog.Duration("in", delay.Round(time.Millisecond)),
	}
	if h := hint(err, lived); h != "" {
		attrs = append(attrs, slog.String("hint", h))
	}
	w.log.Error("plugin ended, starting it again", attrs...)
}

// live is the life of one child. The error says how it ended.
func (w *worker) live(ctx context.Context) error {
	proc, err := w.start()
	if err != nil {
		return err
	}
	c := newChild(w, proc)
	c.serve()
	w.child.Store(c)
	w.record.begin()
	w.pool.announce()
	w.log.Info("plugin started", slog.Int("pid", proc.cmd.Process.Pid))
	select {
	case <-ctx.Done():
		w.child.Store(nil)
		c.stop(w.pool.cfg.StopTimeout)
	case <-c.silent:
		w.child.Store(nil)
	case <-proc.done:
		w.child.Store(nil)
	}
	return c.end()
}

func (w *worker) start() (*process, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.killed {
		return nil, errClosed
	}
	proc, err := startProcess(w.pool.prog)
	if err == nil {
		w.process = proc
	}
	return proc, err
}

// sleep reports whether it was not woken by the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// kill ends the child that there is and lets no other start.
func (w *worker) kill() {
	w.mu.Lock()
	w.killed = true
	proc := w.process
	w.mu.Unlock()
	if proc != nil {
		proc.signal(syscall.SIGKILL)
		select {
		case <-proc.done:
		case <-time.After(lastWords): // the kernel holds it, and will end it
		}
	}
}
