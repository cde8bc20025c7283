package iqdcmd

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	floodWindow = time.Second
	floodBurst  = 20   // lines of one message in a window
	floodKinds  = 1000 // messages that are told apart
)

// A floodLimiter lets through the first lines of each message in a second, and
// tells in one line how many it held back. Lines below Info are asked for by
// whoever wants each of them: they pass.
type floodLimiter struct {
	slog.Handler
	state *floodState
}

type floodState struct {
	root    slog.Handler  // for the summaries
	dropped func() uint64 // lines that the writer has lost since it was last asked
	mu      sync.Mutex
	counts  map[floodKey]int
}

type floodKey struct {
	level slog.Level
	msg   string
}

func limitFloods(h slog.Handler, dropped func() uint64) slog.Handler {
	return &floodLimiter{h, &floodState{root: h, dropped: dropped, counts: map[floodKey]int{}}}
}

// Handle writes the record, unless there were too many of its kind.
func (f *floodLimiter) Handle(ctx context.Context, r slog.Record) error {
	f.state.reportDropped(ctx)
	if r.Level >= slog.LevelInfo && !f.state.admit(r) {
		return nil
	}
	return f.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler that shares the limits.
func (f *floodLimiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &floodLimiter{f.Handler.WithAttrs(attrs), f.state}
}

// WithGroup returns a handler that shares the limits.
func (f *floodLimiter) WithGroup(name string) slog.Handler {
	return &floodLimiter{f.Handler.WithGroup(name), f.state}
}

// admit counts a record. The first of a kind opens its window.
func (s *floodState) admit(r slog.Record) bool {
	key := floodKey{r.Level, r.Message}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, open := s.counts[key]
	if !open && len(s.counts) >= floodKinds {
		return true
	}
	s.counts[key] = n + 1
	if !open {
		time.AfterFunc(floodWindow, func() { s.summarise(key) })
	}
	return n < floodBurst
}

// summarise closes the window of a kind.
func (s *floodState) summarise(key floodKey) {
	s.mu.Lock()
	n := s.counts[key] - floodBurst
	delete(s.counts, key)
	s.mu.Unlock()
	if n > 0 {
		s.warn(context.Background(), "log lines held back", slog.String("line", key.msg), slog.Int("count", n))
	}
}

func (s *floodState) reportDropped(ctx context.Context) {
	if n := s.dropped(); n > 0 {
		s.warn(ctx, "log lines lost: the log was not read or not written", slog.Uint64("count", n))
	}
}

func (s *floodState) warn(ctx context.Context, msg string, attrs ...slog.Attr) {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, msg, 0)
	r.AddAttrs(attrs...)
	_ = s.root.Handle(ctx, r) // the writer below never fails
}
