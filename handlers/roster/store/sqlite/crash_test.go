package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

// The tests that need a process of their own run this binary again.
const childVar = "ROSTER_TEST_CHILD"

func TestMain(m *testing.M) {
	switch path := os.Getenv(childVar + "_FILE"); os.Getenv(childVar) {
	case "set":
		setForEver(path)
	case "open":
		os.Exit(openOnce(path))
	case "full":
		os.Exit(fillDisk(path))
	default:
		os.Exit(m.Run())
	}
}

func child(t *testing.T, what, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVar+"="+what, childVar+"_FILE="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

const crashOwners = 8

// setForEver changes rosters until the process is killed, and prints each change
// once it is acknowledged.
func setForEver(path string) {
	s := sqlite.New(path, storetest.Limits())
	var out sync.Mutex
	var wg sync.WaitGroup
	for o := range crashOwners {
		wg.Go(func() {
			owner := fmt.Sprintf("u%d@example.net", o)
			say := func(v int64, item store.Item, err error) {
				out.Lock()
				defer out.Unlock()
				if err != nil {
					fmt.Println("error", err)
				}
				fmt.Println(owner, v, item.JID, item.Name, item.Removed)
			}
			for i := 0; ; i++ {
				item := store.Item{JID: fmt.Sprintf("c%d@example.net", i%50), Name: fmt.Sprint(i), Groups: []string{fmt.Sprint(i)}}
				v, err := s.Set(context.Background(), owner, item)
				say(v, item, err)
				if i%5 == 4 {
					item.Removed = true
					v, err = s.Remove(context.Background(), owner, item.JID)
					say(v, item, err)
				}
			}
		})
	}
	wg.Wait()
}

// acked is the last change of an item that was acknowledged.
type acked struct {
	version int64
	name    string
	removed bool
}

// After kill -9 at any moment nothing that was acknowledged is missing, and
// nothing is half there.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	known := map[string]map[string]acked{}
	for round := range 20 {
		killOne(t, path, 1+rand.IntN(200), known)
		s := sqlite.New(path, storetest.Limits())
		for o := range crashOwners {
			owner := fmt.Sprintf("u%d@example.net", o)
			known[owner] = checkOwner(t, s, owner, known[owner])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		checkCounts(t, path)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

// killOne lets a child make some changes, kills it, and notes by owner and item
// what was acknowledged.
func killOne(t *testing.T, path string, changes int, known map[string]map[string]acked) {
	t.Helper()
	cmd := child(t, "set", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ { // what it said before it died is read too
		var owner, jid string
		var a acked
		if _, err := fmt.Sscan(lines.Text(), &owner, &a.version, &jid, &a.name, &a.removed); err != nil {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Error(lines.Text())
			}
			continue // a line cut short by the kill
		}
		if known[owner] == nil {
			known[owner] = map[string]acked{}
		}
		known[owner][jid] = a
		if n == changes {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child has ended by itself")
	}
}

// checkOwner compares a roster with what was acknowledged, and returns what it
// is. A change that was made and not acknowledged any more is newer.
func checkOwner(t *testing.T, s *sqlite.Store, owner string, known map[string]acked) map[string]acked {
	t.Helper()
	r, err := s.Roster(t.Context(), owner, store.Everything)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]*store.Item{}
	now := map[string]acked{"": {version: r.Version, removed: true}} // the last change may have been a removal
	for _, it := range r.Items {
		items[it.JID] = it
		now[it.JID] = acked{it.Version, it.Name, false}
		if len(it.Groups) != 1 || it.Groups[0] != it.Name || it.Version > r.Version {
			t.Errorf("%s: half an item: %+v in version %d", owner, it, r.Version)
		}
	}
	var last int64
	for _, a := range known {
		last = max(last, a.version)
	}
	if r.Version < last || len(known) > 0 && r.Version > last+1 { // one at a time is under way
		t.Errorf("%s: version %d, acknowledged was %d", owner, r.Version, last)
	}
	for jid, a := range known {
		it := items[jid]
		switch {
		case it == nil && !a.removed && (a.version < last || r.Version == last):
			t.Errorf("%s: %s of version %d is missing", owner, jid, a.version)
		case it != nil && it.Version < a.version:
			t.Errorf("%s: %s is of version %d, acknowledged was %d", owner, jid, it.Version, a.version)
		case it != nil && it.Version == a.version && (it.Name != a.name || a.removed):
			t.Errorf("%s: %s is %+v, acknowledged was %+v", owner, jid, it, a)
		}
	}
	return now
}

// checkCounts compares the counts in the file with what is counted.
func checkCounts(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var wrong, owners, total int
	var check string
	if err := db.QueryRow(`SELECT (SELECT count(*) FROM owner o WHERE
		o.items <> (SELECT count(*) FROM item i WHERE i.owner = o.id AND NOT i.removed) OR
		o.bytes <> (SELECT coalesce(sum(bytes), 0) FROM item i WHERE i.owner = o.id AND NOT i.removed) OR
		o.version < (SELECT max(version) FROM item i WHERE i.owner = o.id)),
		(SELECT count(*) FROM owner), (SELECT owners FROM total), (SELECT integrity_check FROM pragma_integrity_check)`,
	).Scan(&wrong, &owners, &total, &check); err != nil {
		t.Fatal(err)
	}
	if wrong > 0 || owners != total || check != "ok" {
		t.Errorf("%d owners with wrong counts, %d owners counted as %d, integrity %s", wrong, owners, total, check)
	}
}

// A disk that is full: sets fail with words for it, what was acknowledged is
// there, and once there is room they succeed without a restart.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	cmd := child(t, "full", path)
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	checkCounts(t, path)
}
