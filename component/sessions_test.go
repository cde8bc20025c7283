package component_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// asking is an extension with one command, which asks the same thing over and
// over, and counts how often that is canceled.
func asking(name string, canceled *atomic.Int64) component.Extension {
	stage := &component.Stage{
		Form:     &component.Form{Fields: []component.Field{{Var: "text"}}},
		Actions:  []component.Action{component.ActionNext, component.ActionComplete},
		Canceled: func() { canceled.Add(1) },
	}
	stage.Next = func(_ context.Context, step *component.Step) (*component.Stage, error) {
		if step.Action == component.ActionComplete {
			return component.Completed("%s", step.Values.Get("text")), nil
		}
		return stage, nil
	}
	return component.Extension{Name: name, Commands: []component.Command{{
		Node: name, Run: func(context.Context, *component.Step) (*component.Stage, error) { return stage, nil },
	}}}
}

// TestSessionExpires: ten minutes after its last step a session is over, and is
// told from one that never was (XEP-0050, 4.4). Nothing of it is left.
func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var canceled atomic.Int64
		r := begin(t, quiet(muxOf(t, asking("x", &canceled))))
		at := r.run(juliet, "node='x'", "").executing(t)
		other := r.run(juliet, "node='x'", "").executing(t)
		for range 3 {
			time.Sleep(9 * time.Minute)
			r.run(juliet, at, "").executing(t)
		}
		if n := canceled.Load(); n != 1 || component.Sessions(r.comp) != 1 {
			t.Errorf("%d were canceled, %d are left, want 1 and 1", n, component.Sessions(r.comp))
		}
		r.run(juliet, other, "").wantsApp(t, "not-allowed", "session-expired")
		r.run(romeo, other, "").wantsApp(t, "bad-request", "bad-sessionid")
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if n := canceled.Load(); n != 2 || component.Sessions(r.comp) != 0 {
			t.Errorf("%d were canceled, %d are left, want 2 and 0", n, component.Sessions(r.comp))
		}
		r.run(juliet, at+"action='cancel'", "").wantsApp(t, "not-allowed", "session-expired")
	})
}

// TestSessionEnds: what is completed or canceled is over, and canceled once.
func TestSessionEnds(t *testing.T) {
	var canceled atomic.Int64
	r := begin(t, quiet(muxOf(t, asking("x", &canceled))))
	for action, want := range map[string]int64{"complete": 0, "cancel": 1} {
		at := r.run(juliet, "node='x'", "").executing(t)
		r.run(juliet, at+"action='"+action+"'", submit("text", "done")).wants(t, "result")
		r.run(juliet, at+"action='"+action+"'", "").wantsApp(t, "not-allowed", "session-expired")
		if n := canceled.Swap(0); n != want {
			t.Errorf("%s: canceled %d times, want %d", action, n, want)
		}
	}
	if n := component.Sessions(r.comp); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

// TestSessionsOfOneOwner: who begins too many loses the one not used for longest.
func TestSessionsOfOneOwner(t *testing.T) {
	var canceled atomic.Int64
	r := begin(t, quiet(muxOf(t, asking("x", &canceled))))
	romeos := r.run(romeo, "node='x'", "").executing(t)
	var list []string
	for i := range 16 {
		list = append(list, r.run(fmt.Sprintf("juliet@example.net/%d", i), "node='x'", "").executing(t))
	}
	r.run("juliet@example.net/0", list[0], "").executing(t)
	r.run(juliet, "node='x'", "").executing(t)
	r.run("juliet@example.net/1", list[1], "").wantsApp(t, "not-allowed", "session-expired")
	for _, i := range []int{0, 2, 15} {
		r.run(fmt.Sprintf("juliet@example.net/%d", i), list[i], "").executing(t)
	}
	r.run(romeo, romeos, "").executing(t)
	r.wait("the one that had to go has been canceled", func() bool { return canceled.Load() == 1 })
}

// TestSessionsInAll: with the table full the one with most makes room, a stranger
// for a local user, and nobody for a stranger.
func TestSessionsInAll(t *testing.T) {
	var canceled atomic.Int64
	cfg := quiet(muxOf(t, asking("x", &canceled)))
	cfg.Limits.PerSender, cfg.Limits.PerDomain = 2000, 2000
	r := begin(t, cfg)
	first := r.run("s0@elsewhere.example/x", "node='x'", "").executing(t)
	for i := 1; i < 998; i++ {
		r.run(fmt.Sprintf("s%d@elsewhere.example/x", i), "node='x'", "").executing(t)
	}
	romeos := r.run(romeo, "node='x'", "").executing(t)
	also := r.run(romeo, "node='x'", "").executing(t)
	r.run("one.more@elsewhere.example/x", "node='x'", "").executing(t)
	r.run(romeo, romeos, "").wantsApp(t, "not-allowed", "session-expired")
	r.run("another@elsewhere.example/x", "node='x'", "").wants(t, "resource-constraint")
	r.run(juliet, "node='x'", "").executing(t)
	r.run("s0@elsewhere.example/x", first, "").wantsApp(t, "not-allowed", "session-expired")
	r.run(romeo, also, "").executing(t)
	if n := component.Sessions(r.comp); n != 1000 {
		t.Errorf("%d sessions, want 1000", n)
	}
}

// TestSessionTakesOneStepAtATime: a second step is refused while the first is
// worked on, and a step that comes back late has not been.
func TestSessionTakesOneStepAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		var late atomic.Int64
		r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
			Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) {
				return &component.Stage{Next: func(context.Context, *component.Step) (*component.Stage, error) {
					<-g.ch
					return &component.Stage{Next: greet, Canceled: func() { late.Add(1) }}, nil
				}}, nil
			},
		}}})))
		at := r.run(juliet, "node='x'", "").executing(t)
		r.send(iq("set", "slow", juliet, domain, command(at, "")))
		synctest.Wait()
		r.run(juliet, at, "").wants(t, "unexpected-request")
		r.reply("slow").wants(t, "remote-server-timeout")
		time.Sleep(time.Hour)
		r.run(juliet, at, "").wants(t, "unexpected-request")
		g.open()
		synctest.Wait()
		if late.Load() != 1 {
			t.Error("a stage that nobody has seen was not canceled")
		}
		if got := r.run(juliet, at, "").executing(t); got != at {
			t.Errorf("went on as %s, want %s", got, at)
		}
	})
}

// TestSessionsAndReload: a session lives as long as its extension does.
func TestSessionsAndReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept, gone atomic.Int64
		old := muxOf(t, asking("kept", &kept), asking("gone", &gone))
		s := newSolo(t, quiet(old))
		s.up()
		stays := s.run(juliet, "node='kept'", "").executing(t)
		goes := s.run(juliet, "node='gone'", "").executing(t)
		next := muxOf(t, asking("gone", &gone)) // made anew: it knows nothing of the session
		if err := next.Keep(old, "kept"); err != nil {
			t.Fatal(err)
		}
		if err := s.comp.Reload(next, component.Limits{}); err != nil {
			t.Fatal(err)
		}
		s.run(juliet, stays, "").executing(t)
		s.run(juliet, goes, "").wantsApp(t, "not-allowed", "session-expired")
		if kept.Load() != 0 || gone.Load() != 1 {
			t.Errorf("canceled: %d kept, %d gone", kept.Load(), gone.Load())
		}
		s.stop()
		if kept.Load() != 1 || component.Sessions(s.comp) != 0 {
			t.Errorf("at the end %d were canceled and %d are left", kept.Load(), component.Sessions(s.comp))
		}
	})
}

// TestSessionForgets: what an asker can make a session remember is bounded, in
// bytes and in stages.
func TestSessionForgets(t *testing.T) {
	var canceled atomic.Int64
	r := begin(t, quiet(muxOf(t, asking("x", &canceled))))
	at := r.run(juliet, "node='x'", "").executing(t)
	half := submit("text", strings.Repeat("x", 40<<10))
	r.run(juliet, at, half).executing(t)
	r.run(juliet, at, half).wants(t, "policy-violation")
	r.run(juliet, "node='x'", half+half).executing(t) // only the first form counts
	r.run(juliet, "node='x'", submit("text", strings.Repeat("x", 70<<10))).wants(t, "policy-violation")
	for range 30 {
		r.run(juliet, at, "").executing(t)
	}
	back := 0
	for r.run(juliet, at+"action='prev'", "").typ == "result" {
		back++
	}
	if back != 16 {
		t.Errorf("went back %d times, want 16", back)
	}
}

// TestNoReturn: past a stage that says so nobody goes back.
func TestNoReturn(t *testing.T) {
	third := &component.Stage{Next: greet}
	second := &component.Stage{NoReturn: true, Next: func(context.Context, *component.Step) (*component.Stage, error) { return third, nil }}
	r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
		Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) {
			return &component.Stage{Next: func(context.Context, *component.Step) (*component.Stage, error) { return second, nil }}, nil
		},
	}}})))
	at := r.run(juliet, "node='x'", "").executing(t)
	for i, want := range []bool{false, true} {
		got := r.run(juliet, at, "")
		if got.executing(t); !got.command().Child("", "actions").Child("", "prev").IsZero() != want {
			t.Errorf("stage %d: got %s, want prev offered: %v", i+2, got.raw, want)
		}
	}
	r.run(juliet, at+"action='prev'", "").executing(t)
	r.run(juliet, at+"action='prev'", "").wantsApp(t, "bad-request", "bad-action")
}

// TestBadCanceled: whatever Canceled does, the others get their answers, and it
// has been called before the extension is closed.
func TestBadCanceled(t *testing.T) {
	for label, f := range map[string]func(){"panic": func() { panic("on fire") }, "goexit": runtime.Goexit, "nothing": func() {}} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book logbook
				var order []string
				stage := &component.Stage{Next: greet, Canceled: func() { order = append(order, "canceled"); f() }}
				cfg := quiet(muxOf(t, component.Extension{Name: "bad", Commands: []component.Command{{
					Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) { return stage, nil },
				}}, Close: func() error { order = append(order, "closed"); return nil }}))
				cfg.Log = book.logger()
				s := newSolo(t, cfg)
				s.up()
				s.run(juliet, s.run(juliet, "node='x'", "").executing(t)+"action='cancel'", "").wants(t, "result")
				s.run(juliet, "node='x'", "").executing(t)
				time.Sleep(11 * time.Minute)
				s.run(juliet, "node='x'", "").executing(t)
				s.stop()
				if got := strings.Join(order, " "); got != "canceled canceled canceled closed" {
					t.Errorf("called: %s", got)
				}
				if book.has("handler=bad") != (label != "nothing") {
					t.Errorf("log:\n%s", book.String())
				}
			})
		})
	}
}

// TestSessionEndsWithItsExtension: also one that a step is at work on, once.
func TestSessionEndsWithItsExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		var canceled, unseen atomic.Int64
		stage := &component.Stage{Canceled: func() { canceled.Add(1) }, Next: func(context.Context, *component.Step) (*component.Stage, error) {
			<-g.ch
			return &component.Stage{Next: greet, Canceled: func() { unseen.Add(1) }}, nil
		}}
		s := newSolo(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
			Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) { return stage, nil },
		}}})))
		s.up()
		at := s.run(juliet, "node='x'", "").executing(t)
		s.send(iq("set", "slow", juliet, domain, command(at, "")))
		synctest.Wait()
		if err := s.comp.Reload(muxOf(t), component.Limits{DrainTimeout: 3 * time.Second}); err != nil {
			t.Fatal(err)
		}
		s.reply("slow").wants(t, "service-unavailable")
		g.open()
		synctest.Wait()
		if canceled.Load() != 1 || unseen.Load() != 1 || component.Sessions(s.comp) != 0 {
			t.Errorf("canceled %d and %d times, %d sessions are left", canceled.Load(), unseen.Load(), component.Sessions(s.comp))
		}
	})
}
