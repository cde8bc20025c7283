//go:build linux

package main

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
	"golang.org/x/sys/unix"
)

// pluginRun is two rounds of our component by itself and with a plugin in Go and in
// Python, in Go so much slower and at such a rate.
func pluginRun(added time.Duration, rate float64) *bench {
	b := &bench{peers: []peer{{name: "iqd"}}}
	add := func(stage string, n int, name string, p50 time.Duration, rate float64) {
		b.all = append(b.all, round{Stage: stage, Round: n, Peer: name, Rate: rate, CPUPerIQ: 12,
			Result: load.Result{IQs: 10, ChildCPU: 150 * time.Microsecond, Others: load.Latency{P50: p50, P99: p50}}})
	}
	for n, own := range []time.Duration{30 * time.Microsecond, 40 * time.Microsecond} {
		add(stagePluginAlone, n, builtIn, own, 0)
		add(stagePluginAlone, n, goChild, own+added, 0)
		add(stagePluginAlone, n, "Python", own+time.Millisecond, 0)
		add(stagePluginFull, n, builtIn, time.Millisecond, 300_000)
		add(stagePluginFull, n, goChild, time.Millisecond, rate)
	}
	return b
}

func TestPluginLines(t *testing.T) {
	for name, tc := range map[string]struct {
		added       time.Duration
		rate        float64
		delay, many string
	}{
		"kept": {80 * time.Microsecond, 45_000,
			"unpinned, 2 rounds: built-in 40.0 µs; Go 120 µs, that is 80.0 µs more (80.0 µs to 80.0 µs) [goal: below 150 µs]; Python 1.04 ms, that is 1.00 ms more (1.00 ms to 1.00 ms).",
			"built-in 300000 (300000-300000), 12.0 µs of CPU; Go 45000 (45000-45000) [goal: 20000], 12.0 µs of CPU and 15.0 in the child."},
		"missed": {150 * time.Microsecond, 19_999,
			"Go 190 µs, that is 150 µs more (150 µs to 150 µs) [**missed**, goal: below 150 µs]; Python",
			"Go 19999 (19999-19999) [**missed**, goal: 20000], "},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			pluginRun(tc.added, tc.rate).print(&out)
			for _, want := range []string{tc.delay, tc.many} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the report lacks %q:\n%s", want, &out)
				}
			}
			for _, other := range []string{"| |", "; 0 rounds", "One ping", "p99 of the others", "Peak memory", "first answer", "Node"} {
				if strings.Contains(out.String(), other) {
					t.Errorf("the report has %q, which was not measured:\n%s", other, &out)
				}
			}
		})
	}
}

func TestPluginPeer(t *testing.T) {
	p, err := plugin{peer{name: "Go"}, []string{"./child", "a b"}}.with(peer{name: "iqd", command: []string{"./iqd"}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if p.name != "Go" || !slices.Equal(p.command, []string{"./iqd"}) ||
		!slices.Equal(p.env, []string{`BENCH_PLUGIN=["./child","a b"]`, "BENCH_PLUGIN_WORKERS=4"}) {
		t.Errorf("peer %+v", p)
	}
}

// While f runs all cores may be used, and afterwards one again.
func TestLoose(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	c, err := pin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bindAll(c.all) })
	if !c.pinned {
		t.Skip("there is one core")
	}
	mine := func() int {
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(0, &set); err != nil {
			t.Error(err)
		}
		return set.Count()
	}
	broken := errors.New("broken")
	err = c.loose(func() error {
		if mine() != c.all.Count() || c.pinned {
			t.Errorf("%d cores, want %d", mine(), c.all.Count())
		}
		return broken
	})
	if mine() != 1 || !c.pinned || !errors.Is(err, broken) {
		t.Errorf("%d cores and error %v afterwards, want one and %v", mine(), err, broken)
	}
}
