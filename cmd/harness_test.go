package iqdcmd_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers"
)

// patience is the longest that a test waits for one thing.
const patience = 20 * time.Second

// A lookout is a writer whose reader waits for what is to come.
type lookout struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // closed by the next write
}

func newLookout() *lookout { return &lookout{wrote: make(chan struct{})} }

func (l *lookout) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wrote)
	l.wrote = make(chan struct{})
	return l.text.Write(p)
}

func (l *lookout) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait returns once want has been written.
func (l *lookout) wait(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		found, wrote := strings.Contains(l.text.String(), want), l.wrote
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-wrote:
		case <-deadline:
			t.Fatalf("waited for %q in:\n%s", want, l)
		}
	}
}

// A running is iqd run in this process, beside a server of componenttest.
type running struct {
	t       *testing.T
	path    string
	server  *componenttest.Server
	signals chan os.Signal
	log     *lookout
	code    chan int
	env     map[string]string
}

// testSecret is in no default and in no other text.
const testSecret = "squeamish-ossifrage"

// stage makes a server and a configuration file for it; conf is appended to the
// [component] section.
func stage(t *testing.T, conf string) *running {
	t.Helper()
	r := &running{
		t: t, path: filepath.Join(t.TempDir(), "iqd.toml"), signals: make(chan os.Signal, 4),
		log: newLookout(), code: make(chan int, 1), env: map[string]string{"STATE_DIRECTORY": t.TempDir()},
		server: componenttest.NewServer(componenttest.Options{Secret: testSecret}),
	}
	t.Cleanup(r.server.Close)
	r.write(conf)
	return r
}

func (r *running) write(conf string) {
	r.t.Helper()
	addr := r.env["addr"]
	if addr == "" {
		var err error
		if addr, err = r.server.Listen(); err != nil {
			r.t.Fatal(err)
		}
		r.env["addr"] = addr
	}
	text := fmt.Sprintf("[component]\njid = 'iq.example.net'\nserver = '%s'\nsecret = '%s'\n%s", addr, testSecret, conf)
	if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// start runs the daemon; it is stopped at the end of the test at the latest.
func (r *running) start() *running {
	r.t.Helper()
	return r.startTo(r.log)
}

// startTo is start with standard error elsewhere.
func (r *running) startTo(stderr io.Writer) *running {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	world := iqdcmd.World{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: stderr, Signals: r.signals,
		Getenv: func(k string) string { return r.env[k] },
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		r.code <- iqdcmd.Execute(ctx, []string{"run", "-c", r.path}, world, testRegistry())
	}()
	r.t.Cleanup(func() {
		cancel()
		<-exited
	})
	return r
}

// online waits for the component to be connected.
func (r *running) online() *running {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.server.WaitOnline(ctx); err != nil {
		r.t.Fatalf("not online: %v\n%s", err, r.log)
	}
	return r
}

// exit waits for the end and returns the exit code.
func (r *running) exit() int {
	r.t.Helper()
	select {
	case code := <-r.code:
		return code
	case <-time.After(patience):
		r.t.Fatalf("does not end:\n%s", r.log)
		return -1
	}
}

// ask sends a get with an empty element and returns the reply.
func (r *running) ask(from, ns, local string) string {
	r.t.Helper()
	r.send(from, "1", ns, local)
	return r.reply("1")
}

func (r *running) send(from, id, ns, local string) {
	r.t.Helper()
	if err := r.server.Send(fmt.Sprintf("<iq type='get' id='%s' from='%s' to='iq.example.net'><%s xmlns='%s'/></iq>", id, from, local, ns)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) reply(id string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := r.server.NextID(ctx, id)
	if err != nil {
		r.t.Fatalf("no reply: %v\n%s", err, r.log)
	}
	return got
}

func (r *running) ping() string {
	r.t.Helper()
	return r.ask("juliet@example.net/balcony", "urn:xmpp:ping", "ping")
}

// The namespaces of the handlers that only tests have.
const (
	nsCount = "urn:example:count"
	nsStuck = "urn:example:stuck"
	nsFail  = "urn:example:fail"
)

// countConfig is the section of a handler that counts its requests.
type countConfig struct {
	Start int64         `toml:"start"`
	Every time.Duration `toml:"every"`
	Names []struct {
		Name string `toml:"name"`
	} `toml:"names"`
	Ratio float64 `toml:"ratio"`
	Small uint8   `toml:"small"`
	File  string  `toml:"file"`
}

// testRegistry is the standard one with handlers that behave badly.
func testRegistry() handlers.Registry {
	reg := handlers.Standard()
	reg["count"] = handlers.With(func() countConfig { return countConfig{} }, newCount)
	reg["stuck"] = handlers.Plain(func() component.Extension {
		return one(nsStuck, func(context.Context, *component.Request) (component.Payload, error) { select {} })
	})
	reg["fail"] = handlers.Plain(func() component.Extension {
		return one(nsFail, func(context.Context, *component.Request) (component.Payload, error) {
			return nil, fmt.Errorf("new\nline, \x1b[31mred, \\x1b[32mgreen, \u202ebidi")
		})
	})
	return reg
}

func newCount(cfg countConfig, env component.Env) (component.Extension, error) {
	if cfg.Start < 0 {
		return component.Extension{}, fmt.Errorf("start = %d: below zero", cfg.Start)
	}
	var n atomic.Int64
	n.Store(cfg.Start)
	return one(nsCount, func(context.Context, *component.Request) (component.Payload, error) {
		return component.Text(nsCount, "n", fmt.Sprint(n.Add(1))), nil
	}), nil
}

func one(ns string, f component.HandlerFunc) component.Extension {
	return component.Extension{Name: ns, Routes: []component.Route{{Name: xml.Name{Space: ns, Local: "query"}, Get: f}}}
}

// command runs a command to its end.
func command(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = iqdcmd.Execute(t.Context(), args, iqdcmd.World{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Getenv: func(k string) string { return env[k] },
	}, testRegistry())
	return code, stdout.String(), stderr.String()
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

var (
	sigHUP  = os.Signal(syscall.SIGHUP)
	sigTERM = os.Signal(syscall.SIGTERM)
)
