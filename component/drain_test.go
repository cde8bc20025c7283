package component_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// hanging is a mux of two whose sleeper waits for the gate.
func hanging(t *testing.T, g *gate, quick bool) *component.Mux {
	t.Helper()
	return two(t, component.Extension{MaxInFlight: 1}, quick, func(context.Context, *component.Request) (component.Payload, error) {
		<-g.ch
		return nil, nil
	})
}

// TestS01Drain: at shutdown what runs may finish up to the limit, the rest is
// answered, and the end tag is the last that we send (checklist 16, S01).
func TestS01Drain(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSolo(t, quiet(muxOf(t)))
			s.up()
			if took := s.took(s.stop); took > time.Second || s.err != nil {
				t.Errorf("stopped after %s with %v", took, s.err)
			}
			s.endsWell(t)
		})
	})
	bothWays(t, func(t *testing.T, quick bool) {
		t.Run("running", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				defer g.open()
				s := newSolo(t, quiet(hanging(t, g, quick)))
				s.up()
				first, second := s.sleep(juliet), s.sleep(juliet)
				time.Sleep(100 * time.Millisecond)
				time.AfterFunc(3*time.Second, g.open)
				time.AfterFunc(time.Second, func() {
					if got := s.ask(romeo); got.cond != "service-unavailable" || got.errTyp != "wait" {
						t.Errorf("a request during the drain got %s", got.raw)
					}
				})
				if took := s.took(s.stop); took < 3*time.Second || took > 4*time.Second {
					t.Errorf("stopped after %s, want what runs to be finished first", took)
				}
				s.reply(first).wants(t, "result")
				s.reply(second).wants(t, "result")
				s.endsWell(t)
			})
		})
		t.Run("stuck", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				defer g.open()
				cfg := quiet(hanging(t, g, quick))
				cfg.Limits.DrainTimeout = 5 * time.Second
				s := newSolo(t, cfg)
				s.up()
				first, second := s.sleep(juliet), s.sleep(juliet)
				time.Sleep(100 * time.Millisecond)
				if took := s.took(s.stop); took < 5*time.Second || took > 8*time.Second {
					t.Errorf("stopped after %s, want at most three seconds above the limit of 5 s", took)
				}
				for _, id := range []string{first, second} {
					if got := s.reply(id); got.cond != "service-unavailable" || got.errTyp != "wait" {
						t.Errorf("got %s", got.raw)
					}
				}
				s.endsWell(t)
				g.open()
				synctest.Wait()
			})
		})
	})
	t.Run("disconnected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := newGate()
			defer g.open()
			s := newSolo(t, quiet(hanging(t, g, false)))
			s.up()
			s.sleep(juliet)
			synctest.Wait()
			s.srv.Refuse(-1)
			s.srv.Cut()
			time.Sleep(time.Second)
			g.open()
			if took := s.took(s.stop); took > 13*time.Second {
				t.Errorf("stopped after %s", took)
			}
		})
	})
	t.Run("never connected", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSolo(t, quiet(muxOf(t)))
			s.srv.Mute(true)
			s.srv.Cut()
			time.Sleep(time.Second)
			if took := s.took(s.stop); took > time.Second {
				t.Errorf("stopped after %s", took)
			}
		})
	})
	t.Run("server back in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := newGate()
			defer g.open()
			s := newSolo(t, quiet(hanging(t, g, false)))
			s.up()
			id := s.sleep(juliet)
			synctest.Wait()
			s.srv.Refuse(-1)
			s.srv.Cut()
			time.Sleep(time.Second)
			g.open()
			time.AfterFunc(2*time.Second, func() { s.srv.Refuse(0) })
			s.stop()
			s.reply(id).wants(t, "result")
			s.endsWell(t)
		})
	})
	t.Run("server does not read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSolo(t, quiet(muxOf(t)))
			s.up()
			s.srv.StopReading()
			if took := s.took(s.stop); took > 13*time.Second {
				t.Errorf("stopped after %s", took)
			}
		})
	})
	t.Run("N38 server never ends its side", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSolo(t, quiet(muxOf(t)))
			s.up()
			s.srv.Blackhole(true, true)
			if took := s.took(s.stop); took > 3*time.Second {
				t.Errorf("stopped after %s", took)
			}
		})
	})
	t.Run("twice", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			comp, err := component.New(component.Config{JID: domain, Secret: "s", Server: "127.0.0.1:1", Handler: muxOf(t)})
			if err != nil {
				t.Fatal(err)
			}
			if err := comp.Run(ctx); err != nil {
				t.Errorf("Run() = %v", err)
			}
		})
	})
}

// endsWell makes sure that the end tag is the last that the server was sent, and
// that the books balance.
func (s *solo) endsWell(t *testing.T) {
	t.Helper()
	sent := s.sent.String()
	if strings.Contains(sent, "</stream:stream>") && !strings.HasSuffix(sent, "</stream:stream>") {
		t.Errorf("something was sent behind the end tag: %.300s", sent)
	}
	if v := s.srv.Violations(); len(v) != 0 {
		t.Errorf("XMPP forbids: %q", v)
	}
	st := s.comp.Stats()
	if st.Requests != st.Results+st.Errors+st.Unanswered || st.Open != 0 || st.Pending != 0 {
		t.Errorf("the books do not balance: %+v", st)
	}
	if got := s.comp.Status().State; got != component.StateStopped {
		t.Errorf("state %q", got)
	}
}

// TestConflict: what another connection for our domain means is the operator's to
// say (checklist 7, N19, N21).
func TestConflict(t *testing.T) {
	t.Run("N19 wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSolo(t, quiet(muxOf(t)))
			s.up()
			s.srv.StreamError("conflict", "Replaced by a new connection")
			down := time.Now()
			s.streams(2)
			if took := time.Since(down); took < time.Minute || took > 2*time.Minute+time.Second {
				t.Errorf("back after %s, want one to two minutes", took)
			}
		})
	})
	for _, during := range []bool{true, false} {
		t.Run("exit", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := quiet(muxOf(t))
				cfg.Conflict = component.ConflictExit
				s := newSolo(t, cfg)
				s.up()
				if during {
					s.srv.Reject("conflict", "Component already connected")
					s.srv.Cut()
				} else {
					s.srv.StreamError("conflict", "Replaced")
				}
				s.wait1()
				var se *component.StreamError
				if !errors.As(s.err, &se) || se.Condition != "conflict" || se.Setup != during || !strings.Contains(se.Error(), "conflict: \"") {
					t.Errorf("Run() = %v", s.err)
				}
			})
		})
	}
	t.Run("drain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			finished := false
			cfg := quiet(two(t, component.Extension{}, false, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
				select {
				case <-time.After(3 * time.Second):
					finished = true
				case <-ctx.Done():
				}
				return nil, nil
			}))
			cfg.Conflict = component.ConflictDrain
			s := newSolo(t, cfg)
			s.up()
			s.sleep(juliet)
			synctest.Wait()
			s.srv.StreamError("conflict", "Replaced")
			if took := s.took(s.wait1); s.err != nil || !finished || took > 4*time.Second {
				t.Errorf("Run() = %v after %s, what ran was finished: %v", s.err, took, finished)
			}
		})
	})
	t.Run("drain at the door", func(t *testing.T) { // the other one is still there: ours is the new one
		synctest.Test(t, func(t *testing.T) {
			cfg := quiet(muxOf(t))
			cfg.Conflict = component.ConflictDrain
			s := newSolo(t, cfg)
			s.up()
			s.srv.Reject("conflict", "Component already connected")
			s.srv.Cut()
			time.Sleep(time.Minute)
			s.srv.Reject("", "")
			s.streams(2)
		})
	})
	t.Run("N21 two instances", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newSolo(t, quiet(muxOf(t)), func(o *componenttest.Options) { o.KickOld = true })
			a.up()
			cfg := quiet(muxOf(t))
			cfg.Dial = a.srv.Dial
			newSolo(t, cfg)
			time.Sleep(10 * time.Minute)
			if n := a.srv.Streams(); n > 11 {
				t.Errorf("%d streams in ten minutes: the two kick each other", n)
			}
		})
	})
}
