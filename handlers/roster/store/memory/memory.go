// Package memory keeps rosters in memory. They are gone when the process ends.
package memory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A Store keeps rosters in memory. Nothing in it does I/O or waits.
type Store struct {
	lim store.Limits

	mu      sync.Mutex
	rosters map[string]*roster
	empty   map[string]struct{} // owners whose roster has no item
	born    int64               // the version before the first of a new roster
}

// New returns an empty store.
//
// A version is never used for two states of a roster, not even by another
// process later: they start at the time, in microseconds.
func New(lim store.Limits) *Store {
	return &Store{
		lim: lim, rosters: map[string]*roster{}, empty: map[string]struct{}{},
		born: time.Now().UnixMicro(),
	}
}

// Roster returns the roster of owner, or what changed in it since that version.
func (s *Store) Roster(_ context.Context, owner string, since int64) (store.Roster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rosters[owner]
	switch {
	case r == nil:
		return store.Roster{Full: since != 0}, nil
	case s.lim.Reaches(since, r.floor, r.version):
		return store.Roster{Version: r.version, Items: r.after(since)}, nil
	}
	return store.Roster{Version: r.version, Full: true, Items: r.all()}, nil
}

// Set adds an item to the roster of owner, or puts it in the place of the one
// with its JID, and returns the version of the roster.
func (s *Store) Set(_ context.Context, owner string, item store.Item) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rosters[owner]
	known := r != nil
	if !known {
		r = &roster{floor: s.born, version: s.born, nodes: map[string]*node{}}
	}
	was, isNew := r.size(item.JID)
	size := item.Size()
	if err := s.lim.Check(r.items, r.bytes, was, size, isNew); err != nil {
		return 0, err
	}
	if !known {
		if err := s.admit(owner, r); err != nil {
			return 0, err
		}
	}
	delete(s.empty, owner)
	r.put(own(item, r.item(item.JID)), size)
	r.forget(s.lim)
	return r.version, nil
}

// Remove removes an item from the roster of owner and returns the version of the
// roster.
func (s *Store) Remove(_ context.Context, owner, jid string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rosters[owner]
	if r == nil || !r.remove(jid) {
		return 0, store.ErrNotFound
	}
	if r.items == 0 {
		s.empty[r.owner] = struct{}{}
	}
	r.forget(s.lim)
	return r.version, nil
}

// admit makes r the roster of a new owner. When there are too many, an empty one
// makes room. What it knew of versions is lost, so new ones start above it.
func (s *Store) admit(owner string, r *roster) error {
	if len(s.rosters) >= s.lim.MaxOwners {
		if len(s.empty) == 0 {
			return store.ErrOwners
		}
		for gone := range s.empty {
			s.born = max(s.born, s.rosters[gone].version)
			delete(s.rosters, gone)
			delete(s.empty, gone)
			break
		}
		r.floor, r.version = s.born, s.born
	}
	r.owner = strings.Clone(owner)
	s.rosters[r.owner] = r
	return nil
}

// own returns the item with strings of its own, so that it does not hold the
// stanza that they were cut from. Those that are as they were in old are shared
// with it.
func own(item store.Item, old *store.Item) *store.Item {
	if old == nil {
		old = &store.Item{}
	}
	item.JID, item.Name = share(item.JID, old.JID), share(item.Name, old.Name)
	if slices.Equal(item.Groups, old.Groups) {
		item.Groups = old.Groups
		return &item
	}
	item.Groups = slices.Clone(item.Groups)
	for i, g := range item.Groups {
		item.Groups[i] = strings.Clone(g)
	}
	return &item
}

func share(s, old string) string {
	if s == old {
		return old
	}
	return strings.Clone(s)
}
