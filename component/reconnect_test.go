package component_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// streams waits until n streams have been accepted.
func (r *rig) streams(n int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute)
	defer cancel()
	if err := r.srv.WaitStreams(ctx, n); err != nil {
		r.t.Fatalf("stream %d did not come: %v, %+v", n, err, r.comp.Status())
	}
}

// proven waits until the stream at hand has carried something to us.
func (r *rig) proven() {
	r.t.Helper()
	r.wait("the stream is proven", func() bool { return r.comp.Status().Heard })
}

// TestN10HundredRestarts: a server that is restarted while requests arrive has us
// back within 2 s, a hundred times, and no goroutine is left of any of it
// (issue 2, checklist 6, N10).
func TestN10HundredRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, quiet(two(t, component.Extension{}, false, func(context.Context, *component.Request) (component.Payload, error) {
			<-time.After(150 * time.Millisecond)
			return nil, nil
		})))
		var before int
		answered := map[string]int{}
		for i := range 100 {
			r.proven()
			for j := range 10 {
				r.send(iq("get", fmt.Sprintf("q%d-%d", i, j), juliet, domain, query))
				r.send(iq("get", fmt.Sprintf("s%d-%d", i, j), romeo, domain, sleepQuery))
			}
			if i%3 == 0 {
				synctest.Wait()
			}
			if i%2 == 0 {
				r.srv.Cut()
			} else {
				r.srv.Reset()
			}
			down := time.Now()
			r.streams(i + 2)
			if took := time.Since(down); took > 2*time.Second {
				t.Fatalf("restart %d: back after %s", i, took)
			}
			time.Sleep(300 * time.Millisecond)
			synctest.Wait()
			if i == 1 {
				before = runtime.NumGoroutine()
			}
		}
		synctest.Wait()
		if after := runtime.NumGoroutine(); after > before+10 { // one for each restart would be a hundred
			t.Errorf("%d goroutines after 2 restarts, %d after 100", before, after)
		}
		for r.srv.Queued() > 0 {
			answered[r.next().id]++
		}
		for id, n := range answered {
			if n != 1 {
				t.Errorf("%s was answered %d times", id, n)
			}
		}
		if n := len(answered); n < 500 {
			t.Errorf("only %d requests were answered", n)
		}
		r.alive()
	})
}

// TestReplySurvivesReconnect: the stream breaks while a handler runs; its reply is
// sent on the next stream, once (checklist 90, servers.md 2.4).
func TestReplySurvivesReconnect(t *testing.T) {
	for label, break1 := range map[string]func(*componenttest.Server){
		"N12 cut": (*componenttest.Server).Cut, "N16 reset": (*componenttest.Server).Reset, "N37 closed": (*componenttest.Server).CloseStream,
		"N13 stream error": func(s *componenttest.Server) { s.StreamError("system-shutdown", "bye") },
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					g := newGate()
					defer g.open()
					r := serve(t, quick, func(context.Context, *component.Request) (component.Payload, error) {
						<-g.ch
						return component.Text(nsTest, "x", "kept"), nil
					})
					id := r.get(juliet)
					time.Sleep(100 * time.Millisecond)
					r.srv.Refuse(-1)
					break1(r.srv)
					time.Sleep(time.Second)
					g.open()
					time.Sleep(time.Second)
					r.srv.Refuse(0)
					r.streams(2)
					r.reply(id).wants(t, "result")
					r.alive()
					if s := r.comp.Stats(); s.Lost != 1 || s.Streams != 2 {
						t.Errorf("Lost = %d, Streams = %d, want 1 and 2", s.Lost, s.Streams)
					}
				})
			})
		})
	}
}

// TestN15CutInMidStanza: a reply that the kernel took half of goes whole on the next
// stream; those before it, which it took, are not repeated, and those behind it
// follow (N15).
//
// A server that closes in order reads to the end what it was sent, so what the
// kernel took in the meantime is not repeated: only a reset shows this for certain.
func TestN15CutInMidStanza(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		synctest.Test(t, func(t *testing.T) {
			h := component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) {
				return component.Text(nsTest, "x", strings.Repeat(req.ID, 50_000)), nil
			})
			r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: h, Quick: quick}}})))
			r.proven()
			r.idle()
			r.srv.StopReading()
			for _, id := range []string{"1", "2", "3"} { // 50 kB each; the pipe holds 64
				r.send(iq("get", id, juliet, domain, query))
				synctest.Wait()
			}
			r.srv.Reset()
			synctest.Wait() // or the old stream would take more
			r.srv.ResumeReading()
			r.streams(2)
			for _, id := range []string{"2", "3"} {
				if got := r.next(); got.id != id || len(got.el.Child(nsTest, "x").Text()) != 50_000 {
					t.Fatalf("got %.100s, want reply %s whole", got.raw, id)
				}
			}
			r.alive()
		})
	})
}

// Replies written since the server last showed to have read some are counted when it
// ends the stream, for nobody knows what became of them. One that closes in order may
// have left them unread as well.
func TestUnconfirmed(t *testing.T) {
	for label, tc := range map[string]struct {
		end   func(*componenttest.Server)
		stops bool // reads nothing any more
	}{
		"N12 cut": {end: (*componenttest.Server).Cut}, "N12 cut, unread": {(*componenttest.Server).Cut, true},
		"N16 reset": {end: (*componenttest.Server).Reset}, "N37 closed, unread": {(*componenttest.Server).CloseStream, true},
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					r := serve(t, quick, result)
					r.proven()
					r.idle()
					time.Sleep(3 * time.Second)
					if tc.stops {
						r.srv.StopReading()
					}
					r.get(juliet)
					synctest.Wait()
					tc.end(r.srv)
					r.srv.ResumeReading()
					r.streams(2)
					if !tc.stops {
						r.next() // the server had it all the same
					}
					r.alive()
					if n := r.comp.Stats().Unconfirmed; n != 1 {
						t.Errorf("Unconfirmed = %d, want 1", n)
					}
				})
			})
		})
	}
}
