//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// three rounds of two peers, of which the second failed once.
func threeRounds() *bench {
	b := &bench{settings: settings{rounds: 3, workloads: load.Workloads()[:2]}, peers: []peer{{name: "iqd"}, {name: "other", needs: "its C part"}}}
	add := func(stage string, n int, peer string, cpu float64, p50 time.Duration, err string) {
		b.all = append(b.all, round{Stage: stage, Round: n, Peer: peer, CPUPerIQ: cpu, First: 12 * time.Millisecond, Error: err,
			Result: load.Result{IQs: 10, PeakRSS: 9 << 10, Others: load.Latency{P50: p50, P99: 3 * p50}}})
	}
	for i, cpu := range []float64{2, 4, 3} {
		add("ping", i, "iqd", cpu, time.Millisecond, "")
	}
	add("ping", 0, "other", 10, time.Millisecond, "")
	add("ping", 1, "other", 0, 0, "requests were not answered: 256")
	add("ping", 2, "other", 30, time.Millisecond, "")
	add(stageAlone, 0, "iqd", 1, 30*time.Microsecond, "")
	add(stageAlone, 0, "other", 1, 20*time.Microsecond, "")
	return b
}

func TestReport(t *testing.T) {
	var out strings.Builder
	threeRounds().print(&out)
	for _, want := range []string{
		"| | iqd | other |\n|---|---:|---:|\n",
		"| ping | 3.00 | 30.0 **10** (5.0-10) |\n", // the ratios of rounds 1 and 3
		"| disco-info | fails | fails |\n",
		"iqd is 1.5 (1.5-1.5) times other in 1 rounds with steal below 1 %, in µs: 30.0/20.0.",
		"256 pings at a time, p50: iqd 1.00 ms, p99 3.0 (3.0-3.0) times that; other",
		"From the start to the first answer: iqd 12.0 ms, other 12.0 ms.",
		"Peak memory of all that, in MiB: iqd 9, other 9.",
		"- other: its C part\n",
		"- other failed in round 2 of ping: requests were not answered: 256\n",
		"0 of 8 rounds were noisy",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

// What is missing is said with what to install.
func TestMissingPeer(t *testing.T) {
	p := peer{name: "x", steps: [][]string{{"sh", "-c", "echo no such header; exit 1"}}, needs: "libx-dev"}
	if _, err := p.build(t.Context()); err == nil || err.Error() != "it wants libx-dev (apt-get install libx-dev): no such header" {
		t.Errorf("error %v", err)
	}
}
