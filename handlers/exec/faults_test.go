package exec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

const (
	failed = "<internal-server-error"
	late   = "<remote-server-timeout"
)

// Whatever a child does, the requester gets a clear error in time, the log names
// the plugin and why, and the stream and the other plugin do not notice.
func TestFaults_H11(t *testing.T) {
	for name, tc := range map[string]struct {
		mood, typ, want string
		log             []string
	}{
		"H11 garbage":                {"garbage", "get", late, []string{"level=WARN", "no JSON object", "this is no JSON", "worker=1"}},
		"H11 half a line":            {"half", "set", failed, []string{"level=WARN", "no JSON-RPC 2.0 message", "resul"}},
		"H11 not UTF-8":              {"latin1", "get", late, []string{"level=WARN", "not UTF-8"}},
		"H11 a line of 100 MB":       {"100 MB", "set", failed, []string{"level=ERROR", "a line of more than max_answer_bytes = 1048576"}},
		"H11 answer to nothing":      {"unknown", "get", late, []string{"level=WARN", "answer to no call: 4711"}},
		"H11 invalid XML":            {"bad xml", "get", failed, []string{"level=ERROR", "payload"}},
		"H11 two roots":              {"two roots", "get", failed, []string{"level=ERROR", "payload"}},
		"H11 jabber:client":          {"jabber:client", "get", failed, []string{"level=ERROR", `namespace \"jabber:client\"`}},
		"H11 old version":            {"old version", "get", failed, []string{"level=ERROR", `\"1.0\", not \"2.0\"`}},
		"H11 error of its own":       {"own error", "get", failed, []string{"level=ERROR", "error 7", "out of paper"}},
		"H11 answers twice":          {"twice", "get", "type='result'", []string{"level=WARN", "answered before"}},
		"H11 dies when asked to get": {"dies when asked", "get", failed, []string{"level=ERROR", "worker 1 ended before it answered: exit status 6"}},
		"H11 dies when asked to set": {"dies when asked", "set", failed, []string{"level=ERROR", "worker 1 ended before it answered: exit status 6"}},
		"H11 closes stdout":          {"closes stdout", "set", failed, []string{"level=ERROR", "closed its standard output"}},
		"H11 closes stdin":           {"closes stdin", "set", "type='error'", []string{"level=ERROR", "closed its standard input"}},
		"H11 hangs":                  {"hangs", "get", late, nil},
		"H11 never answers":          {"never answers", "set", late, nil},
		"H11 floods its own stderr":  {"floods", "get", "type='result'", []string{"level=INFO", "plugin says", "flood"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, tc.mood, timeout(5*time.Second))
			r.wants(r.ask(tc.typ, "hello"), tc.want)
			if tc.log != nil {
				r.logged(tc.log...)
			}
			r.unharmed()
			for line := range strings.Lines(r.log.String()) {
				if len(line) > 20000 || strings.ContainsAny(line[:len(line)-1], "\x00\x1b") {
					t.Errorf("not fit for a log: %.300q", line)
				}
			}
		})
	}
}

// A child that dies at once is started again ever more seldom, and after the third
// time nobody waits for it.
func TestH11_DiesAThousandTimes(t *testing.T) {
	r := start(t, "dies at once")
	r.wants(r.ask("get", ""), "type='error'") // while it is still hoped for
	r.logged("plugin says", "no such module: weather")
	r.logged("plugin ended", "exit status 5", "lived=")
	began := time.Now()
	for range 1000 {
		r.send("get", "")
	}
	for i := range 1000 {
		got := r.reply(fmt.Sprint("q", i+2))
		if !strings.Contains(got, "<service-unavailable") && !strings.Contains(got, failed) {
			t.Fatalf("answered %s", got)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("a thousand requests were answered within %s", took)
	}
	for {
		if got := r.ask("get", ""); strings.Contains(got, "<service-unavailable") {
			r.wants(got, "type='wait'")
			break
		}
	}
	r.unharmed()
	delays := regexp.MustCompile(`plugin ended.* in=(\S+)`).FindAllStringSubmatch(r.log.String(), -1)
	for i, want := 0, 100*time.Millisecond; i < len(delays); i, want = i+1, 2*want {
		if d, err := time.ParseDuration(delays[i][1]); err != nil || d < want*4/5 || d > want*6/5 {
			t.Errorf("delay %d is %s, want about %s", i+1, d, want)
		}
	}
}

// The get of a dead child is given to another one, once; a set is not, for it may
// have been carried out.
func TestH11_GetsAreAskedAgain(t *testing.T) {
	for name, tc := range map[string]struct{ typ, want string }{
		"get": {"get", "second life"},
		"set": {"set", failed},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "dies of its first", environment("MARK", filepath.Join(t.TempDir(), "mark")))
			r.wants(r.ask(tc.typ, ""), tc.want)
			r.logged("plugin ended", "exit status 7")
		})
	}
}

// A child that hangs is replaced once it has been silent for long.
func TestH11_HungChildIsReplaced(t *testing.T) {
	r := start(t, "never answers", timeout(600*time.Millisecond), func(s *setting) { s.cfg.HangTimeout = time.Second })
	for range 3 {
		r.wants(r.ask("set", ""), late)
	}
	r.logged("level=ERROR", "plugin ended", "it has said nothing for")
	r.logged("plugin started")
	r.unharmed()
}

// A child that writes nothing but garbage is replaced.
func TestH11_GarbageHasALimit(t *testing.T) {
	r := start(t, "garbage", timeout(2*time.Second))
	for range 100 {
		r.send("set", "")
	}
	for i := range 100 {
		r.wants(r.reply(fmt.Sprint("q", i+1)), failed)
	}
	r.logged("plugin ended", "it has written 100 lines that are no messages")
	if n := strings.Count(r.log.String(), "no JSON object"); n > 60 {
		t.Errorf("%d of 100 lines of garbage are in the log", n)
	}
}

// A child that asks and does not read what it is answered is replaced before that
// takes much memory.
func TestH11_AsksWithoutEnd(t *testing.T) {
	r := start(t, "asks without end")
	r.wants(r.ask("set", ""), failed)
	r.logged("plugin ended", "it does not read the answers that it asks for")
	r.unharmed()
}

// To a child that does not read, no more is written than there is room for. The
// others are asked in its place, and where there are none it is said at once.
func TestH11_DoesNotRead(t *testing.T) {
	r := start(t, "hangs", timeout(3*time.Second))
	big := strings.Repeat("x", 200<<10)
	for range 10 {
		r.send("set", big)
	}
	count := map[string]int{}
	for i := range 10 {
		got := r.reply(fmt.Sprint("q", i+1))
		for _, want := range []string{"<resource-constraint", late} {
			if strings.Contains(got, want) {
				count[want]++
			}
		}
	}
	if count[late] < 5 || count["<resource-constraint"] < 2 || count[late]+count["<resource-constraint"] != 10 {
		t.Errorf("answered %v", count)
	}
	r.unharmed()
}

// What a child has started ends with it, though it ends by itself.
func TestH11_ForkedProcessesEndWithTheirGroup(t *testing.T) {
	r := start(t, "forks")
	pid := number(t, r.ask("get", ""))
	if gone(pid) {
		t.Fatal("nothing was started")
	}
	r.wants(r.ask("set", ""), failed)
	r.logged("plugin ended", "exit status 8")
	for i := 0; !gone(pid); i++ {
		if i == 1000 {
			t.Fatal("what the child has started is still there")
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A child that ignores SIGTERM is killed, and nothing waits for longer than
// stop_timeout. That the component has ended all that it started, and in time, is
// checked at the end of each test.
func TestH11_IgnoresSIGTERM(t *testing.T) {
	var pid int
	var stopped time.Time
	t.Run("until it is stopped", func(t *testing.T) {
		r := start(t, "ignores SIGTERM", func(s *setting) { s.cfg.StopTimeout = 500 * time.Millisecond })
		pid = number(t, r.ask("get", ""))
		stopped = time.Now()
	})
	if took := time.Since(stopped); took < 400*time.Millisecond || took > 5*time.Second {
		t.Errorf("stopped within %s", took)
	}
	if !gone(pid) {
		t.Error("the child is still there")
	}
}

// number returns the number in an answer.
func number(t *testing.T, answer string) (n int) {
	t.Helper()
	_, text, _ := strings.Cut(answer, "'"+ns+"'>")
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil || n < 2 {
		t.Fatalf("no number in %s", answer)
	}
	return n
}

// gone reports whether a process has ended, though nobody may have taken note of it.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(text), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

// What cannot be started is a mistake in the configuration, and begins with the
// key.
func TestFaults_H12(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*exec.Config)
		err    string
	}{
		"H12 missing":          {func(c *exec.Config) { c.Command = []string{"/nonexistent/plugin"} }, "command: stat /nonexistent/plugin: no such file"},
		"H12 missing in PATH":  {func(c *exec.Config) { c.Command = []string{"no-such-plugin"} }, `command: no "no-such-plugin" in PATH=/usr/local/bin:/usr/bin:/bin`},
		"H12 missing in dir":   {func(c *exec.Config) { c.Command = []string{"./plugin"} }, "command: stat " + dir + "/plugin: no such file"},
		"H12 not executable":   {func(c *exec.Config) { c.Command = []string{plain} }, "command: " + plain + " is not executable (mode 0600)"},
		"H12 a directory":      {func(c *exec.Config) { c.Command = []string{dir} }, "command: " + dir + " is no file"},
		"H12 no command":       {func(c *exec.Config) { c.Command = nil }, "command: name the program"},
		"H12 not where named":  {func(c *exec.Config) { c.Dir = "nowhere" }, "dir: stat " + dir + "/nowhere: no such file"},
		"H12 dir is a file":    {func(c *exec.Config) { c.Dir = plain }, "dir: " + plain + " is no directory"},
		"H12 own PATH":         {func(c *exec.Config) { c.Command, c.Env = []string{"sh"}, map[string]string{"PATH": dir + ":."} }, `command: no "sh" in PATH=`},
		"H12 no worker":        {func(c *exec.Config) { c.Workers = 0 }, "workers = 0: between 1 and 256"},
		"H12 short answers":    {func(c *exec.Config) { c.MaxAnswerBytes = 1 }, "max_answer_bytes = 1: between"},
		"H12 negative IQs":     {func(c *exec.Config) { c.OwnIQs = -1 }, "own_iqs = -1: between 0"},
		"H12 endless stop":     {func(c *exec.Config) { c.StopTimeout = 2 * time.Hour }, "stop_timeout = 2h0m0s: between"},
		"H12 hurried":          {func(c *exec.Config) { c.HangTimeout = time.Millisecond }, "hang_timeout = 1ms: between 1s"},
		"H12 zero byte":        {func(c *exec.Config) { c.Command = []string{"/bin/sh", "a\x00"} }, "command: a zero byte"},
		"H12 name of variable": {func(c *exec.Config) { c.PassEnv = []string{"A=B"} }, `pass_env: "A=B" is no name`},
		"H12 routes":           {func(c *exec.Config) { c.Namespaces = nil }, "namespaces: at least one"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := exec.DefaultConfig()
			cfg.Namespaces, cfg.Command = []string{ns}, []string{"/bin/sh"}
			tc.change(&cfg)
			if _, err := exec.New(cfg, component.Env{StateDir: dir}); err == nil || !strings.HasPrefix(err.Error(), tc.err) {
				t.Errorf("New() error = %v, want %q", err, tc.err)
			}
		})
	}
}

// A script that is not there is found by a check, though its interpreter is there.
func TestCheckNamesAMissingScript(t *testing.T) {
	dir := t.TempDir()
	cfg := exec.DefaultConfig()
	cfg.Namespaces, cfg.Command = []string{ns}, []string{"sh", "-e", "weather.sh", "Verona"}
	ext, err := exec.New(cfg, component.Env{StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "weather.sh")
	if err := ext.Check(); err == nil || !strings.Contains(err.Error(), script+" is not there") {
		t.Errorf("Check() = %v", err)
	}
	if err := os.WriteFile(script, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ext.Check(); err != nil {
		t.Errorf("Check() = %v", err)
	}
}
