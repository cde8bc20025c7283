package iqdcmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestS04OtherSignals: SIGUSR1 and SIGUSR2 change nothing; SIGQUIT leaves the stacks
// in the log, and is no mistake of the operator after which nobody would start us
// again.
func TestS04OtherSignals(t *testing.T) {
	r := stage(t, "[handlers.ping]\n")
	cmd := r.startProcess()
	r.online()
	for _, sig := range []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2} {
		signal(t, cmd, sig)
		if got := r.ping(); !isResult(got) {
			t.Errorf("after %v ping was answered with %s", sig, got)
		}
	}
	signal(t, cmd, syscall.SIGQUIT)
	code := exitOf(t, cmd)
	contains(t, r.log.String(), "SIGQUIT: quit", "\ngoroutine 1 ")
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); code == 2 || status.Signal() != syscall.SIGABRT {
		t.Errorf("exit code %d, %v; want the signal SIGABRT", code, status.Signal())
	}
}

// TestS08FullDisk: a log that is written to a full disk is lost and counted, and
// everything is answered.
func TestS08FullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { full.Close() })
	addr := freeAddress(t)
	r := stage(t, "[handlers.fail]\n[handlers.ping]\n[log]\nlevel = 'debug'\n[admin]\nlisten = '"+addr+"'\n")
	cmd := r.process()
	cmd.Stderr, cmd.Stdout = full, full
	started(t, cmd)
	r.online()
	for range 20 {
		contains(t, r.ask("juliet@example.net/balcony", nsFail, "query"), "internal-server-error")
		if got := r.ping(); !isResult(got) {
			t.Fatalf("ping was answered with %s", got)
		}
	}
	if n := metric(t, addr, "iqd_log_lines_lost_total"); n < 20 {
		t.Errorf("%d lines are counted as lost", n)
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// metric returns the value of a metric that has no labels.
func metric(t *testing.T, addr, name string) int {
	t.Helper()
	_, text := fetch(t, "http://"+addr+"/metrics", "")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// TestS11NoDescriptors: while no descriptor is left there is no stream, but there
// are tries that cost next to nothing; when there is one again, there is a stream.
func TestS11NoDescriptors(t *testing.T) {
	addr := freeAddress(t)
	r := stage(t, "[handlers.ping]\n[admin]\nlisten = '"+addr+"'\n")
	run := r.process()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -n 24 && exec "$0" "$@"`}, run.Args...)...)
	cmd.Env, cmd.Stderr = run.Env, r.log
	started(t, cmd)
	r.online()
	r.ping()
	r.server.Refuse(-1)
	r.server.Cut()
	r.log.wait(t, "not connected")
	takers := takeDescriptors(t, cmd, addr)
	r.server.Refuse(0)
	r.log.wait(t, "too many open files")
	before := cpuTime(t, cmd)
	<-time.After(2 * time.Second) // of trying
	if spent := cpuTime(t, cmd) - before; spent > 500*time.Millisecond {
		t.Errorf("%s of processor time in 2 s without descriptors", spent)
	}
	if n := strings.Count(r.log.String(), "not connected"); n > 5 {
		t.Errorf("%d lines say so:\n%s", n, r.log)
	}
	for _, c := range takers {
		c.Close()
	}
	r.online()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// takeDescriptors connects to the admin endpoint until the process has none left.
func takeDescriptors(t *testing.T, cmd *exec.Cmd, addr string) []net.Conn {
	t.Helper()
	var conns []net.Conn
	for range 40 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conns = append(conns, c)
	}
	until(t, "all descriptors are taken", func() bool {
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid))
		return err == nil && len(open) >= 24
	})
	return conns
}

// until waits until ok holds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// cpuTime returns what a process has used of processors so far (proc(5), stat).
func cpuTime(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(string(f))
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// TestS12MemoryLimit: a flood of several times what may be open, beside GOMEMLIMIT of
// 64 MiB, is answered to the last request in little more memory than that.
func TestS12MemoryLimit(t *testing.T) {
	n := 40_000
	if raceEnabled || testing.Short() {
		n /= 4
	}
	addr := freeAddress(t)
	r := stage(t, "[handlers.stuck]\ntimeout = '2s'\n[handlers.ping]\n[limits]\nin_flight = 4096\nmax_buffered_bytes = 16777216\n[admin]\nlisten = '"+addr+"'\n")
	cmd := r.process()
	cmd.Env = append(cmd.Env, "GOMEMLIMIT=64MiB")
	cmd.Stderr = io.Discard
	started(t, cmd)
	r.online()
	go func() {
		for i := range n / 100 {
			var b strings.Builder
			for j := range 100 {
				fmt.Fprintf(&b, "<iq type='get' id='f' from='u%d@example.net/x' to='iq.example.net'><query xmlns='%s'>%0200d</query></iq>", j, nsStuck, i)
			}
			if r.server.Send(b.String()) != nil {
				return
			}
		}
	}()
	refused := 0
	for range n {
		if strings.Contains(r.reply("f"), "resource-constraint") {
			refused++
		}
	}
	if got := r.ping(); !isResult(got) || refused < n/2 {
		t.Errorf("%d of %d were refused; ping was answered with %s", refused, n, got)
	}
	if kb := peakMemory(t, cmd); kb > 100<<10 && !raceEnabled {
		t.Errorf("%d kB were resident at most", kb)
	}
	if n := metric(t, addr, "iqd_streams_total"); n != 1 {
		t.Errorf("%d streams", n)
	}
	signal(t, cmd, syscall.SIGTERM)
	signal(t, cmd, syscall.SIGTERM) // the handlers are stuck for good
	exitOf(t, cmd)
}

// peakMemory returns the most that was resident of a process, in kB.
func peakMemory(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kB were resident at most", kb)
	return kb
}

// TestN36Suspended: a process that stood still while the world went on finds its
// stream good, and answers what has come meanwhile and what comes then.
func TestN36Suspended(t *testing.T) {
	r := stage(t, "liveness = '1s'\n[handlers.ping]\n[limits]\nhandler_timeout = '1s'\n")
	cmd := r.startProcess()
	r.online()
	r.ping()
	signal(t, cmd, syscall.SIGSTOP)
	r.send("juliet@example.net/balcony", "meanwhile", "urn:xmpp:ping", "ping")
	<-time.After(3 * time.Second) // longer than every deadline above
	signal(t, cmd, syscall.SIGCONT)
	for _, got := range []string{r.reply("meanwhile"), r.ping()} {
		if !isResult(got) {
			t.Errorf("ping was answered with %s", got)
		}
	}
	if n := r.server.Streams(); n != 1 {
		t.Errorf("%d streams, want the first", n)
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// TestN36SuspendedAndDropped: the server has given up a process that stood still, and
// what is waiting is a reset: the process is back as soon as it goes on.
func TestN36SuspendedAndDropped(t *testing.T) {
	r := stage(t, "[handlers.ping]\n")
	cmd := r.startProcess()
	r.online()
	r.ping()
	signal(t, cmd, syscall.SIGSTOP)
	r.server.Reset()
	<-time.After(time.Second)
	began := time.Now()
	signal(t, cmd, syscall.SIGCONT)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.server.WaitStreams(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("back after %v", took)
	}
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
