//go:build linux

package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// meters are readings of all that runs while a plan does.
type meters struct {
	at        time.Time
	component time.Duration
	children  time.Duration // of the component
	self      time.Duration
	busy      time.Duration // of the machine
	steal     time.Duration
	rss, peak int
}

func readMeters(pid int) (meters, error) {
	m := meters{at: time.Now(), self: cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID)}
	if pid > 0 {
		m.component = cpuTime(processClock(pid))
		for _, child := range childrenOf(pid) {
			m.children += cpuTime(processClock(child))
		}
		if err := m.readStatus(pid); err != nil {
			return meters{}, err
		}
	}
	return m, m.readMachine()
}

// processClock is the clock of another process's CPU time, as clock_getcpuclockid(3)
// makes it: the sum of utime and stime in /proc/PID/stat, in nanoseconds and not in
// ticks of ten milliseconds.
func processClock(pid int) int32 { return int32(^pid<<3 | 2) }

// childrenOf returns the processes that a process has started and that still run, as
// proc_pid_task(5) lists them for each of its threads. A kernel without that list
// has none: their CPU time then counts as that of other programs.
func childrenOf(pid int) []int {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended meanwhile
		}
		for word := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

func cpuTime(clock int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// readStatus reads how much memory the component has, and had at most.
func (m *meters) readStatus(pid int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return fmt.Errorf("read the component's memory: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		switch {
		case len(f) < 2:
		case f[0] == "VmRSS:":
			m.rss, err = strconv.Atoi(f[1])
		case f[0] == "VmHWM:":
			m.peak, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return fmt.Errorf("read the component's memory: %w", err)
		}
	}
	return nil
}

// readMachine reads the first line of /proc/stat, see proc_stat(5): user, nice,
// system, idle, iowait, irq, softirq, steal, in hundredths of a second.
func (m *meters) readMachine() error {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return fmt.Errorf("read the machine's load: %w", err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) < 9 {
		return fmt.Errorf("read the machine's load: %q", line)
	}
	for i, field := range f[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return fmt.Errorf("read the machine's load: %w", err)
		}
		switch d := time.Duration(n) * 10 * time.Millisecond; i {
		case 0, 1, 2, 5, 6:
			m.busy += d
		case 7:
			m.steal = d
		}
	}
	return nil
}

// since returns what happened between two readings.
func (m meters) since(b meters) Result {
	r := Result{
		Elapsed: m.at.Sub(b.at), CPU: m.component - b.component, ChildCPU: max(0, m.children-b.children), LoadCPU: m.self - b.self,
		RSS: m.rss, PeakRSS: m.peak,
	}
	s := r.Elapsed.Seconds()
	r.Steal = (m.steal - b.steal).Seconds() / s
	r.Foreign = max(0, (m.busy-b.busy-r.CPU-r.ChildCPU-r.LoadCPU).Seconds()/s)
	return r
}
