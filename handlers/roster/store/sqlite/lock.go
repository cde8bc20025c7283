package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A lock keeps other processes away from the file: they would not hear of each
// other's changes. It lies on a file of its own, since SQLite loses its locks when
// another descriptor of the same file is closed. It ends with the process, however
// that ends.
type lock struct {
	mu   sync.Mutex
	file *os.File // nil: not taken
	over bool     // released for good
}

// How often and for how long we wait for a lock that this process itself holds: a
// reload opens the new store a moment before it closes the old one.
const (
	lockPoll = 20 * time.Millisecond
	lockWait = time.Minute
)

var errInUse = errors.New("in use by another process")

// take takes the lock on behalf of the file at path, unless we have it.
func (l *lock) take(ctx context.Context, path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.over:
		return errClosed
	case l.file != nil:
		return nil
	}
	f, err := os.OpenFile(path+"-lock", os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrNotExist) {
		return nil // nothing can be changed there; SQLite says whether it matters
	}
	if err != nil {
		return fmt.Errorf("lock roster file: %w", err)
	}
	if err := hold(ctx, f); err != nil {
		f.Close()
		return fmt.Errorf("roster file %s: %w", path, err)
	}
	l.file = f
	return nil
}

// hold locks f and writes into it who has.
func hold(ctx context.Context, f *os.File) error {
	for end := time.Now().Add(lockWait); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		pid := holder(f)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return os.NewSyscallError("flock", err)
		}
		if pid != os.Getpid() || time.Now().After(end) {
			return fmt.Errorf("%w, %d", errInUse, pid)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	// For people, and for us; the lock itself does not depend on it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return nil
}

// holder returns the number of the process that has written itself into f, or 0.
func holder(f *os.File) int {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0) // as much as there is
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	return pid
}

// release lets others have the file. It is not taken again.
func (l *lock) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
