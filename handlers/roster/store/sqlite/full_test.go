package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

// fillDisk runs in a process of its own, whose files may not grow: the nearest
// thing to a full disk that needs no rights. It returns an exit code.
func fillDisk(path string) int {
	signal.Ignore(syscall.SIGXFSZ)
	s := sqlite.New(path, storetest.Limits())
	if err := useFullDisk(s); err != nil {
		fmt.Println(err)
		return 1
	}
	if err := s.Close(); err != nil {
		fmt.Println("close:", err)
		return 1
	}
	return 0
}

func useFullDisk(s *sqlite.Store) error {
	ctx := context.Background()
	if err := s.Open(ctx); err != nil {
		return err
	}
	if err := fileLimit(256 << 10); err != nil {
		return err
	}
	kept, err := fill(ctx, s)
	if err == nil {
		return fmt.Errorf("%d sets succeeded with no room left", kept)
	}
	if !strings.Contains(err.Error(), "roster file") {
		return fmt.Errorf("error without the file's name: %w", err)
	}
	if err := countItems(ctx, s, kept); err != nil {
		return fmt.Errorf("with a full disk: %w", err)
	}
	if err := fileLimit(1 << 30); err != nil {
		return err
	}
	if _, err := s.Set(ctx, "after@example.net", store.Item{JID: "a@example.net"}); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return countItems(ctx, s, kept)
}

const fillers = 16

// fill makes changes from many sides until all have failed, and returns how many
// were acknowledged.
func fill(ctx context.Context, s *sqlite.Store) (kept int, last error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for o := range fillers {
		wg.Go(func() {
			for i := range 500 {
				_, err := s.Set(ctx, fmt.Sprintf("u%d@example.net", o), store.Item{
					JID: fmt.Sprintf("c%d@example.net", i), Name: strings.Repeat("x", 500),
				})
				mu.Lock()
				if err != nil {
					last = err
				} else {
					kept++
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return kept, last
}

// countItems reads all rosters: they hold as many items as were acknowledged.
func countItems(ctx context.Context, s *sqlite.Store, want int) error {
	var n int
	for o := range fillers {
		r, err := s.Roster(ctx, fmt.Sprintf("u%d@example.net", o), store.Everything)
		if err != nil {
			return err
		}
		n += len(r.Items)
	}
	if n != want {
		return fmt.Errorf("%d items are there, %d were acknowledged", n, want)
	}
	return nil
}

func fileLimit(bytes uint64) error {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	lim.Cur = min(bytes, lim.Max)
	return os.NewSyscallError("setrlimit", syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim))
}
