package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

const juliet = "juliet@example.net"

func set(t *testing.T, s *sqlite.Store, jid string) {
	t.Helper()
	if _, err := s.Set(t.Context(), juliet, store.Item{JID: jid}); err != nil {
		t.Fatalf("Set(%s): %v", jid, err)
	}
}

func jids(t *testing.T, s *sqlite.Store) string {
	t.Helper()
	r, err := s.Roster(t.Context(), juliet, store.Everything)
	if err != nil {
		t.Fatalf("Roster: %v", err)
	}
	var out []string
	for _, it := range r.Items {
		out = append(out, it.JID)
	}
	return strings.Join(out, " ")
}

// runSQL runs SQL in a file as another program does.
func runSQL(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file that cannot be used says why, and the store works once it can be.
func TestTrouble(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(t *testing.T, path string)
		mend func(t *testing.T, path string)
		want string
	}{
		"a directory": {
			func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) },
			func(t *testing.T, path string) { must(t, os.Remove(path)) }, "is a directory",
		},
		"no directory": {
			func(t *testing.T, path string) { must(t, os.WriteFile(filepath.Dir(path), nil, 0o600)) },
			func(t *testing.T, path string) { must(t, os.Remove(filepath.Dir(path))) }, "not a directory",
		},
		"no database": {
			func(t *testing.T, path string) {
				must(t, os.WriteFile(path, []byte(strings.Repeat("these are my notes. ", 100)), 0o600))
			},
			func(t *testing.T, path string) { must(t, os.Remove(path)) }, "damaged, or no database",
		},
		"another program's": {
			func(t *testing.T, path string) { runSQL(t, path, "CREATE TABLE notes (t)") },
			func(t *testing.T, path string) { must(t, os.Remove(path)) }, "a database of another program",
		},
		"another program's version": {
			func(t *testing.T, path string) { runSQL(t, path, "PRAGMA user_version = 1") },
			func(t *testing.T, path string) { runSQL(t, path, "PRAGMA user_version = 0") }, "a database of another program",
		},
		"a newer version": {
			func(t *testing.T, path string) {
				runSQL(t, path, "PRAGMA application_id = 0x69716472; PRAGMA user_version = 99")
			},
			func(t *testing.T, path string) { must(t, os.Remove(path)) }, "newer version",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "roster.db")
			if name != "no directory" {
				must(t, os.Mkdir(filepath.Dir(path), 0o700))
			}
			tc.make(t, path)
			s := open(t, path, storetest.Limits())
			for what, err := range map[string]error{
				"Open": s.Open(t.Context()), "Set": second(s.Set(t.Context(), juliet, store.Item{JID: "a@example.net"})),
				"Remove": second(s.Remove(t.Context(), juliet, "a@example.net")), "Roster": readErr(t, s),
			} {
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), filepath.Dir(path)) {
					t.Errorf("%s: %v, want %q and the file", what, err, tc.want)
				}
			}
			tc.mend(t, path)
			set(t, s, "a@example.net")
			if got := jids(t, s); got != "a@example.net" {
				t.Errorf("roster is %q", got)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func readErr(t *testing.T, s *sqlite.Store) error {
	_, err := s.Roster(t.Context(), juliet, store.Everything)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A file that is damaged while it is used fails, and a backup that takes its
// place is used without a restart. So is one that replaces a sound file.
func TestReplace(t *testing.T) {
	for name, damage := range map[string]bool{"sound": false, "damaged": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, backup := filepath.Join(dir, "roster.db"), filepath.Join(dir, "backup.db")
			b := open(t, backup, storetest.Limits())
			set(t, b, "old@example.net")
			must(t, b.Close())

			s := open(t, path, storetest.Limits())
			for i := range 100 {
				set(t, s, fmt.Sprintf("c%d@example.net", i))
			}
			if damage {
				spoil(t, path)
				if err := readErr(t, s); err == nil || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("reading a damaged file: %v", err)
				}
				if _, err := s.Set(t.Context(), juliet, store.Item{JID: "x@example.net"}); err == nil || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("writing a damaged file: %v", err)
				}
			}
			for _, f := range []string{path + "-wal", path + "-shm"} {
				if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			must(t, os.Rename(backup, path))
			if got := jids(t, s); got != "old@example.net" {
				t.Errorf("roster is %q, want that of the backup", got)
			}
			set(t, s, "new@example.net")
			if got := jids(t, s); got != "old@example.net new@example.net" {
				t.Errorf("roster is %q", got)
			}
		})
	}
}

// spoil writes over the file and its log.
func spoil(t *testing.T, path string) {
	t.Helper()
	for _, f := range []string{path, path + "-wal"} {
		info, err := os.Stat(f)
		must(t, err)
		must(t, os.WriteFile(f, []byte(strings.Repeat("x", int(info.Size()))), 0o600))
	}
}
