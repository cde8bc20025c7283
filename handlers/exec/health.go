package exec

import (
	"fmt"
	"sync"
	"time"
)

// A record is how the children of a worker have fared.
type record struct {
	mu    sync.Mutex
	alive bool
	since time.Time // of the last start or end
	err   error     // how the last one has ended; nil: none has
}

func (r *record) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive, r.since = true, time.Now()
}

func (r *record) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive, r.since, r.err = false, time.Now(), err
}

// trouble returns how the last child has ended, until the next one has lived for a
// while: what is started again and again is alive at most times that one looks.
func (r *record) trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ago := time.Since(r.since)
	switch {
	case r.err == nil || r.alive && ago >= shortLife:
		return nil
	case r.alive:
		return fmt.Errorf("was started again %s ago, after it had ended: %w", ago.Round(time.Second), r.err)
	}
	return fmt.Errorf("ended %s ago: %w", ago.Round(time.Second), r.err)
}

// health is Extension.Health: it names the first worker that is not well.
func (p *pool) health() error {
	var first error
	ill := 0
	for _, w := range p.workers {
		if err := w.record.trouble(); err != nil {
			if ill++; ill == 1 {
				first = fmt.Errorf("worker %d %w", w.number, err)
			}
		}
	}
	if ill > 1 {
		return fmt.Errorf("%d of %d workers, %w", ill, len(p.workers), first)
	}
	return first
}
