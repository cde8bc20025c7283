package component_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A spy is an extension that notes what becomes of it.
type spy struct {
	mu     sync.Mutex
	events []string
	gate   *gate // its handler waits for it, if there is one
	count  int
}

func (s *spy) note(e string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *spy) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.events, " ")
}

func (s *spy) ext(ns string, quick bool) component.Extension {
	return component.Extension{
		Name: ns,
		Routes: []component.Route{{Name: xmlName(ns, "q"), Quick: quick, Get: component.HandlerFunc(
			func(context.Context, *component.Request) (component.Payload, error) {
				if s.gate != nil {
					<-s.gate.ch
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				s.count++
				return component.Text(ns, "n", fmt.Sprint(s.count)), nil
			})}},
		Run: func(ctx context.Context, _ component.Requester) error {
			s.note("run")
			<-ctx.Done()
			s.note("end")
			return nil
		},
		Close: func() error { s.note("close"); return nil },
	}
}

// TestReload: what is kept keeps its state, what is gone finishes and is closed
// once, what is new is started, and the stream does not notice (checklist 35, 75).
func TestReload(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		synctest.Test(t, func(t *testing.T) {
			kept, gone, fresh := &spy{}, &spy{gate: newGate()}, &spy{}
			defer gone.gate.open()
			old := muxOf(t, kept.ext("urn:kept", quick), gone.ext("urn:gone", quick))
			s := newSolo(t, quiet(old))
			s.up()
			ask := func(ns string) string {
				id := s.id()
				s.send(iq("get", id, juliet, domain, "<q xmlns='"+ns+"'/>"))
				return id
			}
			s.reply(ask("urn:kept"))
			slow := ask("urn:gone")
			time.Sleep(10 * time.Millisecond)
			next := muxOf(t, fresh.ext("urn:fresh", quick))
			if err := next.Keep(old, "urn:kept"); err != nil {
				t.Fatal(err)
			}
			if err := next.Keep(old, "urn:nobody"); err == nil {
				t.Error("Keep() of what is not there returned no error")
			}
			reloaded := make(chan error, 1)
			go func() { reloaded <- s.comp.Reload(next, component.Limits{}) }()
			time.Sleep(time.Second)
			if got := s.reply(ask("urn:kept")); got.el.Child("urn:kept", "n").Text() != "2" {
				t.Errorf("what was kept has lost its state: %s", got.raw)
			}
			s.reply(ask("urn:gone")).wants(t, "feature-not-implemented")
			s.reply(ask("urn:fresh")).wants(t, "result")
			if got := gone.String(); got != "run" {
				t.Errorf("closed while a request runs: %s", got)
			}
			gone.gate.open()
			if err := <-reloaded; err != nil {
				t.Error(err)
			}
			s.reply(slow).wants(t, "result")
			for what, tc := range map[string][2]string{"gone": {gone.String(), "run end close"}, "kept": {kept.String(), "run"}, "fresh": {fresh.String(), "run"}} {
				if tc[0] != tc[1] {
					t.Errorf("%s: %s, want %s", what, tc[0], tc[1])
				}
			}
			if err := s.comp.Reload(next, component.Limits{InFlight: -1}); err == nil {
				t.Error("bad limits were taken")
			}
			if err := s.comp.Reload(nil, component.Limits{}); err == nil {
				t.Error("no handler was taken")
			}
			s.reply(ask("urn:kept")).wants(t, "result")
			s.stop()
			for what, sp := range map[string]*spy{"gone": gone, "kept": kept, "fresh": fresh} {
				if got := sp.String(); got != "run end close" {
					t.Errorf("%s: %s at the end, want each once", what, got)
				}
			}
			if n := s.srv.Streams(); n != 1 {
				t.Errorf("%d streams", n)
			}
			s.endsWell(t)
		})
	})
}

// A removed extension whose handler hangs is given its time, then its requests
// are answered.
func TestReloadAbandons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		s := newSolo(t, quiet(hanging(t, g, false)))
		s.up()
		ids := []string{s.sleep(juliet), s.sleep(juliet)}
		synctest.Wait()
		if took := s.took(func() { _ = s.comp.Reload(muxOf(t), component.Limits{DrainTimeout: 3 * time.Second}) }); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("Reload() took %s", took)
		}
		for _, id := range ids {
			s.reply(id).wants(t, "service-unavailable")
		}
		g.open()
	})
}

// Limits that are changed hold on the stream that is up.
func TestReloadLimits(t *testing.T) {
	mux := muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: give(component.Text(nsTest, "x", strings.Repeat("x", 20_000)), nil)}}})
	r := begin(t, quiet(mux))
	long := "<q xmlns='" + nsTest + "'>" + strings.Repeat("x", 20_000) + "</q>"
	for i, tc := range []struct {
		lim   component.Limits
		query string
		want  string
	}{
		{component.Limits{}, long, "result"},
		{component.Limits{MaxStanzaBytes: 10_000}, long, "policy-violation"},
		{component.Limits{MaxReplyBytes: 10_000}, query, "internal-server-error"},
		{component.Limits{MaxDepth: 8}, "<q xmlns='" + nsTest + "'>" + deep(10) + "</q>", "policy-violation"},
		{component.Limits{}, "<q xmlns='" + nsTest + "'>" + deep(10) + "</q>", "result"},
	} {
		if err := r.comp.Reload(mux, tc.lim); err != nil {
			t.Fatal(err)
		}
		r.alive() // the reader takes new limits with the next stanza
		id := fmt.Sprint("l", i)
		r.send(iq("get", id, juliet, domain, tc.query))
		r.reply(id).wants(t, tc.want)
	}
}

// Reloads while requests arrive lose none, and no handler is called after its
// extension was closed.
func TestReloadUnderLoad(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		build := func(t *testing.T) *component.Mux {
			var closed atomic.Bool
			return muxOf(t, component.Extension{Name: "x", Close: func() error { closed.Store(true); return nil },
				Routes: []component.Route{{Name: name("q"), Quick: quick, Get: component.HandlerFunc(
					func(context.Context, *component.Request) (component.Payload, error) {
						for range 20 {
							if closed.Load() {
								t.Error("called after Close")
							}
							runtime.Gosched()
						}
						return nil, nil
					})}}})
		}
		cfg := quiet(build(t))
		cfg.Limits.PerSender = 10_000
		r := begin(t, cfg)
		const n = 3000
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range n {
				_ = r.srv.Send(iq("get", fmt.Sprint("q", i), juliet, domain, query))
				if i%10 == 0 {
					runtime.Gosched()
				}
			}
		}()
		for range 30 {
			if err := r.comp.Reload(build(t), cfg.Limits); err != nil {
				t.Fatal(err)
			}
		}
		<-done
		for range n {
			if got := r.nextRaw(); !strings.Contains(got, "type='result'") {
				t.Fatalf("got %s", got)
			}
		}
		r.alive()
	})
}
