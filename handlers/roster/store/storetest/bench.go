package storetest

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// Benchmark measures a store that is empty: changes and reads one at a time, and
// changes of many owners at once.
func Benchmark(b *testing.B, s Store) {
	list := items(100)
	b.Run("set", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			change(b, s, juliet, list[i%len(list)])
		}
	})
	b.Run("set parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(max(1, Senders/runtime.GOMAXPROCS(0)))
		var senders atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			owner := fmt.Sprintf("user%d@example.net", senders.Add(1))
			for i := 0; pb.Next(); i++ {
				change(b, s, owner, list[i%len(list)])
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
	})
	for _, item := range list {
		change(b, s, romeo, item)
	}
	b.Run("get 100 items", func(b *testing.B) { get(b, s, store.Everything, 100) })
	r, err := s.Roster(b.Context(), romeo, store.Everything)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("get nothing new", func(b *testing.B) { get(b, s, r.Version, 0) })
	b.Run("get 10 changes", func(b *testing.B) { get(b, s, r.Version-10, 10) })
}

func change(b *testing.B, s Store, owner string, item store.Item) {
	if _, err := s.Set(b.Context(), owner, item); err != nil {
		b.Error(err)
	}
}

// items returns n items that differ.
func items(n int) []store.Item {
	out := make([]store.Item, n)
	for i := range out {
		out[i] = store.Item{JID: fmt.Sprintf("contact%d@example.net", i), Name: "Some Body", Groups: []string{"Friends"}}
	}
	return out
}

func get(b *testing.B, s Store, since int64, items int) {
	b.ReportAllocs()
	for range b.N {
		r, err := s.Roster(b.Context(), romeo, since)
		if err != nil || len(r.Items) != items {
			b.Fatalf("%d items, want %d: %v", len(r.Items), items, err)
		}
	}
}
