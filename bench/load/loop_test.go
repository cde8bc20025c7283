//go:build linux

package load

import (
	"os"
	"testing"
)

// loop returns a function that asks 256 times and settles the answers: all that the
// load does but for its system calls. Its own part, the answers, is cheap.
func loop(tb testing.TB, workload string) func() {
	tb.Helper()
	s := newStream(os.Stdin, 0)
	if err := s.prepare(Plan{Workload: workload, Items: 100, Window: 256, IQs: 1}); err != nil {
		tb.Fatal(err)
	}
	return func() {
		s.out, s.start, s.end = s.out[:0], 0, 0
		for range 256 {
			at := len(s.out)
			s.ask(1)
			s.end += copy(s.in[s.end:], "<iq type='result' id='")
			s.end += copy(s.in[s.end:], s.out[at+idAt-len(idPrefix):at+idAt+12])
			s.end += copy(s.in[s.end:], "' from='"+Domain+"' to='")
			s.end += copy(s.in[s.end:], s.people[s.slots[s.free[:len(s.free)+1][len(s.free)]].who].written)
			s.end += copy(s.in[s.end:], "'/>")
		}
		if err := s.collect(2); err != nil {
			tb.Fatal(err)
		}
	}
}

// The load must never be the limit, nor stop for a collection.
func TestLoopDoesNotAllocate(t *testing.T) {
	round := loop(t, "ping")
	round() // the first sample goes through the parser
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations for 256 requests", n)
	}
}

func BenchmarkLoop(b *testing.B) {
	round := loop(b, "ping")
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*256), "ns/IQ")
}
