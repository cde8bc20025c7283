package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// A file is the file that was opened. Another one may have taken its place since.
type file struct {
	path string
	info os.FileInfo
}

// current reports whether the file is still the one at its path.
func (f file) current() bool {
	now, err := os.Stat(f.path)
	return err == nil && os.SameFile(f.info, now)
}

// openFile opens the file for the one who writes, makes it if there is none, and
// brings its tables up to date.
func openFile(path string) (*sql.DB, file, error) {
	info, err := makeFile(path)
	if err != nil {
		return nil, file{}, fmt.Errorf("roster file: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path, "_txlock", "immediate"))
	if err != nil {
		return nil, file{}, describe(path, err)
	}
	db.SetMaxOpenConns(1)
	if err := migrate(context.Background(), db); err != nil {
		return nil, file{}, errors.Join(describe(path, err), db.Close())
	}
	return db, file{path, info}, nil
}

// makeFolder makes the folder of the file, unless there is one.
func makeFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("roster file: %w", err)
	}
	return nil
}

// makeFile makes an empty file that nobody else may read, unless there is one.
// SQLite gives its mode to the log files beside it.
func makeFile(path string) (os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) { // SQLite says whether it matters
		return os.Stat(path)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

// dsn returns the name under which the driver opens a connection.
//
// synchronous=FULL: the log is on the disk when a commit returns, so that what
// was acknowledged survives the power too, and not only the process.
func dsn(path string, more ...string) string {
	q := url.Values{
		"mode": {"rw"}, "_busy_timeout": {"5000"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode(), OmitHost: true}
	return u.String()
}
