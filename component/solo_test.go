package component_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A solo is a rig that the test itself stops.
type solo struct {
	*rig
	cancel context.CancelFunc
	ended  chan error
	err    error // of Run, once it has ended
	sent   *logbook
}

// newSolo starts a component. The server is changed by the options before.
func newSolo(t *testing.T, cfg component.Config, opts ...func(*componenttest.Options)) *solo {
	t.Helper()
	s := &solo{rig: &rig{t: t}, ended: make(chan error, 1), sent: &logbook{}}
	o := componenttest.Options{Domain: domain, Hosts: []string{"example.net"}, Trace: func(byServer bool, data string) {
		if !byServer {
			_, _ = s.sent.Write([]byte(data))
		}
	}}
	for _, f := range opts {
		f(&o)
	}
	s.srv = componenttest.NewServer(o)
	t.Cleanup(s.srv.Close)
	cfg.JID, cfg.Secret, cfg.Hosts = domain, "secret", []string{"example.net"}
	if cfg.Dial == nil && cfg.Server == "" {
		cfg.Dial = s.srv.Dial
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.Handler == nil {
		cfg.Handler = component.NewMux()
	}
	var err error
	if s.comp, err = component.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s.cancel = cancel
	go func() { s.ended <- s.comp.Run(ctx) }()
	t.Cleanup(s.stop)
	return s
}

// up waits until the first stream carries stanzas.
func (s *solo) up() {
	s.t.Helper()
	s.streams(1)
	s.proven()
	s.idle()
}

// stop ends the component and returns how long that took.
func (s *solo) stop() { s.t.Helper(); s.cancel(); s.wait1() }

// wait1 waits until Run has returned.
func (s *solo) wait1() {
	s.t.Helper()
	if s.ended == nil {
		return
	}
	select {
	case s.err = <-s.ended:
		s.ended = nil
	case <-time.After(time.Hour / 2):
		s.t.Fatalf("Run has not returned: %+v", s.comp.Status())
	}
}

func (s *solo) took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
