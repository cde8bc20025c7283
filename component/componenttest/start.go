package componenttest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// Start runs a component against a server of its own until the test ends, and
// returns when the component is online. What cfg leaves empty is filled in. At
// the end of the test the component is stopped, and the test fails if that takes
// too long, if a goroutine of the component is left, or if the component sent
// what XMPP forbids.
func Start(t TB, cfg component.Config, opts ...Option) (*component.Component, *Server) {
	t.Helper()
	set := newSetting(opts)
	set.server.Domain = cmp.Or(cfg.JID, set.server.Domain, "iq.example.net")
	set.server.Secret = cmp.Or(cfg.Secret, set.server.Secret, "secret")
	srv := NewServer(set.server)
	for _, f := range set.before {
		f(srv)
	}
	r := &runner{t: t, set: set, srv: srv, log: &testLog{t: t}, label: fmt.Sprintf("%s %p", t.Name(), srv)}
	r.start(r.fill(cfg))
	t.Cleanup(r.stop)
	if !set.offline {
		ctx, cancel := context.WithTimeout(t.Context(), set.timeout)
		defer cancel()
		if err := srv.WaitOnline(ctx); err != nil {
			t.Fatalf("component is not online after %s: %+v", set.timeout, r.comp.Status())
		}
	}
	return r.comp, srv
}

// A runner runs a component and sees to it that nothing is left of it.
type runner struct {
	t      TB
	set    *setting
	srv    *Server
	log    *testLog
	comp   *component.Component
	label  string // of the component's goroutines
	drain  time.Duration
	cancel context.CancelFunc
	done   chan error // what Run returned
}

// fill gives the empty fields of a configuration what a test wants.
func (r *runner) fill(cfg component.Config) component.Config {
	o := r.srv.opts
	cfg.JID, cfg.Secret = o.Domain, o.Secret
	if cfg.Server == "" && cfg.Dial == nil {
		cfg.Dial = r.srv.Dial
	}
	if cfg.Hosts == nil {
		cfg.Hosts = o.Hosts
	}
	if cfg.Handler == nil {
		cfg.Handler = component.NewMux()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(r.log, nil))
	}
	cfg.Limits.DrainTimeout = cmp.Or(cfg.Limits.DrainTimeout, 2*time.Second)
	for _, f := range r.set.config {
		f(&cfg)
	}
	r.drain = cfg.Limits.DrainTimeout
	return cfg
}

func (r *runner) start(cfg component.Config) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	r.cancel, r.done = cancel, make(chan error, 1)
	var err error
	pprof.Do(ctx, pprof.Labels("componenttest", r.label), func(ctx context.Context) {
		if r.comp, err = component.New(cfg); err != nil {
			return
		}
		go func() { r.done <- r.comp.Run(ctx) }()
	})
	if err != nil {
		cancel()
		r.srv.Close()
		r.t.Fatalf("component: %v", err)
	}
}

// stop ends the component and looks at what it leaves behind.
func (r *runner) stop() {
	r.t.Helper()
	r.cancel()
	late := time.NewTimer(r.drain + r.set.timeout)
	defer late.Stop()
	select {
	case err := <-r.done:
		if r.set.exit != nil {
			r.set.exit(err)
		} else if err != nil && !errors.Is(err, context.Canceled) {
			r.t.Errorf("component ended: %v", err)
		}
	case <-late.C:
		r.t.Errorf("component has not stopped %s after it was told to:\n%s", r.drain+r.set.timeout, r.left())
	}
	r.srv.Close()
	r.log.close()
	if left := r.waitGone(); left != "" {
		r.t.Errorf("component has left goroutines behind:\n%s", left)
	}
	if list := r.srv.Violations(); len(list) > 0 && !r.set.violations {
		r.t.Errorf("component sent what XMPP forbids:\n%s", strings.Join(list, "\n"))
	}
}

// waitGone gives the component's goroutines a moment to end, and returns those
// that do not.
func (r *runner) waitGone() string {
	left := r.left()
	for wait := time.Millisecond; left != "" && wait < 2*time.Second; wait *= 2 {
		<-time.After(wait)
		left = r.left()
	}
	return left
}

// left returns the stacks of the component's goroutines: they bear our label.
func (r *runner) left() string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	var ours []string
	for _, g := range strings.Split(all.String(), "\n\n") {
		if strings.Contains(g, fmt.Sprintf(`"componenttest":%q`, r.label)) {
			ours = append(ours, g)
		}
	}
	return strings.Join(ours, "\n\n")
}

// A testLog hands log lines to a test for as long as it runs.
type testLog struct {
	mu sync.Mutex
	t  TB
}

// Write logs a line.
func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		l.t.Logf("%s", bytes.TrimRight(p, "\n"))
	}
	return len(p), nil
}

func (l *testLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t = nil
}
