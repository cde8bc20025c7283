// Package load_test holds what iqd promises of memory, start and delay. It asks
// real processes, built as a user builds them, so that neither the race detector
// nor the tests themselves are measured along.
package load_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/iqd-xmpp/iqd/cmd" // a change of what is built is a reason to run these again
)

const (
	domain = "iq.example.net"
	secret = "squeamish-ossifrage"
	module = "github.com/iqd-xmpp/iqd/"
)

// build returns the program of a package, without the race detector.
func build(t *testing.T, pkg string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and loads a program, left out with -short")
	}
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-race=false", "-o", path, module+pkg).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// A program is a process that is measured from outside.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	log bytes.Buffer
}

// start runs a program to the end of the test.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%.4000s", cmd.Path, p.log.String())
		}
	})
	return p
}

// kill ends the program, if it still runs. How it ends when it is asked to is for
// other tests.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// memory returns a line of /proc/PID/status in KiB: VmRSS now, VmHWM at its peak.
func (p *program) memory(line string) int {
	p.t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		p.t.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		if f := strings.Fields(l); len(f) > 1 && f[0] == line+":" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				p.t.Fatal(err)
			}
			return n
		}
	}
	p.t.Fatalf("no %s in:\n%s", line, text)
	return 0
}

// daemon starts iqd run beside a server, with sections of configuration, and its
// files in dir.
func daemon(t *testing.T, path string, srv *server, dir, sections string) *program {
	t.Helper()
	conf := filepath.Join(dir, "iqd.toml")
	text := "[component]\njid = '" + domain + "'\nserver = '" + srv.addr() + "'\nsecret = '" + secret + "'\n" + sections
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "-c", conf)
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+dir)
	return start(t, cmd)
}

// bench starts the component of the benchmark, which has slow handlers.
func bench(t *testing.T, srv *server) *program {
	t.Helper()
	cmd := exec.Command(build(t, "bench/iqd"))
	_, port, _ := strings.Cut(srv.addr(), ":")
	cmd.Env = append(os.Environ(), "BENCH_JID="+domain, "BENCH_SECRET="+secret, "BENCH_PORT="+port, "BENCH_ROSTER_ITEMS=20")
	return start(t, cmd)
}

// cpu returns what processor time a process has used. The kernel counts it in
// hundredths of a second.
func (p *program) cpu() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		p.t.Fatal(err)
	}
	f := strings.Fields(string(text))
	const user, system = 13, 14
	var sum time.Duration
	for _, s := range []string{f[user], f[system]} {
		n, err := strconv.Atoi(s)
		if err != nil {
			p.t.Fatal(err)
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}
