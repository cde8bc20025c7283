package component_test

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// TestSoak has mixed load and random faults for as long as the variable SOAK says
// ("make soak": 20 minutes), and for some seconds without it. It looks at the books
// after each round, and at memory and goroutines in the end (issue 4, H13).
func TestSoak(t *testing.T) {
	k := newSoak(t, soakTime(t))
	for time.Now().Before(k.end) {
		k.round()
		if t.Failed() {
			t.Fatalf("in round %d of the seed %d", k.rounds, k.seed)
		}
	}
	k.verdict()
}

func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return map[bool]time.Duration{true: 3 * time.Second, false: 15 * time.Second}[testing.Short()]
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("SOAK = %q is no duration, such as 20m", text)
	}
	return d
}

// A soak is a component, its server over TCP, and what is known of both.
type soak struct {
	t      *testing.T
	seed   uint64
	rnd    *rand.Rand // of the goroutine of the test; faults have their own
	start  time.Time
	end    time.Time
	rounds int

	srv    *componenttest.Server
	comp   *component.Component
	books  *books
	faults [len(faultNames)]atomic.Int64
	looks  []look
}

// A look is what a component takes at rest.
type look struct {
	at         time.Duration
	heap       uint64
	goroutines int
}

func newSoak(t *testing.T, d time.Duration) *soak {
	t.Helper()
	k := &soak{t: t, seed: rand.Uint64(), start: time.Now(), end: time.Now().Add(d), books: newBooks()}
	k.rnd = rand.New(rand.NewPCG(k.seed, 0))
	k.srv = componenttest.NewServer(componenttest.Options{Domain: domain})
	t.Cleanup(k.srv.Close)
	addr, err := k.srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	cfg := quiet(soakMux(t))
	cfg.JID, cfg.Secret, cfg.Server = domain, "secret", addr
	cfg.Liveness = component.LivenessServer // what we ask ourselves would be in the books
	cfg.Limits = soakLimits()
	if k.comp, err = component.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- k.comp.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	return k
}

func soakLimits() component.Limits {
	return component.Limits{PerSender: 200, HandlerTimeout: 2 * time.Second, DrainTimeout: 5 * time.Second}
}

// round has a second of load and faults, and then peace for the books.
func (k *soak) round() {
	k.t.Helper()
	k.rounds++
	calm := make(chan struct{})
	go func() {
		defer close(calm)
		k.harm(rand.New(rand.NewPCG(k.seed, uint64(k.rounds))))
	}()
	k.load(calm)
	k.settle()
	k.looks = append(k.looks, k.look())
}

// settle waits until nothing is under way any more, what was sent has been read and
// what was written has arrived, and compares the books.
func (k *soak) settle() {
	k.t.Helper()
	waitFor(k.t, "the stream is up", func() bool { return k.srv.Connections() > 0 && k.comp.Status().Heard })
	k.fence()
	k.idle()
	k.fence()
	k.idle()
	k.books.compare(k.t, k.comp.Stats())
}

// idle waits until every request has been answered and every answer written.
func (k *soak) idle() {
	k.t.Helper()
	waitFor(k.t, "no request is open", func() bool { s := k.comp.Stats(); return s.Open == 0 && s.Buffered == 0 })
}

// fence asks until the answer is there: whatever was written before is, too.
func (k *soak) fence() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patient)
	defer cancel()
	id := k.books.ask(kindPing)
	if err := k.srv.Send(iq("get", id, "nurse@example.net/"+id, domain, kindPing.payload())); err != nil {
		k.t.Fatalf("all was well a moment ago: %v", err)
	}
	for got := ""; got != id; {
		raw, err := k.srv.Next(ctx)
		if err != nil {
			k.t.Fatalf("no answer to the fence: %v\n%+v", err, k.comp.Stats())
		}
		got = k.books.answer(k.t, raw)
	}
}

// look measures once the handlers that were late have returned.
func (k *soak) look() look {
	k.t.Helper()
	if len(k.looks) > 0 {
		most := k.looks[0].goroutines + 20
		waitFor(k.t, "the goroutines of the round are gone", func() bool { return runtime.NumGoroutine() <= most })
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return look{at: time.Since(k.start), heap: m.HeapAlloc, goroutines: runtime.NumGoroutine()}
}

// verdict compares the end with the beginning, and shows the figures.
func (k *soak) verdict() {
	k.t.Helper()
	warm := k.looks[len(k.looks)/4:]
	first, last := warm[0], warm[len(warm)-1]
	slope := slopeOf(warm)
	grown := slope * (last.at - first.at).Seconds()
	s := k.comp.Stats()
	k.t.Logf("%s, %d rounds, seed %d", time.Since(k.start).Round(time.Second), k.rounds, k.seed)
	k.t.Logf("requests read %d: results %d, errors %d, unanswerable %d; refused for lack of room %d, timed out %d, late %d, panics %d",
		s.Requests, s.Results, s.Errors, s.Unanswered, s.Overloads, s.Timeouts, s.Late, s.Panics)
	k.t.Logf("streams %d, lost %d; replies that did not arrive %d, unconfirmed %d, expired %d",
		s.Streams, s.Lost, k.books.missing, s.Unconfirmed, s.Expired)
	for i, name := range faultNames {
		k.t.Logf("fault %s: %d times", name, k.faults[i].Load())
	}
	k.t.Logf("heap at rest %.2f MiB, in the end %.2f MiB, slope %.1f KiB a minute; goroutines %d and %d",
		mib(first.heap), mib(last.heap), slope*60/1024, first.goroutines, last.goroutines)
	if grown > 4<<20 {
		k.t.Errorf("memory grows: %.1f MiB in %s", grown/(1<<20), last.at-first.at)
	}
	for _, v := range k.srv.Violations() {
		k.t.Errorf("sent what XMPP forbids: %s", v)
	}
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

// slopeOf fits a line through what the heap took, in bytes a second.
func slopeOf(looks []look) float64 {
	var x, y, xx, xy float64
	for _, l := range looks {
		at, heap := l.at.Seconds(), float64(l.heap)
		x, y, xx, xy = x+at, y+heap, xx+at*at, xy+at*heap
	}
	n := float64(len(looks))
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}
