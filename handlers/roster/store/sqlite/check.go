package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Check says what will keep the store from working, as far as that can be seen
// without making or opening anything. A folder that Open can make is no trouble.
func (s *Store) Check() error {
	if info, err := os.Stat(s.path); err == nil && info.IsDir() {
		return fmt.Errorf("roster file %s: is a folder", s.path)
	} else if err == nil {
		if err := writable(s.path); err != nil {
			return fmt.Errorf("roster file %s: %w", s.path, err)
		}
	}
	dir := filepath.Dir(s.path)
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("roster file %s: %s is no folder", s.path, dir)
		case err == nil:
			if err := writable(dir); err != nil {
				return fmt.Errorf("roster file %s: %w", s.path, err)
			}
			return nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
			return fmt.Errorf("roster file %s: %w", s.path, err)
		}
		dir = filepath.Dir(dir)
	}
}

// writable asks the kernel, which knows of rights and of file systems that are
// mounted for reading only.
func writable(path string) error {
	const mayWrite = 2
	if err := syscall.Access(path, mayWrite); err != nil {
		return &fs.PathError{Op: "write to", Path: path, Err: err}
	}
	return nil
}
