// Package sqlite keeps rosters in an SQLite database: one file, which survives
// the end of the process at any moment without losing a change that was
// acknowledged.
//
// Changes are made by one goroutine. Those that wait while a commit is on its
// way to the disk share the next one, so that a busy store needs few of them.
// Reads have connections of their own and never wait for a change.
package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A Store keeps rosters in one file. When the file cannot be read or written,
// the calls return an error that says so, and later calls try again: nothing has
// to be restarted once the cause is gone.
type Store struct {
	path    string
	lim     store.Limits
	changes chan *change

	mu      sync.RWMutex // read: a change is being handed over
	closed  bool
	start   sync.Once
	stopped chan struct{}

	reading reading
	suspect atomic.Bool // a reader has found something wrong with the file
	lock    lock
	life    context.Context // ends when the store is closed
	end     context.CancelFunc
}

// waiting is how many changes may wait without holding up who makes them.
const waiting = 1024

var errClosed = errors.New("roster store is closed")

// New returns the store of the file at path. The file is made, and read, when it
// is needed for the first time.
func New(path string, lim store.Limits) *Store {
	s := &Store{
		path: path, lim: lim,
		changes: make(chan *change, waiting), stopped: make(chan struct{}),
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Open opens the file, or says why it cannot be opened.
func (s *Store) Open(ctx context.Context) error {
	_, err := s.submit(ctx, &change{kind: nothing})
	return err
}

// Set adds an item to the roster of owner, or puts it in the place of the one
// with its JID, and returns the version of the roster. When it returns, the
// change is on the disk. If ctx ends while the change waits for others, it is not
// made. Once it is on its way to the disk Set waits for the outcome, however long
// that takes: an error that is not store.ErrUnchanged means that the disk itself
// left it open.
func (s *Store) Set(ctx context.Context, owner string, item store.Item) (int64, error) {
	return s.submit(ctx, &change{kind: set, owner: owner, item: item})
}

// Remove removes an item from the roster of owner and returns the version of the
// roster, as Set does.
func (s *Store) Remove(ctx context.Context, owner, jid string) (int64, error) {
	return s.submit(ctx, &change{kind: removal, owner: owner, item: store.Item{JID: jid}})
}

// Close finishes the changes that were handed over and closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if first {
		s.end()
		close(s.changes)
	}
	s.mu.Unlock()
	s.start.Do(func() { close(s.stopped) }) // nothing was ever changed
	<-s.stopped
	return errors.Join(s.reading.close(), s.lock.release())
}

// submit hands a change over and waits until it is on the disk.
func (s *Store) submit(ctx context.Context, c *change) (int64, error) {
	c.ctx, c.done = ctx, make(chan struct{})
	if err := s.enqueue(c); err != nil {
		return 0, store.Unchanged(err)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.withdraw() {
			return 0, store.Unchanged(context.Cause(ctx))
		}
		<-c.done
	}
	return c.version, c.err
}

func (s *Store) enqueue(c *change) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	s.start.Do(func() { go s.write() })
	select {
	case s.changes <- c:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
}
