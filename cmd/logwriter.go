package iqdcmd

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxLogBytes = 1 << 20     // of lines that wait to be written
	logPatience = time.Second // for a reader at the end
)

// A lineWriter hands lines to a goroutine that writes them, so that a pipe that
// nobody reads, or a disk that is full, stops nobody who logs. What does not fit
// is dropped and counted.
type lineWriter struct {
	mu      sync.Mutex
	queue   [][]byte
	size    int
	closed  bool
	wake    chan struct{}
	done    chan struct{}
	dropped atomic.Uint64 // since takeDropped
	lost    atomic.Uint64 // since the start
}

func newLineWriter(w io.Writer) *lineWriter {
	l := &lineWriter{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run(w)
	return l
}

// Write queues a line. It never fails and never waits.
func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.size+len(line) > maxLogBytes {
		l.drop()
		return len(line), nil
	}
	l.queue = append(l.queue, slices.Clone(line))
	l.size += len(line)
	l.signal()
	return len(line), nil
}

func (l *lineWriter) drop() {
	l.dropped.Add(1)
	l.lost.Add(1)
}

func (l *lineWriter) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes line after line until the writer is closed and nothing waits.
func (l *lineWriter) run(w io.Writer) {
	defer close(l.done)
	for range l.wake {
		for line, ok := l.next(); ok; line, ok = l.next() {
			if _, err := w.Write(line); err != nil {
				l.drop()
			}
		}
		if l.finished() {
			return
		}
	}
}

func (l *lineWriter) next() (line []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil, false
	}
	line, l.queue = l.queue[0], l.queue[1:]
	l.size -= len(line)
	return line, true
}

func (l *lineWriter) finished() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && len(l.queue) == 0
}

// takeDropped returns how many lines were dropped since it was last called.
func (l *lineWriter) takeDropped() uint64 { return l.dropped.Swap(0) }

// Close waits until what is queued is written, but not long.
func (l *lineWriter) Close() error {
	l.mu.Lock()
	l.closed = true
	l.signal()
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(logPatience):
	}
	return nil
}
