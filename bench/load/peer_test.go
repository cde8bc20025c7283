//go:build linux

package load_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// TestTheComponents has the benchmark's own component, and those of its peers that
// are built with what a test may expect, answer some requests of each workload: in
// whole and in pieces, from plain and from odd addresses.
func TestTheComponents(t *testing.T) {
	for name, tc := range map[string]struct {
		build []string
		iqs   int
	}{
		"iqd":     {[]string{"go", "build", "-o", "", "../iqd"}, 300},
		"mellium": {[]string{"go", "build", "-o", "", "../peers/mellium"}, 20},
		"floor":   {[]string{"cc", "-o", "", "../peers/floor/floor.c"}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			bin := build(t, tc.build)
			var used time.Duration
			for _, w := range load.Workloads() {
				t.Run(w.Name, func(t *testing.T) { used += answersAll(t, bin, w, tc.iqs) })
			}
			if used <= 0 { // of one workload the kernel may know none yet
				t.Error("no processor time was measured")
			}
		})
	}
}

// build runs a compiler, with the place for the program where it is left open.
func build(t *testing.T, command []string) string {
	t.Helper()
	if _, err := exec.LookPath(command[0]); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no compiler: ", err)
	}
	bin := filepath.Join(t.TempDir(), "component")
	args := slices.Clone(command[1:])
	args[slices.Index(args, "")] = bin
	if out, err := exec.Command(command[0], args...).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// answersAll returns what processor time was measured.
func answersAll(t *testing.T, bin string, w load.Workload, iqs int) time.Duration {
	t.Helper()
	stream, pid := startComponent(t, bin, w.Items)
	plan := w.Plan()
	plan.PID, plan.IQs = pid, iqs
	res := mustRun(t, stream, plan)
	if res.CPU < 0 || res.RSS < 1000 || res.PeakRSS < res.RSS {
		t.Errorf("measured %+v", res)
	}
	plan.IQs, plan.Cut, plan.Emoji = min(iqs, 50), 4096, true
	mustRun(t, stream, plan)
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	return res.CPU
}

// TestSleepersOfTheComponent: who sleeps holds up nobody else, whether it said that
// it would or not.
func TestSleepersOfTheComponent(t *testing.T) {
	bin := build(t, []string{"go", "build", "-o", "", "../iqd"})
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
