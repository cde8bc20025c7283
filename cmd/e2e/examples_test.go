package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// An exampleHost is a machine on which each example is installed as its README
// says. What that has in /etc and /usr/local is below root.
type exampleHost struct {
	t    *testing.T
	root string
	port string // of the webhook
	srv  *realserver.Server
	logs bytes.Buffer
}

func newExampleHost(t *testing.T) *exampleHost {
	t.Helper()
	h := &exampleHost{t: t, root: t.TempDir(), srv: realserver.Start(t, realserver.Prosody, realserver.Options{})}
	programs(t, "node", "jq", "openssl", "bash")
	h.port = strconv.Itoa(realserver.FreePort(t))
	writeText(t, h.path("etc/iqd/config.toml"), fmt.Sprintf("[component]\njid = %q\nserver = %q\nsecret = %q\n"+
		"[admin]\njids = [\"alice@localhost\"]\n[handlers.disco]\n[handlers.ping]\n", h.srv.Component, h.srv.ComponentAddr(), h.srv.Secret))
	for _, dir := range []string{"etc/credstore", "run/credentials/iqd.service", "state"} {
		if err := os.MkdirAll(h.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{
		"go build -o '" + h.path("build/iqd") + "' ./cmd/iqd",
		"make install OUT='" + h.path("build") + "' DESTDIR='" + h.root + "'",
	} {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
		cmd.Dir = repository
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	return h
}

// programs skips a test that needs what is not installed. On CI that is a failure.
func programs(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed, and CI is set", name)
		}
		t.Skipf("%s is not installed", name)
	}
}

func (h *exampleHost) path(rest string) string { return filepath.Join(h.root, rest) }

// place puts the paths and the port of this machine into a text.
func (h *exampleHost) place(text string) string {
	for _, dir := range []string{"/usr/local/lib/iqd", "/usr/local/share/iqd", "/etc/iqd", "/etc/credstore", "/etc/systemd", "/run/credentials"} {
		text = strings.ReplaceAll(text, dir, h.root+dir)
	}
	return strings.ReplaceAll(text, "8080", h.port)
}

// examplePrelude has what a machine with systemd would do.
const examplePrelude = "set -euxo pipefail\nsudo() { \"$@\"; }\nsystemctl() { :; }\n"

// install does what the README of an example says, and returns what was printed.
// What it has started is stopped when the test ends.
func (h *exampleHost) install(name string) string {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "examples", name))); err != nil {
		h.t.Fatal(err)
	}
	config := filepath.Join(dir, "config.toml")
	writeText(h.t, config, h.place(readText(h.t, config)))
	var script strings.Builder
	for _, b := range readBlocks(h.t, filepath.Join(dir, "README.md")) {
		if b.lang == "sh" {
			script.WriteString(b.text)
		}
	}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(h.t.Context(), "bash", "-c", examplePrelude+h.place(script.String()))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+h.path("usr/local/bin")+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Run()
	h.t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // most have left nothing behind
	text := readText(h.t, out.Name())
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return text
}

// start runs iqd until the test ends, and waits until it answers.
func (h *exampleHost) start() {
	h.t.Helper()
	// What LoadCredential of the unit does.
	if err := os.Symlink(h.path("etc/credstore/iqd.poll.secret"), h.path("run/credentials/iqd.service/poll.secret")); err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(h.path("usr/local/bin/iqd"), "run", "-c", h.path("etc/iqd/config.toml"))
	cmd.Env, cmd.Stderr = append(os.Environ(), "STATE_DIRECTORY="+h.path("state")), &h.logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // Wait says how it ended
		if err := cmd.Wait(); err != nil {
			h.t.Errorf("iqd after SIGTERM: %v", err)
		}
		if h.t.Failed() {
			h.t.Logf("log:\n%s", &h.logs)
		}
	})
	bob := h.srv.Login(h.t, "bob", "orchard")
	realserver.Eventually(h.t, 20*time.Second, func() bool {
		return realserver.Parse(bob.IQ("<iq type='get' id='1' to='"+h.srv.Component+"'><ping xmlns='urn:xmpp:ping'/></iq>")).Type == "result"
	})
}

// An exampleTalk is what one user asks an example, and what has to be in the
// answers.
type exampleTalk struct {
	user  string
	steps [][2]string // the step of slixmpp, and a regular expression
	tried string      // what trying it without iqd prints
}

// TestExamples installs each example as its README says, and asks it through a
// Prosody, with slixmpp.
func TestExamples(t *testing.T) {
	t.Parallel()
	h := newExampleHost(t)
	talks := exampleTalks()
	list, err := os.ReadDir(filepath.Join(repository, "examples"))
	if err != nil || len(list) != len(talks)+1 { // and the README
		t.Fatalf("examples: %v, %v", list, err)
	}
	for _, name := range slices.Sorted(maps.Keys(talks)) { // the credential of the last one is there once iqd runs
		if out, want := h.install(name), talks[name].tried; !strings.Contains(out, want) {
			t.Errorf("%s, tried without iqd, does not print %s:\n%s", name, want, out)
		}
	}
	h.start()
	for name, talk := range talks {
		t.Run(name, func(t *testing.T) { h.talk(t, talk) })
	}
	t.Run("nobody else runs scripts", func(t *testing.T) {
		h.talk(t, exampleTalk{user: "bob", steps: [][2]string{
			{"commands", `"items": \[\]|"error"`},
			{"command:run:complete,script=greet", `item-not-found|feature-not-implemented`},
		}})
	})
	t.Run("nobody else calls the webhook", func(t *testing.T) {
		resp, err := http.Post("http://127.0.0.1:"+h.port, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a request without a signature is answered %s", resp.Status)
		}
	})
}

func (h *exampleHost) talk(t *testing.T, talk exampleTalk) {
	var steps []string
	for _, s := range talk.steps {
		steps = append(steps, s[0])
	}
	answers := h.srv.Slixmpp(t, talk.user, steps...)
	for _, s := range talk.steps {
		var got struct {
			XML string `json:"xml"`
		}
		_, err := realserver.Answer(answers, s[0], &got)
		if all := string(answers[s[0]]); err != nil || !regexp.MustCompile(s[1]).MatchString(got.XML+all) {
			t.Errorf("%s\nis answered with %s, want %s", s[0], all, s[1])
		}
	}
}

func exampleTalks() map[string]exampleTalk {
	return map[string]exampleTalk{
		"command-shell": {user: "alice", steps: [][2]string{
			{"commands", `"iqd.localhost", "run", "Run a script"`},
			{"command:run", `"executing".*"script"`},
			{"command:run:complete,script=greet,argument=$(id) <J>", `Good morning, \$\(id\) <J>\.`},
			{"command:run:complete,script=greet,argument=" + strings.Repeat("<", 30_000), `"completed".*Good morning, <<<`}, // 180 KB of JSON
			{"command:run:complete,script=disk", `"completed".*Filesystem`},
			{"command:run:complete,script=../run.sh", `"error"`},
		}},
		"exec-python": {user: "alice", tried: "item-not-found", steps: [][2]string{
			{"get:<note xmlns='urn:example:notes'/>", `item-not-found.*you have no note`},
			{"set:<note xmlns='urn:example:notes'>R &lt; J</note>", `type="result"`},
			{"get:<note xmlns='urn:example:notes'></note>", `>R &lt; J</`},
			{"set:<note xmlns='urn:example:notes'>" + strings.Repeat("x", 1001) + "</note>", `not-acceptable`},
		}},
		"exec-node": {user: "alice", steps: [][2]string{
			{"get:<client xmlns='urn:example:client'/>", `(?i)<client.*<name>slixmpp</name>.*</client>`},
			{"set:<client xmlns='urn:example:client'/>", `feature-not-implemented`},
		}},
		"exec-shell": {user: "alice", tried: `<free xmlns=\"urn:example:disk\">`, steps: [][2]string{
			{"get:<free xmlns='urn:example:disk'/>", `<free xmlns="urn:example:disk">[0-9.]+[KMGTP]?</free>`},
			{"get:<used xmlns='urn:example:disk'/>", `<used xmlns="urn:example:disk">[0-9]+%</used>`},
			{"get:<all xmlns='urn:example:disk'/>", `feature-not-implemented`},
		}},
		"webhook-python": {user: "alice", steps: [][2]string{
			{"set:<vote xmlns='urn:example:poll' for='tea'/>", `type="result"`},
			{"set:<vote xmlns='urn:example:poll' for='milk'/>", `not-acceptable.*coffee, tea`},
			{"get:<poll xmlns='urn:example:poll'/>", `name="tea" votes="1"|votes="1" name="tea"`},
		}},
	}
}
