package load_test

import (
	"testing"
	"time"
)

// TestDelayBesideSleepers: every tenth request goes to a handler that takes 50
// ms, with 64 under way, and the 99th percentile of the others stays small, also
// when the sleeper calls itself quick. The goal is 1 ms. The best of some rounds
// counts, for the neighbours on the machine come and go, and a component that
// sleepers hold up is slow in each of them.
func TestDelayBesideSleepers(t *testing.T) {
	const goal, most = time.Millisecond, 20 * time.Millisecond
	for name, payload := range map[string]string{
		"slow":            "<query xmlns='urn:bench:slow'/>",
		"slow, not quick": "<query xmlns='urn:bench:liar'/>",
	} {
		t.Run(name, func(t *testing.T) {
			srv := listen(t)
			bench(t, srv)
			l := srv.accept()
			best := time.Hour
			for round := 0; round < 6 && best > goal; round++ {
				p50, p99 := l.besideSleepers(payload)
				t.Logf("the others: p50 %v, p99 %v", p50, p99)
				best = min(best, p99)
			}
			if best > most {
				t.Errorf("p99 %v beside sleepers, want %v", best, goal)
			}
		})
	}
}

// besideSleepers returns the median and the 99th percentile of pings while others
// sleep.
func (l *link) besideSleepers(sleep string) (p50, p99 time.Duration) {
	l.t.Helper()
	const n, tenth = 5000, 10
	took := l.run(load{n: n, window: 64, ask: func(i int) (typ, payload string) {
		if i%tenth == 0 {
			return "get", sleep
		}
		return "get", ping
	}})
	var others []time.Duration
	for i, d := range took {
		if i%tenth != 0 {
			others = append(others, d)
		}
	}
	return percentile(others, 50), percentile(others, 99)
}
