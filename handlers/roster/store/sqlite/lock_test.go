package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

// openOnce runs in a process of its own and prints what the calls return.
func openOnce(path string) int {
	s := sqlite.New(path, storetest.Limits())
	_, set := s.Set(context.Background(), juliet, store.Item{JID: "b@example.net"})
	_, get := s.Roster(context.Background(), juliet, store.Everything)
	fmt.Println(s.Open(context.Background()), set, get)
	return 0
}

// A second process is told which file is in use and by whom, changes nothing, and
// works once the first has ended.
func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	s := open(t, path, storetest.Limits())
	set(t, s, "a@example.net")
	again := func() string {
		out, err := child(t, "open", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	said := fmt.Sprintf("roster file %s: in use by another process, %d", path, os.Getpid())
	if got := again(); strings.Count(got, said) != 3 {
		t.Errorf("the second process says %q, want %q of each call", got, said)
	}
	if got := jids(t, s); got != "a@example.net" {
		t.Errorf("roster is %q", got)
	}
	must(t, s.Close())
	if got := again(); got != "<nil> <nil> <nil>" {
		t.Errorf("with nobody else there: %q", got)
	}
}

// The next store of the same process waits for the first, as a reload wants it,
// and does not wait when it is closed itself.
func TestHandOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	a, b, c := open(t, path, storetest.Limits()), open(t, path, storetest.Limits()), open(t, path, storetest.Limits())
	set(t, a, "a@example.net")
	opened := make(chan error, 2)
	for _, s := range []*sqlite.Store{b, c} {
		go func() { opened <- s.Open(context.Background()) }()
	}
	must(t, c.Close())
	if err := <-opened; err == nil {
		t.Error("two stores have the same file")
	}
	must(t, a.Close())
	must(t, <-opened)
	set(t, b, "b@example.net")
	if got := jids(t, b); got != "a@example.net b@example.net" {
		t.Errorf("roster is %q", got)
	}
}

// Check names what is wrong and makes nothing.
func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct{ path, want string }{
		"nothing yet":           {"roster.db", ""},
		"no folder yet":         {"sub/folder/roster.db", ""},
		"a folder in its place": {".", "is a folder"},
		"a file for a folder":   {"file/roster.db", "no"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
			path := tc.path
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			err := open(t, path, storetest.Limits()).Check()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path)) {
				t.Errorf("Check() = %v, want %q", err, tc.want)
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
				t.Errorf("it has made something: %v, %v", list, err)
			}
		})
	}
}
