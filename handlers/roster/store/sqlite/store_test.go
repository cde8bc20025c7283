package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := sqlite.New(path, storetest.Limits())
	set(t, s, "a@example.net")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.Set(t.Context(), juliet, store.Item{JID: "b@example.net"}); err == nil {
		t.Error("Set succeeded in a closed store")
	}
	if _, err := s.Roster(t.Context(), juliet, store.Everything); err == nil {
		t.Error("Roster succeeded in a closed store")
	}
	if got := jids(t, open(t, path, storetest.Limits())); got != "a@example.net" {
		t.Errorf("roster is %q", got)
	}
}

// Close finishes what was handed over.
func TestCloseFlushes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := sqlite.New(path, storetest.Limits())
	var wg sync.WaitGroup
	var mu sync.Mutex
	kept := 0
	begun := make(chan struct{}, 64)
	for i := range 64 {
		wg.Go(func() {
			begun <- struct{}{}
			if _, err := s.Set(context.Background(), juliet, store.Item{JID: fmt.Sprintf("c%d@example.net", i)}); err == nil {
				mu.Lock()
				kept++
				mu.Unlock()
			}
		})
	}
	for range 32 {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if got := len(strings.Fields(jids(t, open(t, path, storetest.Limits())))); got != kept {
		t.Errorf("%d sets were acknowledged, %d items are there", kept, got)
	}
}

// One change that cannot be made is not the failure of those beside it.
func TestBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	lim := storetest.Limits()
	lim.MaxItems = 1
	s := open(t, path, lim)
	must(t, s.Open(t.Context()))
	runSQL(t, path, `CREATE TRIGGER no BEFORE INSERT ON item WHEN NEW.name = 'bad' BEGIN SELECT raise(ABORT, 'refused'); END`)
	var wg sync.WaitGroup
	for i := range 200 {
		owner := fmt.Sprintf("u%d@example.net", i)
		wg.Go(func() {
			switch i % 4 {
			case 0:
				if _, err := s.Set(t.Context(), owner, store.Item{JID: "a@example.net", Name: "bad"}); err == nil || !strings.Contains(err.Error(), "refused") {
					t.Errorf("%s: a set that cannot be made: %v", owner, err)
				}
			case 1:
				if _, err := s.Remove(t.Context(), owner, "a@example.net"); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: a removal of nothing: %v", owner, err)
				}
			default:
				if _, err := s.Set(t.Context(), owner, store.Item{JID: "a@example.net"}); err != nil {
					t.Errorf("%s: %v", owner, err)
				}
			}
		})
	}
	wg.Wait()
	checkCounts(t, path)
	for i := range 200 {
		r, err := s.Roster(t.Context(), fmt.Sprintf("u%d@example.net", i), store.Everything)
		if err != nil || len(r.Items) != i%4/2 {
			t.Errorf("u%d: %d items, %v", i, len(r.Items), err)
		}
	}
}

// A locked file holds a set up until its deadline and no longer.
func TestDeadline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path, storetest.Limits())
	set(t, s, "a@example.net")
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	must(t, err)
	defer func() { _ = other.Close() }()
	tx, err := other.Begin()
	must(t, err)

	cause := errors.New("deadline of the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() { done <- second(s.Set(ctx, juliet, store.Item{JID: "b@example.net"})) }()
	if got := jids(t, s); got != "a@example.net" { // reading does not wait for the writer
		t.Errorf("roster is %q", got)
	}
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("Set: %v, want the cause of the context", err)
	}
	if err := second(s.Set(ctx, juliet, store.Item{JID: "c@example.net"})); !errors.Is(err, cause) {
		t.Errorf("Set: %v, want the cause of the context", err)
	}
	if _, err := s.Roster(ctx, juliet, store.Everything); !errors.Is(err, cause) {
		t.Errorf("Roster: %v, want the cause of the context", err)
	}
	must(t, tx.Rollback())
	set(t, s, "d@example.net")
	if got := jids(t, s); strings.Contains(got, "c@") || !strings.Contains(got, "d@") {
		t.Errorf("roster is %q", got)
	}
}
