package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

// open returns the store of a file, closed at the end of the test.
func open(t testing.TB, path string, lim store.Limits) *sqlite.Store {
	t.Helper()
	s := sqlite.New(path, lim)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, lim store.Limits) storetest.Store {
		return open(t, filepath.Join(t.TempDir(), "roster.db"), lim)
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, open(b, filepath.Join(b.TempDir(), "roster.db"), storetest.Limits()))
}
