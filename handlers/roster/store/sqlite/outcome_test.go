package sqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
	driverlib "modernc.org/sqlite"
)

// A slowDisk holds up each change of an item called "slow".
type slowDisk struct {
	name          string // of the function that its trigger calls
	entered, goOn chan struct{}
}

// register makes the function of the trigger known, to connections made later.
func (d *slowDisk) register(t *testing.T) {
	t.Helper()
	must(t, driverlib.RegisterScalarFunction(d.name, 0, func(*driverlib.FunctionContext, []driver.Value) (driver.Value, error) {
		d.entered <- struct{}{}
		<-d.goOn
		return nil, nil
	}))
}

// A deadline never leaves open whether a change was made: one that is on its way
// to the disk is waited for, one behind it is never made.
func TestOutcomeIsKnown(t *testing.T) {
	disk := &slowDisk{name: "disk_" + rand.Text(), entered: make(chan struct{}), goOn: make(chan struct{})}
	disk.register(t)
	release := sync.OnceFunc(func() { close(disk.goOn) })
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path, storetest.Limits())
	must(t, s.Open(t.Context()))
	t.Cleanup(release) // before s is closed
	runSQL(t, path, `CREATE TRIGGER slow BEFORE INSERT ON item WHEN NEW.name = 'slow' BEGIN SELECT `+disk.name+`(); END`)

	ctx, cancel := context.WithCancel(t.Context())
	type outcome struct {
		version int64
		err     error
	}
	first, second := make(chan outcome, 1), make(chan outcome, 1)
	start := func(to chan<- outcome, item store.Item) {
		go func() {
			version, err := s.Set(ctx, juliet, item)
			to <- outcome{version, err}
		}()
	}
	start(first, store.Item{JID: "slow@example.net", Name: "slow"})
	<-disk.entered
	start(second, store.Item{JID: "behind@example.net"})
	cancel()
	if o := <-second; !errors.Is(o.err, context.Canceled) || !errors.Is(o.err, store.ErrUnchanged) {
		t.Errorf("the set that waited: %v, want that the context ended and nothing changed", o.err)
	}
	select {
	case o := <-first:
		t.Fatalf("the set that is on its way returned %v", o.err)
	default:
	}
	release()
	if o := <-first; o.err != nil || o.version == 0 {
		t.Errorf("the set that was on its way: version %d, %v", o.version, o.err)
	}
	set(t, s, "last@example.net")
	if got := jids(t, s); got != "slow@example.net last@example.net" {
		t.Errorf("roster is %q", got)
	}
}
