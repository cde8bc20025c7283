package componenttest_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// start runs a component for the length of a fake test that does nothing else.
func start(cfg component.Config, opts ...componenttest.Option) *fakeT {
	return try("t", func(f *fakeT) { componenttest.Start(f, cfg, opts...) })
}

func TestStart(t *testing.T) {
	comp, srv := componenttest.Start(t, component.Config{})
	if got := comp.Status().State; srv.Connections() != 1 || got == component.StateStopped {
		t.Errorf("%d connections, component is %s", srv.Connections(), got)
	}
	var stopped error = errors.New("not yet")
	wantFailure(t, start(component.Config{JID: "other.example.org", Secret: "geheim"},
		componenttest.OnExit(func(err error) { stopped = err })))
	if stopped != nil {
		t.Errorf("Run() error = %v at the end of the test", stopped)
	}
}

func TestStartInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		comp, srv := componenttest.Start(t, component.Config{})
		if err := srv.Send("<iq type='get' id='1' from='a@example.net' to='iq.example.net'><q xmlns='urn:a'/></iq>"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := srv.NextID(t.Context(), "1"); err != nil || comp.Stats().Errors != 1 {
			t.Errorf("NextID() error = %v, stats %+v", err, comp.Stats())
		}
	})
}

func TestStartComplains(t *testing.T) {
	short := componenttest.Timeout(200 * time.Millisecond)
	noDrain := componenttest.Configure(func(c *component.Config) { c.Limits.DrainTimeout = time.Millisecond })
	refuse := componenttest.Before(func(s *componenttest.Server) { s.Refuse(-1) })
	for name, tc := range map[string]struct {
		cfg  component.Config
		opts []componenttest.Option
		want []string
	}{
		"bad configuration": {component.Config{JID: "a@b"}, nil, []string{"component JID"}},
		"not online":        {component.Config{}, []componenttest.Option{short, refuse}, []string{"component is not online after 200ms"}},
		"offline is fine":   {component.Config{}, []componenttest.Option{short, refuse, componenttest.Offline()}, nil},
		"ends by itself": {
			component.Config{Conflict: component.ConflictExit},
			[]componenttest.Option{noDrain, componenttest.Offline(), componenttest.Before(func(s *componenttest.Server) { s.Reject("conflict", "") })},
			[]string{"component ended", "conflict"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "ends") {
				f := try("t", func(f *fakeT) {
					comp, _ := componenttest.Start(f, tc.cfg, tc.opts...)
					awaitState(t, comp, component.StateStopped)
				})
				wantFailure(t, f, tc.want...)
				return
			}
			wantFailure(t, start(tc.cfg, tc.opts...), tc.want...)
		})
	}
}

// awaitState waits until a component is in a state.
func awaitState(t *testing.T, comp *component.Component, want component.State) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); comp.Status().State != want; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("component is %s, want %s", comp.Status().State, want)
		}
	}
}

// A goroutine that a component leaves behind is found, though it is a handler's.
func TestStartFindsLeaks(t *testing.T) {
	for name, leaks := range map[string]bool{"leak": true, "none": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				mux := component.NewMux()
				mux.HandleGet("urn:example:leak", "q", func(context.Context, *component.Request) (component.Payload, error) {
					if leaks {
						go func() { <-release }()
					}
					return nil, nil
				})
				f := try("t", func(f *fakeT) {
					componenttest.Ask(f, mux, "<iq type='get' id='1' from='a@example.net' to='iq.example.net'><q xmlns='urn:example:leak'/></iq>")
				})
				if leaks {
					wantFailure(t, f, "left goroutines behind", "start_test.go")
				} else {
					wantFailure(t, f)
				}
			})
		})
	}
}

// What the component must not send fails the test. The component does not do so
// by itself: somebody writes into its stream.
func TestStartFindsViolations(t *testing.T) {
	spoil := func(f *fakeT, opts ...componenttest.Option) {
		wires := make(chan net.Conn, 1)
		var srv *componenttest.Server
		opts = append(opts, componenttest.Before(func(s *componenttest.Server) { srv = s }),
			componenttest.Configure(func(c *component.Config) {
				c.Dial = func(ctx context.Context) (net.Conn, error) {
					conn, err := srv.Dial(ctx)
					select {
					case wires <- conn:
					default:
					}
					return conn, err
				}
			}))
		componenttest.Start(f, component.Config{}, opts...)
		conn := <-wires
		if _, err := conn.Write([]byte("<iq type='foo' id='1' from='iq.example.net' to='a@example.net'/>")); err != nil {
			f.Fatalf("%v", err)
		}
		if _, err := srv.NextID(context.Background(), "1"); err != nil {
			f.Fatalf("%v", err)
		}
	}
	wantFailure(t, try("t", func(f *fakeT) { spoil(f) }), "sent what XMPP forbids", `type "foo"`)
	wantFailure(t, try("t", func(f *fakeT) { spoil(f, componenttest.AllowViolations()) }))
}

// A request that is never answered does not hold up a conversation for ever.
func TestRunUnanswered(t *testing.T) {
	mux := component.NewMux()
	mux.HandleGet("urn:example:never", "q", func(ctx context.Context, _ *component.Request) (component.Payload, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	file := conversation(t, "> <iq type='get' id='1' from='a@example.net' to='iq.example.net'><q xmlns='urn:example:never'/></iq>")
	f := try("t", func(f *fakeT) {
		componenttest.Run(f, mux, file, componenttest.Timeout(300*time.Millisecond),
			componenttest.Configure(func(c *component.Config) { c.Limits.DrainTimeout = time.Millisecond }))
	})
	wantFailure(t, f, ".iq:1: after 300ms a request has got no answer")
}
