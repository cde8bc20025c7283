package exec_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

const (
	ns      = "urn:example:exec"
	nsOther = "urn:example:other"
)

// A rig is a component with the plugin that is tested, and another one that must
// not notice.
type rig struct {
	t   testing.TB
	srv *componenttest.Server
	log *journal
	ids int
}

// A setting of a test.
type setting struct {
	cfg     exec.Config
	env     component.Env
	timeout time.Duration
	most    int // requests at once; zero: the default
}

// start starts both plugins.
func start(t testing.TB, feeling string, changes ...func(*setting)) *rig {
	t.Helper()
	r := &rig{t: t, log: new(journal)}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	set := &setting{cfg: config(t, feeling), timeout: 20 * time.Second}
	set.env = component.Env{Name: "tested", JID: "iq.example.net", Hosts: []string{"example.net"}, StateDir: t.TempDir(), Version: "1.2.3"}
	for _, change := range changes {
		change(set)
	}
	tested := r.build("tested", ns, *set, log)
	other := r.build("other", nsOther, setting{cfg: config(t, "echo"), env: set.env, timeout: 20 * time.Second}, log)
	_, r.srv = componenttest.Start(t, component.Config{
		Handler: componenttest.Extension(tested, other), Log: log, Limits: component.Limits{DrainTimeout: 10 * time.Second},
	}, componenttest.Timeout(20*time.Second))
	return r
}

func (r *rig) build(name, ns string, set setting, log *slog.Logger) component.Extension {
	r.t.Helper()
	set.cfg.Namespaces = []string{ns}
	set.env.Name, set.env.Log = name, log.With(slog.String("handler", name))
	ext, err := exec.New(set.cfg, set.env)
	if err != nil {
		r.t.Fatal(err)
	}
	ext.Name, ext.Timeout, ext.MaxInFlight = name, set.timeout, set.most
	return ext
}

// config returns the section of a plugin: this program in a mood.
func config(t testing.TB, feeling string) exec.Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := exec.DefaultConfig()
	cfg.Command = []string{self}
	cfg.Env = map[string]string{mood: feeling}
	cfg.StopTimeout = 2 * time.Second
	return cfg
}

func timeout(d time.Duration) func(*setting) { return func(s *setting) { s.timeout = d } }

func environment(key, value string) func(*setting) {
	return func(s *setting) {
		s.cfg.Env = maps.Clone(s.cfg.Env)
		s.cfg.Env[key] = value
	}
}

// send sends a request to the tested plugin and returns its id.
func (r *rig) send(typ, payload string) string {
	r.t.Helper()
	return r.sendTo(ns, typ, payload)
}

func (r *rig) sendTo(ns, typ, payload string) string {
	r.t.Helper()
	r.ids++
	id := fmt.Sprint("q", r.ids)
	err := r.srv.Send("<iq type='" + typ + "' id='" + id + "' from='alice@example.net/phone' to='iq.example.net'><query xmlns='" + ns + "'>" + payload + "</query></iq>")
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// reply waits for the answer to a request.
func (r *rig) reply(id string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	got, err := r.srv.NextID(ctx, id)
	if err != nil {
		r.t.Fatalf("no answer to %s: %v\n%s", id, err, r.log)
	}
	return got
}

func (r *rig) ask(typ, payload string) string {
	r.t.Helper()
	return r.reply(r.send(typ, payload))
}

// wants fails unless the answer has all the parts.
func (r *rig) wants(got string, parts ...string) {
	r.t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			r.t.Errorf("answered %s\nwant %s\n%s", got, part, r.log)
		}
	}
}

// unharmed fails unless the other plugin answers soon and the stream is the first
// one.
func (r *rig) unharmed() {
	r.t.Helper()
	began := time.Now()
	r.wants(r.reply(r.sendTo(nsOther, "get", "still there?")), "still there?")
	if took := time.Since(began); took > 5*time.Second {
		r.t.Errorf("the other plugin took %s", took)
	}
	if r.srv.Streams() != 1 {
		r.t.Errorf("%d streams, want the first one", r.srv.Streams())
	}
}

// A journal is a log that can be read while it is written.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed at the next line
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.written != nil {
		close(j.written)
		j.written = nil
	}
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// next returns what has been written, and a channel that is closed when there is
// more.
func (j *journal) next() (string, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.written == nil {
		j.written = make(chan struct{})
	}
	return j.text.String(), j.written
}

// logged waits until a line of the tested plugin has all the parts.
func (r *rig) logged(parts ...string) string {
	r.t.Helper()
	late := time.After(8 * time.Second)
	for {
		text, more := r.log.next()
		for line := range strings.Lines(text) {
			if hasAll(line, append(parts, "handler=tested")) {
				return line
			}
		}
		select {
		case <-more:
		case <-late:
			r.t.Fatalf("no line with %q in the log:\n%s", parts, text)
		}
	}
}

func hasAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
