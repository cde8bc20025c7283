// Package storetest checks that a roster store keeps its promises. Whoever writes
// one runs it on theirs.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A Store is what is tested: the same as roster.Store.
type Store interface {
	Roster(ctx context.Context, owner string, since int64) (store.Roster, error)
	Set(ctx context.Context, owner string, item store.Item) (int64, error)
	Remove(ctx context.Context, owner, jid string) (int64, error)
}

// Limits returns limits that no test reaches by accident.
func Limits() store.Limits {
	return store.Limits{MaxItems: 1000, MaxBytes: 1 << 20, MaxOwners: 1000, MaxHistory: 100}
}

// Run runs all tests. Each opens empty stores of its own, which open closes by
// way of t.Cleanup.
func Run(t *testing.T, open func(t *testing.T, lim store.Limits) Store) {
	for name, test := range map[string]func(*testing.T, func(*testing.T, store.Limits) Store){
		"empty": testEmpty, "items": testItems, "owners apart": testApart, "versions": testVersions,
		"history": testHistory, "max items": testMaxItems, "max bytes": testMaxBytes, "max owners": testMaxOwners,
		"texts": testTexts, "own strings": testOwn, "immutable": testImmutable, "many at once": testConcurrent,
		"model": testModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

const juliet, romeo = "juliet@example.net", "romeo@example.net"

func mustSet(t *testing.T, s Store, owner string, item store.Item) int64 {
	t.Helper()
	v, err := s.Set(t.Context(), owner, item)
	if err != nil {
		t.Fatalf("Set(%s, %+v): %v", owner, item, err)
	}
	return v
}

func mustRemove(t *testing.T, s Store, owner, jid string) int64 {
	t.Helper()
	v, err := s.Remove(t.Context(), owner, jid)
	if err != nil {
		t.Fatalf("Remove(%s, %s): %v", owner, jid, err)
	}
	return v
}

func read(t *testing.T, s Store, owner string, since int64) store.Roster {
	t.Helper()
	r, err := s.Roster(t.Context(), owner, since)
	if err != nil {
		t.Fatalf("Roster(%s, %d): %v", owner, since, err)
	}
	return r
}

// lines renders a roster for comparison.
func lines(r store.Roster) []string {
	out := []string{fmt.Sprintf("full=%t", r.Full)}
	for _, it := range r.Items {
		l := fmt.Sprintf("%s %q %q", it.JID, it.Name, it.Groups)
		if it.Removed {
			l = it.JID + " removed"
		}
		out = append(out, l)
	}
	return out
}

func want(t *testing.T, r store.Roster, version int64, lns ...string) {
	t.Helper()
	if r.Version != version {
		t.Errorf("version %d, want %d", r.Version, version)
	}
	if got := lines(r); !slices.Equal(got, lns) {
		t.Errorf("roster is\n%q, want\n%q", got, lns)
	}
}

func wantErr(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}
