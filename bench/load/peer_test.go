//go:build linux

package load_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// TestTheComponent has the benchmark's own component answer some hundred requests
// of each workload, in whole and in pieces, from plain and from odd addresses.
func TestTheComponent(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "component")
	if out, err := exec.Command("go", "build", "-o", bin, "../iqd").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, w := range load.Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			stream, pid := startComponent(t, bin, w.Items)
			plan := w.Plan()
			plan.PID, plan.IQs = pid, 300
			res := mustRun(t, stream, plan)
			if res.CPU <= 0 || res.RSS < 1000 || res.PeakRSS < res.RSS {
				t.Errorf("measured %+v", res)
			}
			plan.IQs, plan.Cut, plan.Emoji = 50, 4096, true
			mustRun(t, stream, plan)
			if err := stream.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSleepersOfTheComponent: who sleeps holds up nobody else, whether it said that
// it would or not.
func TestSleepersOfTheComponent(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "component")
	if out, err := exec.Command("go", "build", "-o", bin, "../iqd").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, sleepers := range []string{"slow", "liar"} {
		t.Run(sleepers, func(t *testing.T) {
			stream, pid := startComponent(t, bin, 100)
			res := mustRun(t, stream, load.Plan{Workload: "ping", Items: 100, Window: 64, IQs: 2000, Sleepers: sleepers, Share: 10, PID: pid})
			if res.Asleep.P50 < 50*time.Millisecond || res.Others.P50 > res.Asleep.P50 {
				t.Errorf("sleepers %+v, others %+v", res.Asleep, res.Others)
			}
			if err := stream.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func startComponent(t *testing.T, bin string, items int) (*load.Stream, int) {
	t.Helper()
	srv, err := load.Listen("secret")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin)
	cmd.Env = append(os.Environ(), "BENCH_PORT="+strconv.Itoa(srv.Port()), "BENCH_SECRET=secret", "BENCH_JID="+load.Domain, "BENCH_ROSTER_ITEMS="+strconv.Itoa(items))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = srv.Close()
		_ = cmd.Wait() // ended by the test's context, if not by its stream
	})
	stream, err := srv.Accept(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return stream, cmd.Process.Pid
}

func mustRun(t *testing.T, stream *load.Stream, plan load.Plan) load.Result {
	t.Helper()
	res, err := stream.Run(plan)
	if err != nil {
		t.Fatal(err)
	}
	return res
}
