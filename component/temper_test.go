package component

import (
	"testing"
	"time"
)

// TestTemper: what counts is how often a quick route was slow for how many calls,
// and it is forgotten with time (issue 3).
func TestTemper(t *testing.T) {
	const second = int64(time.Second)
	type strikes struct {
		n      int
		every  int64  // ns
		calls  uint64 // of the stream between two
		slowAt int    // the strike that makes it slow; 0: none
	}
	for _, c := range []struct {
		name string
		strikes
	}{
		{"at each call", strikes{5, second / 1000, 1, 3}},
		{"one call in a thousand", strikes{5, second / 100, 1000, 3}},
		{"once a second, few calls", strikes{20, second, 100, 4}},
		{"every four seconds, few calls", strikes{20, 4 * second, 100, 0}},
		{"many a second, of very many calls", strikes{100, second / 10, strikeCalls, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tm temper
			now, calls, slowAt := int64(time.Hour), uint64(0), 0
			for i := range c.n {
				now, calls = now+c.every, calls+c.calls
				tm.strike(now, calls)
				if tm.slow(now) {
					slowAt = i + 1
					break
				}
			}
			if slowAt != c.slowAt {
				t.Errorf("slow at strike %d, want %d (0: never)", slowAt, c.slowAt)
			}
		})
	}
}

// TestGlance: the watchdog takes a call for stuck when nothing has changed for a
// tick, and not when it was itself that the processor was taken from.
func TestGlance(t *testing.T) {
	const tick = quickTick
	for _, c := range []struct {
		name  string
		after []time.Duration // between its looks at the same call
		want  []bool
	}{
		{"on time", []time.Duration{tick}, []bool{true}},
		{"one tick late, the next on time", []time.Duration{tick / 10, tick}, []bool{false, true}},
		{"late once", []time.Duration{10 * tick, tick}, []bool{false, true}},
		{"late always", []time.Duration{10 * tick, 10 * tick}, []bool{false, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Now()
			g := glance{tick: tick, state: 1, at: now.Add(-tick)}
			g.same(3, now)
			for i, d := range c.after {
				now = now.Add(d)
				if got := g.same(3, now); got != c.want[i] {
					t.Errorf("look %d: same = %t, want %t", i+1, got, c.want[i])
				}
			}
		})
	}
}
