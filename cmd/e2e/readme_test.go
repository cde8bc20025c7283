package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

const repository = "../.."

// shellBlocks returns the commands of the README under each heading, one a line.
func shellBlocks(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	heading, inside := "", false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside:
			blocks[heading] = append(blocks[heading], line)
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(line, "# ")
		}
	}
	return blocks
}

// A machine stands in for the one that the README is followed on: its files are
// below root, and its services are the test's.
type machine struct {
	t    *testing.T
	root string
	srv  *realserver.Server
	iqd  *exec.Cmd
}

func newMachine(t *testing.T, kind string) *machine {
	t.Helper()
	m := &machine{t: t, root: t.TempDir()}
	for _, dir := range []string{"etc/prosody/conf.d", "etc/ejabberd", "state"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	port := realserver.FreePort(t)
	example, err := os.ReadFile(filepath.Join(repository, "config.example.toml"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("config.example.toml", strings.Replace(string(example), "127.0.0.1:5347", fmt.Sprint("127.0.0.1:", port), 1))
	opts := realserver.Options{NoComponent: true, ComponentPort: port}
	if kind == realserver.Prosody {
		opts.Extra = fmt.Sprintf("Include %q\n", filepath.Join(m.root, "etc/prosody/conf.d/*.cfg.lua"))
	}
	m.srv = realserver.Start(t, kind, opts)
	return m
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.root, name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// run does what one line says.
func (m *machine) run(line string) {
	m.t.Helper()
	switch line {
	case "sudo systemctl restart prosody":
		m.srv.Restart()
		m.srv.WaitReady()
	case "sudo ejabberdctl reload_config":
		if out, err := m.srv.Ctl("reload_config"); err != nil {
			m.t.Fatalf("%s: %v: %s", line, err, out)
		}
	case "sudo systemctl daemon-reload": // the units are read when they are used
	case "sudo systemctl enable --now iqd":
		m.start()
	default:
		m.shell(line)
	}
}

var installed = regexp.MustCompile(`(^|[ "])/etc/|config\.example\.toml`)

// shell runs a line with bash, its paths below root.
func (m *machine) shell(line string) {
	m.t.Helper()
	line = strings.ReplaceAll(line, "/etc/ejabberd/ejabberd.yml", filepath.Join(m.srv.Dir, "ejabberd.yml"))
	line = installed.ReplaceAllStringFunc(line, func(s string) string {
		if s == "config.example.toml" {
			return filepath.Join(m.root, s)
		}
		return strings.Replace(s, "/etc/", m.root+"/etc/", 1)
	})
	cmd := exec.CommandContext(m.t.Context(), "bash", "-e", "-o", "pipefail", "-c", "sudo() { \"$@\"; }\n"+line)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "DESTDIR="+m.root, "PATH="+m.root+"/usr/local/bin:"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	m.t.Logf("$ %s\n%s", line, out)
	if err != nil {
		m.t.Fatalf("%s: %v", line, err)
	}
}

// start runs what the unit would.
func (m *machine) start() {
	m.t.Helper()
	unit, err := os.ReadFile(filepath.Join(m.root, "etc/systemd/system/iqd.service"))
	if err != nil {
		m.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(string(unit))
	if found == nil {
		m.t.Fatal("the unit starts nothing")
	}
	args := strings.Fields(found[1])
	for i, a := range args {
		if strings.HasPrefix(a, "/") {
			args[i] = m.root + a
		}
	}
	m.iqd = exec.Command(args[0], args[1:]...)
	m.iqd.Env = append(os.Environ(), "CREDENTIALS_DIRECTORY="+m.root+"/etc/credstore", "STATE_DIRECTORY="+m.root+"/state")
	m.iqd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.iqd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.iqd.Wait() }()
	m.t.Cleanup(func() {
		_ = m.iqd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				m.t.Errorf("iqd after SIGTERM: %v", err)
			}
		case <-time.After(20 * time.Second):
			m.t.Error("iqd does not end at SIGTERM")
			_ = m.iqd.Process.Kill()
		}
	})
}

// TestReadme follows the README from an installed server to an answered request.
func TestReadme(t *testing.T) {
	blocks := shellBlocks(t)
	for heading, kind := range map[string]string{"Prosody": realserver.Prosody, "ejabberd": realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			m := newMachine(t, kind)
			for _, part := range []string{"Five minutes beside your server", heading, "Start it"} {
				if len(blocks[part]) == 0 {
					t.Fatalf("the README has no commands under %q", part)
				}
				for _, line := range blocks[part] {
					m.run(line)
				}
			}
			alice := m.srv.Login(t, "alice", "readme")
			realserver.Eventually(t, 20*time.Second, func() bool {
				got := alice.IQ("<iq type='get' id='v' to='iqd.localhost'><query xmlns='jabber:iq:version'/></iq>")
				return strings.Contains(got, "<name>iqd</name>")
			})
			got := alice.IQ("<iq type='set' id='r' to='iqd.localhost'><query xmlns='jabber:iq:roster'><item jid='romeo@example.net'/></query></iq>")
			if realserver.Parse(got).Type != "result" {
				t.Errorf("roster set: %s", got)
			}
			if files, _ := filepath.Glob(m.root + "/state/roster.db*"); len(files) == 0 {
				t.Error("the roster is not in the state directory")
			}
		})
	}
}

// TestReadmeFirstCommands: the first one is the demo, the second one is what CI runs.
func TestReadmeFirstCommands(t *testing.T) {
	lines := shellBlocks(t)["See it"]
	if len(lines) != 2 || lines[1] != "make test" {
		t.Fatalf("the first commands are %q", lines)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", lines[0])
	cmd.Dir = repository
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", lines[0], err, out)
	}
	if !strings.Contains(string(out), "urn:xmpp:ping") {
		t.Errorf("the demo shows no ping:\n%s", out)
	}
	ci, err := os.ReadFile(filepath.Join(repository, ".ci/run"))
	if err != nil || !strings.Contains(string(ci), "make test") {
		t.Errorf(".ci/run does not run make test: %v", err)
	}
}

// TestReadmeHasNoOtherCommands: a command that no test runs may be wrong.
func TestReadmeHasNoOtherCommands(t *testing.T) {
	for heading := range shellBlocks(t) {
		switch heading {
		case "See it", "Five minutes beside your server", "Prosody", "ejabberd", "Start it":
		default:
			t.Errorf("no test runs the commands under %q", heading)
		}
	}
}
