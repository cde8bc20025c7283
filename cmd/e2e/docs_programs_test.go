package e2e_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A docModule is what the blocks of a document make together.
type docModule struct {
	t        *testing.T
	dir      string
	programs []*docProgram
}

// A docProgram is a main of a document, and what is said to it there.
type docProgram struct {
	pkg    string // its folder
	config string // its configuration, or empty
	talks  []docBlock
	server *componenttest.Server
	addr   string
}

// The Go of the documents is good, its tests pass, and its programs answer what
// the document says that they answer.
func TestDocumentPrograms(t *testing.T) {
	t.Parallel()
	for doc, blocks := range documents(t) {
		if !hasGo(blocks) {
			continue
		}
		t.Run(doc, func(t *testing.T) {
			t.Parallel()
			m := newDocModule(t, blocks)
			m.run("go", "vet", "./...")
			m.run("go", "test", "./...")
			m.run("go", "build", "-o", "bin/", "./...")
			for _, p := range m.programs {
				t.Run(p.pkg, func(t *testing.T) { m.talk(t, p) })
			}
		})
	}
}

func hasGo(blocks []docBlock) bool {
	for _, b := range blocks {
		if b.lang == "go" {
			return true
		}
	}
	return false
}

// newDocModule writes the files of a document. Each program gets a server of its
// own.
func newDocModule(t *testing.T, blocks []docBlock) *docModule {
	t.Helper()
	m := &docModule{t: t, dir: t.TempDir()}
	m.writeGoMod()
	for _, b := range blocks {
		file := b.path()
		switch {
		case b.lang == "go" && strings.Contains(b.text, "\npackage main\n"):
			m.programs = append(m.programs, newDocProgram(t, path.Dir(file)))
		case b.lang == "toml" && file != "":
			m.last(b).config = file
		case b.lang == "iq" && file == "":
			m.last(b).talks = append(m.last(b).talks, b)
		}
		if file != "" {
			writeText(t, filepath.Join(m.dir, file), m.adapt(b.text))
		}
	}
	return m
}

func newDocProgram(t *testing.T, pkg string) *docProgram {
	t.Helper()
	p := &docProgram{pkg: pkg, server: componenttest.NewServer(componenttest.Options{})}
	t.Cleanup(p.server.Close)
	var err error
	if p.addr, err = p.server.Listen(); err != nil {
		t.Fatal(err)
	}
	return p
}

// last returns the program that a block is about: the one that was shown last.
func (m *docModule) last(b docBlock) *docProgram {
	m.t.Helper()
	if len(m.programs) == 0 {
		m.t.Fatalf("%s:%d: there is no program above", b.doc, b.line)
	}
	return m.programs[len(m.programs)-1]
}

// adapt puts the test's server in the place of the reader's.
func (m *docModule) adapt(text string) string {
	if len(m.programs) == 0 {
		return text
	}
	return strings.NewReplacer("127.0.0.1:5347", m.programs[len(m.programs)-1].addr, "iqd.localhost", "iq.example.net").Replace(text)
}

// writeGoMod has the module use this checkout, and what this checkout uses.
func (m *docModule) writeGoMod() {
	m.t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		m.t.Fatal(err)
	}
	const name = "module github.com/iqd-xmpp/iqd\n"
	mod := readText(m.t, filepath.Join(root, "go.mod"))
	if !strings.Contains(mod, name) {
		m.t.Fatalf("go.mod has another first line: %.60q", mod)
	}
	mod = strings.Replace(mod, name, "module example.net/iq\n", 1)
	mod += "\nrequire github.com/iqd-xmpp/iqd v0.0.0\nreplace github.com/iqd-xmpp/iqd => " + root + "\n"
	writeText(m.t, filepath.Join(m.dir, "go.mod"), mod)
	writeText(m.t, filepath.Join(m.dir, "go.sum"), readText(m.t, filepath.Join(root, "go.sum")))
}

func (m *docModule) run(name string, args ...string) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "PWD="+m.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// talk runs a program and holds its conversations.
func (m *docModule) talk(t *testing.T, p *docProgram) {
	if tests, _ := filepath.Glob(filepath.Join(m.dir, p.pkg, "*_test.go")); len(p.talks) == 0 && len(tests) > 0 {
		return // its own tests have held its conversations
	}
	if len(p.talks) == 0 {
		t.Fatal("the document does not say what this program answers")
	}
	var out bytes.Buffer
	cmd := exec.Command(filepath.Join(m.dir, "bin", p.pkg))
	if p.config != "" {
		cmd.Args = append(cmd.Args, "run", "-c", p.config)
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = m.dir, &out, &out
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("the program said:\n%s", &out)
		}
	}()
	if err := p.server.WaitOnline(ctx); err != nil {
		t.Fatalf("not online: %v", err)
	}
	for _, b := range p.talks {
		hold(ctx, t, p.server, b)
	}
	if list := p.server.Violations(); len(list) > 0 {
		t.Errorf("sent what XMPP forbids: %q", list)
	}
}

// hold sends what a conversation sends, and waits for what it expects.
func hold(ctx context.Context, t *testing.T, srv *componenttest.Server, b docBlock) {
	t.Helper()
	steps := docSteps(b.text)
	if len(steps) < 2 {
		t.Fatalf("%s:%d: nothing is asked and answered", b.doc, b.line)
	}
	for _, s := range steps {
		if s.sent {
			if err := srv.Send(s.text); err != nil {
				t.Fatalf("%s:%d: %v", b.doc, b.line, err)
			}
			continue
		}
		if _, err := srv.NextMatch(ctx, s.text); err != nil {
			t.Fatalf("%s:%d: %v: no\n%s\nbut\n%s", b.doc, b.line, err, s.text, leftover(srv))
		}
	}
	if n := srv.Queued(); n > 0 {
		t.Errorf("%s:%d: %d stanzas more than the document says", b.doc, b.line, n)
	}
}

// leftover returns what came and nobody expected.
func leftover(srv *componenttest.Server) (all string) {
	for srv.Queued() > 0 {
		raw, _ := srv.Next(context.Background()) // it is there
		all += raw + "\n"
	}
	return all
}

// A docStep is what one side says before the other does.
type docStep struct {
	sent bool
	text string
}

func docSteps(text string) (steps []docStep) {
	for line := range strings.Lines(text) {
		dir, rest, _ := strings.Cut(line, " ")
		if dir != ">" && dir != "<" {
			continue
		}
		if n := len(steps); n == 0 || steps[n-1].sent != (dir == ">") {
			steps = append(steps, docStep{sent: dir == ">"})
		}
		steps[len(steps)-1].text += rest
	}
	return steps
}
