package storetest_test

import (
	"context"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/memory"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

// A store with one fault.
type faulty struct {
	*memory.Store
	fault string
}

func (f *faulty) Roster(ctx context.Context, owner string, since int64) (store.Roster, error) {
	if f.fault == "shared" {
		owner = "juliet@example.net"
	}
	r, err := f.Store.Roster(ctx, owner, since)
	switch {
	case f.fault == "no removals" && !r.Full:
		var kept []*store.Item
		for _, it := range r.Items {
			if !it.Removed {
				kept = append(kept, it)
			}
		}
		r.Items = kept
	case f.fault == "always full" && !r.Full:
		return f.Store.Roster(ctx, owner, store.Everything)
	}
	return r, err
}

func (f *faulty) Set(ctx context.Context, owner string, item store.Item) (int64, error) {
	if f.fault == "lost name" {
		item.Name = ""
	}
	v, err := f.Store.Set(ctx, owner, item)
	if f.fault == "version again" {
		v = 1
	}
	return v, err
}

// Compare finds faults, and none where there is none.
func TestCompare(t *testing.T) {
	lim := store.Limits{MaxItems: 5, MaxBytes: 1 << 20, MaxOwners: 2, MaxHistory: 6}
	var ops [200]byte
	for i := range ops {
		ops[i] = byte(i * 37)
	}
	for _, fault := range []string{"", "no removals", "always full", "lost name", "version again", "shared"} {
		err := storetest.Compare(t.Context(), &faulty{Store: memory.New(lim), fault: fault}, lim, ops[:])
		if (err != nil) != (fault != "") {
			t.Errorf("fault %q: %v", fault, err)
		}
	}
}

func TestRun(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, lim store.Limits) storetest.Store { return memory.New(lim) })
}
