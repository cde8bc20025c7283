package component_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// TestN20Deaf: a stream that is up but carries nothing is found and left (checklist
// 10, 14, N20, servers.md 1.6).
func TestN20Deaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		cfg := quiet(muxOf(t))
		cfg.Log = book.info()
		r := begin(t, cfg)
		r.proven()
		time.Sleep(10 * time.Minute)
		if n := r.srv.Streams(); n != 1 {
			t.Fatalf("%d streams although all was well", n)
		}
		r.srv.Deaf(true)
		deaf := time.Now()
		time.AfterFunc(90*time.Second, func() { r.srv.Deaf(false) })
		r.streams(2)
		if took := time.Since(deaf); took > time.Minute {
			t.Errorf("found after %s", took)
		}
		time.Sleep(3 * time.Minute)
		r.alive()
		if s := r.comp.Stats(); s.Deaf == 0 || !book.has("the stream is deaf") {
			t.Errorf("Deaf = %d, log:\n%s", s.Deaf, book.String())
		}
	})
}

// A server that pings but does not hear us right after the handshake is not
// proven, and each try takes longer.
func TestDeafFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, quiet(muxOf(t)), componenttest.Before(func(s *componenttest.Server) { s.Deaf(true) }))
		time.Sleep(10 * time.Minute)
		if s := r.comp.Status(); s.Heard {
			t.Errorf("a deaf stream passes for proven: %+v", s)
		}
		if n := r.srv.Streams(); n < 3 || n > 60 {
			t.Errorf("%d streams in ten minutes", n)
		}
		r.srv.Deaf(false)
		time.Sleep(2 * time.Minute)
		r.alive()
	})
}

// TestBlackHole: packets that vanish are noticed, whichever way they were to go
// (N17, N18), but a server that stalls is given its time (design.md, The connection).
func TestBlackHole(t *testing.T) {
	for label, dir := range map[string][2]bool{"N17 both": {true, true}, "N18 in": {true, false}, "N18 out": {false, true}} {
		for _, kind := range []component.Liveness{component.LivenessSelf, component.LivenessServer} {
			t.Run(label+" "+string(kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := quiet(muxOf(t))
					cfg.Liveness = kind
					r := begin(t, cfg, componenttest.As(componenttest.Ejabberd))
					r.proven()
					time.Sleep(time.Minute)
					r.srv.Blackhole(dir[0], dir[1])
					start := time.Now()
					r.streams(2)
					if took := time.Since(start); took < 100*time.Second || took > 4*time.Minute {
						t.Errorf("found after %s", took)
					}
					r.alive()
				})
			})
		}
	}
	t.Run("stalls for a minute", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := begin(t, quiet(muxOf(t)))
			r.proven()
			r.srv.Blackhole(true, true)
			time.Sleep(100 * time.Second)
			r.srv.Blackhole(false, false)
			time.Sleep(10 * time.Minute)
			r.alive()
			if n := r.srv.Streams(); n != 1 {
				t.Errorf("%d streams: a slow server was dropped", n)
			}
		})
	})
	t.Run("off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cfg := quiet(muxOf(t))
			cfg.Liveness = component.LivenessOff
			r := begin(t, cfg)
			r.proven()
			r.srv.Blackhole(true, true)
			time.Sleep(time.Hour)
			r.srv.Blackhole(false, false)
			if r.alive(); r.srv.Streams() != 1 || r.comp.Stats().Calls != 0 {
				t.Errorf("%d streams, %+v", r.srv.Streams(), r.comp.Stats())
			}
		})
	})
}

// The check of a stream passes no handler, access check or limit, and a user
// cannot ask it.
func TestCheckPassesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		ext := component.Extension{Name: "all", MaxInFlight: 1, Routes: []component.Route{{Name: name("sleep"), At: component.Domain | component.Resource, Get: component.HandlerFunc(result)}}}
		cfg := quiet(muxOf(t, ext))
		cfg.Limits.InFlight = 1
		r := begin(t, cfg)
		time.Sleep(10 * time.Minute)
		if n := r.srv.Streams(); n != 1 {
			t.Errorf("%d streams", n)
		}
		r.send(iq("get", "u", juliet, domain+"/iqd-check-x", "<ping xmlns='urn:xmpp:ping'/>"))
		r.reply("u").wants(t, "feature-not-implemented")
		r.send(iq("get", "short", domain, domain+"/x", "<ping xmlns='urn:xmpp:ping'/>"))
		r.wait("it was answered", func() bool { return r.comp.Stats().Unsolicited == 1 })
	})
}

// TestNotify: states come one at a time, and who is told may ask.
func TestNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []string
		var comp *component.Component
		ready := make(chan struct{})
		cfg := quiet(muxOf(t))
		cfg.Notify = func(s component.Status) {
			<-ready
			if got := comp.Status(); got.State != s.State {
				t.Errorf("told of %q, asked: %q", s.State, got.State)
			}
			states = append(states, string(s.State)+map[bool]string{true: "+"}[s.Heard])
		}
		s := newSolo(t, cfg)
		comp = s.comp
		close(ready)
		s.up()
		s.srv.Cut()
		s.streams(2)
		s.proven()
		s.idle()
		s.stop()
		const want = "connecting online online+ waiting connecting online online+ draining stopped"
		if got := strings.Join(states, " "); got != want {
			t.Errorf("told of %s, want %s", got, want)
		}
	})
}

// TestS06AliveAnswers: whatever the server does, Alive answers while the component
// is in order (S06).
func TestS06AliveAnswers(t *testing.T) {
	for label, fault := range map[string]func(*componenttest.Server){
		"online": func(*componenttest.Server) {}, "refused": func(s *componenttest.Server) { s.Refuse(-1); s.Cut() },
		"mute": func(s *componenttest.Server) { s.Mute(true); s.Reset() }, "stopped": func(s *componenttest.Server) { s.StopReading() },
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolo(t, quiet(muxOf(t)))
				s.up()
				fault(s.srv)
				for range 100 {
					if err := s.comp.Alive(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second)
				}
			})
		})
	}
}
