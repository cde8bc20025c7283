package memory_test

import (
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/memory"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, lim store.Limits) storetest.Store { return memory.New(lim) })
}

func FuzzStore(f *testing.F) {
	f.Add([]byte("\x10\x12\x14\x00\x11\x20\x02\x04"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		lim := store.Limits{MaxItems: 5, MaxBytes: 1 << 20, MaxOwners: 2, MaxHistory: 6}
		if err := storetest.Compare(t.Context(), memory.New(lim), lim, ops[:min(len(ops), 1000)]); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, memory.New(storetest.Limits())) }
