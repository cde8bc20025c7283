package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// Senders is how many change rosters at once in a test.
const Senders = 256

// testConcurrent has many owners change their rosters at once. Each of them sees
// their own changes, in order and whole.
func testConcurrent(t *testing.T, open opener) {
	s := open(t, Limits())
	var wg sync.WaitGroup
	for n := range Senders {
		wg.Go(func() {
			if err := useOwn(t.Context(), s, fmt.Sprintf("user%d@example.net", n%(Senders-8)), n); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// useOwn changes a roster that another goroutine may change as well.
func useOwn(ctx context.Context, s Store, owner string, n int) error {
	var last int64
	for i := range 8 {
		item := store.Item{JID: fmt.Sprintf("c%d.%d@example.net", n, i), Name: owner}
		v, err := s.Set(ctx, owner, item)
		if err != nil {
			return fmt.Errorf("set: %w", err)
		}
		if i%4 == 3 {
			if v, err = s.Remove(ctx, owner, item.JID); err != nil {
				return fmt.Errorf("remove: %w", err)
			}
		}
		if v <= last {
			return fmt.Errorf("version %d after %d", v, last)
		}
		last = v
		r, err := s.Roster(ctx, owner, store.Everything)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if r.Version < v {
			return fmt.Errorf("read version %d after a change that made %d", r.Version, v)
		}
		has := slices.ContainsFunc(r.Items, func(it *store.Item) bool { return it.JID == item.JID && it.Name == owner })
		if has == (i%4 == 3) {
			return fmt.Errorf("item %s: there %t", item.JID, has)
		}
	}
	return nil
}

// testModel compares a store with the plainest thing that could be right.
func testModel(t *testing.T, open opener) {
	for seed := range uint64(2) {
		var ops [120]byte
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		lim := store.Limits{MaxItems: 5, MaxBytes: 1 << 20, MaxOwners: 2, MaxHistory: 6}
		if err := Compare(t.Context(), open(t, lim), lim, ops[:]); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// A model remembers every state that a roster ever had.
type model struct {
	states map[int64][]store.Item // by version, in order of change
	last   int64
	first  int64
}

// Compare makes a change for each byte of ops, in a store and in a model of it,
// and returns the first difference, in any answer that the store can give.
func Compare(ctx context.Context, s Store, lim store.Limits, ops []byte) error {
	models := map[string]*model{}
	for i, op := range ops {
		owner := []string{juliet, romeo}[op&1]
		m := models[owner]
		if m == nil {
			m = &model{states: map[int64][]store.Item{}}
			models[owner] = m
		}
		item := store.Item{JID: fmt.Sprintf("c%d@example.net", op>>1&7), Name: fmt.Sprint(i)}
		var err error
		if op>>4&3 == 0 {
			err = m.remove(ctx, s, owner, item.JID)
		} else {
			err = m.set(ctx, s, owner, item, lim)
		}
		if err == nil {
			err = m.compare(ctx, s, owner, lim)
		}
		if err != nil {
			return fmt.Errorf("operation %d, %#x: %w", i, op, err)
		}
	}
	return nil
}

func (m *model) index(jid string) int {
	return slices.IndexFunc(m.states[m.last], func(it store.Item) bool { return it.JID == jid })
}

func (m *model) set(ctx context.Context, s Store, owner string, item store.Item, lim store.Limits) error {
	i, now := m.index(item.JID), slices.Clone(m.states[m.last])
	v, err := s.Set(ctx, owner, item)
	if i < 0 && len(now) == lim.MaxItems {
		if !errors.Is(err, store.ErrItems) {
			return fmt.Errorf("set %s in a full roster: %w", item.JID, err)
		}
		return nil
	}
	if i >= 0 {
		now = slices.Delete(now, i, i+1)
	}
	return m.next(v, err, append(now, item))
}

func (m *model) remove(ctx context.Context, s Store, owner, jid string) error {
	i, now := m.index(jid), slices.Clone(m.states[m.last])
	v, err := s.Remove(ctx, owner, jid)
	if i < 0 {
		if !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("remove %s that is not there: %w", jid, err)
		}
		return nil
	}
	return m.next(v, err, slices.Delete(now, i, i+1))
}

func (m *model) next(v int64, err error, state []store.Item) error {
	if err != nil {
		return err
	}
	if v <= m.last {
		return fmt.Errorf("version %d after %d", v, m.last)
	}
	if m.first == 0 {
		m.first = v
	}
	m.last = v
	m.states[v] = state
	return nil
}

// compare asks for the changes since each version there ever was, applies them
// to what the roster was then, and compares with what it is.
func (m *model) compare(ctx context.Context, s Store, owner string, lim store.Limits) error {
	for since := m.last - int64(lim.MaxHistory) - 2; since <= m.last+1; since++ {
		if m.last == 0 {
			continue
		}
		r, err := s.Roster(ctx, owner, since)
		if err != nil {
			return err
		}
		if inReach := since >= m.first && since <= m.last && m.last-since <= int64(lim.MaxHistory); inReach == r.Full && since != m.first-1 {
			return fmt.Errorf("since %d of %d: full is %t", since, m.last, r.Full)
		}
		state := apply(m.states[since], r)
		if got, is := fmt.Sprint(state), fmt.Sprint(m.states[m.last]); got != is || r.Version != m.last {
			return fmt.Errorf("since %d: became %d %s, want %d %s", since, r.Version, got, m.last, is)
		}
	}
	return nil
}

// apply does what a client does with an answer.
func apply(state []store.Item, r store.Roster) []store.Item {
	state = slices.Clone(state)
	if r.Full {
		state = nil
	}
	for _, it := range r.Items {
		state = slices.DeleteFunc(state, func(o store.Item) bool { return o.JID == it.JID })
		if !it.Removed {
			state = append(state, store.Item{JID: it.JID, Name: it.Name, Groups: it.Groups})
		}
	}
	return state
}
