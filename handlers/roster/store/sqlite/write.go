package sqlite

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

type kind uint8

const (
	nothing kind = iota // only open the file
	set
	removal
)

// A change waits to be made. Its outcome may be read when done is closed.
type change struct {
	ctx   context.Context
	kind  kind
	owner string
	item  store.Item

	fate    atomic.Int32  // waits, taken or withdrawn
	done    chan struct{} // closed when it is over
	version int64
	err     error
}

func (c *change) finish(err error) {
	if err != nil {
		c.version, c.err = 0, err
	}
	close(c.done)
}

// What has become of a change.
const (
	waits     = iota
	taken     // it is being made
	withdrawn // it never will be
)

// take reports whether the change is to be made. From then on its maker waits
// for the outcome.
func (c *change) take() bool {
	return c.fate.CompareAndSwap(waits, taken) || c.fate.Load() == taken
}

// withdraw reports whether the change has not been taken and never will be.
func (c *change) withdraw() bool {
	return c.fate.CompareAndSwap(waits, withdrawn) || c.fate.Load() == withdrawn
}

// mostShared is how many changes share one commit at most.
const mostShared = 512

// write makes changes until the store is closed.
func (s *Store) write() {
	defer close(s.stopped)
	var w *writer // nil: the file is not open
	batch := make([]*change, 0, mostShared)
	for c := range s.changes {
		batch = s.collect(append(batch[:0], c))
		w = s.makeAll(w, batch)
		clear(batch)
	}
	w.close()
}

// collect adds to the batch what waits beside it.
func (s *Store) collect(batch []*change) []*change {
	runtime.Gosched() // those that the last commit let go may be back with the next change
	for len(batch) < mostShared {
		select {
		case c, ok := <-s.changes:
			if !ok {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// makeAll makes the changes of a batch and lets those go who wait for them. It
// returns the writer for the next batch, or nil when the file has to be opened
// anew.
func (s *Store) makeAll(w *writer, batch []*change) *writer {
	w, err := s.writer(w)
	if err == nil {
		err = w.commit(batch)
	} else {
		err = store.Unchanged(err)
	}
	if w != nil && len(batch) > 1 && mayBeOne(err) {
		for _, c := range batch { // one of them must not be the failure of the others
			w = s.makeAll(w, []*change{c})
		}
		return w
	}
	for _, c := range batch {
		c.finish(err)
	}
	if err != nil && needsReopen(err) {
		s.reading.drop()
		w.close()
		return nil
	}
	return w
}

// writer returns w, or a new one if there is none, if a reader has found the file
// damaged, or if it has been moved away: what is written to that would be lost.
func (s *Store) writer(w *writer) (*writer, error) {
	if suspect := s.suspect.Swap(false); w != nil && !suspect && w.file.current() {
		return w, nil
	}
	if w != nil {
		s.reading.drop()
		w.close()
	}
	if err := makeFolder(s.path); err != nil {
		return nil, err
	}
	if err := s.lock.take(s.life, s.path); err != nil {
		return nil, err
	}
	return openWriter(s.path, s.lim)
}

// commit makes the changes in one transaction. An error means that none of them
// is made, for certain if it is store.ErrUnchanged. What keeps a single one from being made is in that one.
func (w *writer) commit(batch []*change) error {
	if !slices.ContainsFunc(batch, func(c *change) bool { return c.kind != nothing }) {
		return nil
	}
	if err := w.exec(begin); err != nil {
		return store.Unchanged(describe(w.file.path, err))
	}
	for _, c := range batch {
		if err := w.make(c); err != nil {
			return store.Unchanged(w.undo(err))
		}
	}
	err := w.exec(commit)
	switch {
	case err == nil:
		return nil
	case needsReopen(err): // what was written may yet be found in the log
		return w.undo(err)
	}
	return store.Unchanged(w.undo(err))
}

// undo ends a transaction that failed with err. SQLite may have done so by
// itself; if it is not ended at all, the next one fails and the file is opened
// anew.
func (w *writer) undo(err error) error {
	_ = w.exec(rollback)
	return describe(w.file.path, err)
}

// make makes one change inside the transaction. The error is that of the
// database; a change that is refused has its own.
func (w *writer) make(c *change) error {
	if c.ctx.Err() != nil && c.withdraw() || !c.take() {
		c.err = store.Unchanged(context.Cause(c.ctx)) // nobody waits for it any more
		return nil
	}
	var err error
	switch c.kind {
	case set:
		c.version, err = w.set(c.owner, &c.item)
	case removal:
		c.version, err = w.remove(c.owner, c.item.JID)
	}
	if isRefusal(err) {
		c.version, c.err = 0, err
		return nil
	}
	return err
}
