package sqlite

import (
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// isRefusal reports whether a change was refused for what it is, before anything
// was written.
func isRefusal(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrItems) ||
		errors.Is(err, store.ErrBytes) || errors.Is(err, store.ErrOwners)
}

// code returns the primary result code of SQLite, or 0.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// mayBeOne reports whether it may be a single change that cannot be made.
func mayBeOne(err error) bool {
	switch code(err) {
	case codes.SQLITE_FULL, codes.SQLITE_TOOBIG, codes.SQLITE_CONSTRAINT, codes.SQLITE_MISMATCH:
		return true
	}
	return false
}

// needsReopen reports whether the connection is of no use after err. A disk
// without room and a file that another process has locked pass.
func needsReopen(err error) bool {
	switch code(err) {
	case codes.SQLITE_FULL, codes.SQLITE_TOOBIG, codes.SQLITE_CONSTRAINT, codes.SQLITE_MISMATCH,
		codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_INTERRUPT:
		return false
	}
	return true
}

// describe adds the file to err, and for what an operator can do something about
// the words for it.
func describe(path string, err error) error {
	what := ""
	switch code(err) {
	case 0:
		if err == nil {
			return nil
		}
	case codes.SQLITE_FULL:
		what = "no room left on the disk: "
	case codes.SQLITE_READONLY:
		what = "not writable: "
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		what = "damaged, or no database; put a backup in its place: "
	case codes.SQLITE_BUSY:
		what = "locked by another process: "
	case codes.SQLITE_CANTOPEN:
		what = "cannot be opened: "
	}
	return fmt.Errorf("roster file %s: %s%w", path, what, err)
}
