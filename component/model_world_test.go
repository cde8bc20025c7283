package component_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A modelWorld is one run of the model: a component, its server, those who ask,
// and what is known of all of it.
type modelWorld struct {
	plan    modelPlan
	srv     *componenttest.Server
	comp    *component.Component
	cast    *modelCast
	mux     *component.Mux
	cancel  context.CancelFunc
	ended   chan error
	reloads sync.WaitGroup
	last    chan struct{} // closed when the reload before has ended

	mu   sync.Mutex
	taps []*tap
	got  map[string]int // what the server has read, and how often

	asked    map[int]modelAsk
	called   []*modelCalled
	reloaded []time.Time
	stopped  time.Time // told to
	wrong    []string
}

func newModelWorld(p modelPlan) *modelWorld {
	w := &modelWorld{plan: p, asked: map[int]modelAsk{}, got: map[string]int{}, ended: make(chan error, 1)}
	w.cast = &modelCast{gate: make(chan struct{}), hooks: map[int]int{}}
	o := componenttest.Options{Domain: domain, Buffer: p.buffer, Personality: componenttest.Ejabberd, Trace: w.trace}
	if p.prosody {
		o.Personality = componenttest.Prosody
	}
	w.srv = componenttest.NewServer(o)
	return w
}

// trace notes what the server reads.
func (w *modelWorld) trace(sent bool, data string) {
	if sent {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got[data]++
}

// start brings the component up.
func (w *modelWorld) start() {
	w.mux = w.newMux("urn:model:free", "urn:model:chain")
	cfg := quiet(w.mux)
	cfg.JID, cfg.Secret, cfg.Dial, cfg.Limits = domain, "secret", w.dial, w.limits()
	var err error
	if w.comp, err = component.New(cfg); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go func() { w.ended <- w.comp.Run(ctx) }()
	go w.peer()
	w.online()
	synctest.Wait()
}

func (w *modelWorld) limits() component.Limits {
	return component.Limits{DrainTimeout: 2 * time.Second, InFlight: w.plan.places, PerSender: w.plan.share}
}

func (w *modelWorld) newMux(names ...string) *component.Mux {
	m := component.NewMux()
	for _, name := range names {
		if err := m.Add(w.cast.ext(name, name == "urn:model:chain", w.plan.inFlight)); err != nil {
			panic(err)
		}
	}
	return m
}

func (w *modelWorld) dial(ctx context.Context) (net.Conn, error) {
	conn, err := w.srv.Dial(ctx)
	if err != nil {
		return nil, err
	}
	t := &tap{Conn: conn}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taps = append(w.taps, t)
	return t, nil
}

func (w *modelWorld) online() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	return w.srv.WaitOnline(ctx) == nil
}

// peer answers those whom handlers ask, and forgets what else the server got.
func (w *modelWorld) peer() {
	for {
		raw, err := w.srv.Next(context.Background())
		if err != nil {
			return
		}
		el, err := component.ParseElement(raw)
		switch {
		case err != nil:
		case el.Get("to") == modelPeer:
			_ = w.srv.Send(result2(el.Get("id"), modelPeer, ""))
		default:
			w.answer(el)
		}
	}
}

// step does one thing.
func (w *modelWorld) step(s modelStep) {
	switch what := s.what; what {
	case "ask":
		w.ask(s)
	case "call":
		w.call(s.call)
	case "shut down":
		w.shutDown()
	case "open gate":
		w.cast.open(false)
	case "noise":
		w.noise(s)
	default:
		if strings.HasPrefix(what, "reload ") {
			w.reload(what)
		} else {
			w.fault(s)
		}
	}
	if s.still {
		synctest.Wait()
	}
	time.Sleep(s.pause)
}

// ask sends requests, all of a step in one piece.
func (w *modelWorld) ask(s modelStep) {
	var b strings.Builder
	for _, a := range s.ask {
		n := len(w.asked) + 1
		w.asked[n] = a
		b.WriteString(a.stanza(n))
	}
	_ = w.srv.Send(b.String()) // who is not online is told nothing
}

// noise is what nobody may answer.
func (w *modelWorld) noise(s modelStep) {
	for _, raw := range []string{
		iq("result", fmt.Sprint("n", s.n), juliet, domain, ""), iq("error", fmt.Sprint("n", s.n), juliet, domain, ""), iq("error", "e", juliet, domain, query),
		"<message type='error' id='n1' from='" + juliet + "' to='" + domain + "'/>", "<presence type='error' id='n1' from='" + juliet + "' to='" + domain + "'/>",
		"<presence from='" + juliet + "' to='" + domain + "'/>", " \n ",
	} {
		_ = w.srv.Send(raw)
	}
}

func (w *modelWorld) reload(what string) {
	lim := w.limits()
	next := w.mux
	switch what {
	case "reload other":
		next = w.newMux("urn:model:free", "urn:model:chain")
	case "reload less":
		next = component.NewMux()
		if next.Keep(w.mux, "urn:model:chain") != nil {
			next = w.newMux("urn:model:chain")
		}
	case "reload limits":
		lim.InFlight, lim.PerSender = 0, 0
	}
	w.reloaded = append(w.reloaded, time.Now())
	w.mux = next
	before, done := w.last, make(chan struct{})
	w.last = done
	w.reloads.Go(func() {
		defer close(done)
		if before != nil { // what is kept is kept from the mux in service
			<-before
		}
		_ = w.comp.Reload(next, lim)
	})
}

func (w *modelWorld) shutDown() {
	if w.stopped.IsZero() {
		w.stopped = time.Now()
	}
	w.cancel()
}

// calm ends all faults and waits until everything must have been answered.
func (w *modelWorld) calm() {
	w.srv.Refuse(0)
	w.srv.Reject("", "")
	w.srv.Fragment(0)
	w.srv.ResumeReading()
	w.srv.Blackhole(false, false)
	w.srv.Deaf(false)
	if !w.stopped.IsZero() {
		return
	}
	if !w.online() {
		w.fail("not online after half an hour of peace: %+v", w.comp.Status())
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if s := w.comp.Stats(); s.Open != 0 || s.Buffered != 0 || s.Pending > 1 {
		w.fail("a minute later something is open, buffered or pending: %+v", s)
	}
}

// stop ends the component and waits until nothing of it is left.
func (w *modelWorld) stop() {
	w.shutDown()
	select {
	case err := <-w.ended:
		if err != nil {
			w.fail("Run() error = %v", err)
		}
	case <-time.After(time.Minute):
		w.fail("Run has not returned: %+v", w.comp.Status())
	}
	w.reloads.Wait()
	w.cast.open(true)
	w.srv.Close()
	time.Sleep(10 * time.Minute) // for handlers that ignore their context, and peers that are slow
}

func (w *modelWorld) fail(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}
