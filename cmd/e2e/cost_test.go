package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// TestCostBesideServer: four clients with 200 pings under way each, and what
// processor time iqd needs for them beside what the server needs to carry them.
// The goal is 3 % of Prosody's and 20 % of ejabberd's, which writes each stanza
// alone. On a machine that others use too, waking up costs more, and the bounds here
// only catch a collapse.
func TestCostBesideServer(t *testing.T) {
	const clients, window, each = 4, 200, 5000
	for kind, limit := range map[string]struct{ goal, most float64 }{ // one at a time
		realserver.Prosody:  {3, 15},
		realserver.Ejabberd: {20, 50},
	} {
		t.Run(kind, func(t *testing.T) {
			srv := realserver.Start(t, kind, realserver.Options{})
			iqd := startDaemon(t, srv)
			var loads []*pinger
			for i := range clients {
				loads = append(loads, &pinger{c: srv.Login(t, "alice", fmt.Sprint("load", i)), to: srv.Component, window: window})
			}
			before, serverBefore, began := cpu(t, iqd), cpu(t, srv.PID()), time.Now()
			var wg sync.WaitGroup
			for _, p := range loads {
				wg.Go(func() { p.run(each) })
			}
			wg.Wait()
			ours, theirs := cpu(t, iqd)-before, cpu(t, srv.PID())-serverBefore
			share := 100 * float64(ours) / float64(theirs)
			t.Logf("%d pings, %.0f a second: iqd %v, %s %v, that is %.1f %%",
				clients*each, clients*each/time.Since(began).Seconds(), ours, kind, theirs, share)
			for _, p := range loads {
				if p.err != nil {
					t.Error(p.err)
				}
			}
			if share > limit.most {
				t.Errorf("iqd needs %.1f %% of the processor time of %s, want %.0f", share, kind, limit.goal)
			}
		})
	}
}

// startDaemon builds iqd as a user does, starts it at the server and waits until
// it is heard there. It returns the process.
func startDaemon(t *testing.T, srv *realserver.Server) (pid int) {
	t.Helper()
	cmd := runDaemon(t, srv, buildDaemon(t), t.TempDir(), "[handlers.ping]\n")
	bob := srv.Login(t, "bob", "waits")
	n := 0
	realserver.Eventually(t, 20*time.Second, func() bool {
		n++
		return realserver.Parse(bob.IQ(pingOf(srv.Component, fmt.Sprint("up", n)))).Type == "result"
	})
	return cmd.Process.Pid
}

func buildDaemon(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "iqd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-race=false", "-o", path, repository+"/cmd/iqd").CombinedOutput(); err != nil {
		t.Fatalf("build iqd: %v\n%s", err, out)
	}
	return path
}

// runDaemon starts iqd with its state in a folder, and ends it with SIGKILL when the
// test ends.
func runDaemon(t *testing.T, srv *realserver.Server, path, dir, more string) *exec.Cmd {
	t.Helper()
	conf := filepath.Join(dir, "iqd.toml")
	writeText(t, conf, fmt.Sprintf("[component]\njid = '%s'\nserver = '%s'\nsecret = '%s'\n%s", srv.Component, srv.ComponentAddr(), srv.Secret, more))
	if err := os.Chmod(conf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "-c", conf)
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killed(cmd) })
	return cmd
}

// killed ends a process as no signal handler sees it.
func killed(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
}

func pingOf(to, id string) string {
	return "<iq type='get' id='" + id + "' to='" + to + "'><ping xmlns='urn:xmpp:ping'/></iq>"
}

// A pinger is a client that keeps requests under way.
type pinger struct {
	c      *realserver.Client
	to     string
	window int
	sent   int // ever
	err    error
}

// run has n pings answered, once each and with a result.
func (p *pinger) run(n int) {
	first := p.sent
	var out strings.Builder
	ask := func(count int) {
		out.Reset()
		for range min(count, first+n-p.sent) {
			out.WriteString(pingOf(p.to, strconv.Itoa(p.sent)))
			p.sent++
		}
		p.c.Send(out.String())
	}
	ask(p.window)
	answered := map[string]bool{}
	for free := 0; len(answered) < n; {
		raw := p.c.Next(30 * time.Second)
		s := realserver.Parse(raw)
		if id, err := strconv.Atoi(s.ID); err != nil || id < first || id >= p.sent || answered[s.ID] || s.Type != "result" || s.From != p.to {
			p.err = fmt.Errorf("%s got %q after %d of %d answers", p.c.JID, raw, len(answered), n)
			return
		}
		answered[s.ID] = true
		if free++; free == 20 { // a few in one piece, as a busy client writes them
			ask(free)
			free = 0
		}
	}
}

// cpu returns what processor time a process has used.
func cpu(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ") // behind the name of the program
	const user, system = 11, 12
	var sum time.Duration
	for _, s := range strings.Fields(after)[user : system+1] {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(n) * 10 * time.Millisecond // the kernel counts in hundredths
	}
	return sum
}
