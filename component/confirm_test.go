package component_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestN16UnconfirmedOfMany: requests that were under way before replies were written
// say nothing about those: each reply that a reset has lost is counted (issue 4,
// N16). What the server has shown to have read is not.
func TestN16UnconfirmedOfMany(t *testing.T) {
	const early, lost = 50, 200
	for _, tc := range []struct {
		kind component.Liveness
		most uint64 // that may be counted
	}{
		{component.LivenessSelf, lost}, {component.LivenessServer, lost}, {component.LivenessOff, early + lost},
	} {
		t.Run(string(tc.kind), func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					r := serveLively(t, quick, tc.kind)
					for range early {
						r.ask(juliet).wants(t, "result")
					}
					time.Sleep(3 * time.Second)
					r.srv.StopReading()
					for i := range lost {
						r.send(iq("get", fmt.Sprint("lost", i), juliet, domain, query))
						synctest.Wait() // each is read after the reply before it was written
					}
					r.srv.Reset()
					r.srv.ResumeReading()
					r.streams(2)
					time.Sleep(time.Second)
					synctest.Wait()
					missing := uint64(lost - r.srv.Queued())
					if n := r.comp.Stats().Unconfirmed; missing == 0 || n < missing || n > tc.most {
						t.Errorf("%d replies did not arrive, %d are unconfirmed, want at most %d", missing, n, tc.most)
					}
				})
			})
		})
	}
}

// serveLively is serve with a kind of liveness, on a stream that is proven.
func serveLively(t *testing.T, quick bool, kind component.Liveness) *rig {
	t.Helper()
	cfg := quiet(muxOf(t, component.Extension{
		Name: "test", Routes: []component.Route{{Name: name("q"), Get: component.HandlerFunc(result), Quick: quick}},
	}))
	cfg.Liveness = kind
	r := begin(t, cfg)
	r.proven()
	r.idle()
	return r
}
