package component_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// A modelPlan is all that happens to a component in one run of the model. It is
// drawn before the run, for rapid cannot draw inside of a bubble.
type modelPlan struct {
	steps    []modelStep
	buffer   int // bytes that a connection holds each way
	inFlight int // of an extension; zero: the default
	places   int // Limits.InFlight
	share    int // Limits.PerSender
	prosody  bool
}

// A modelStep is one thing that happens, and how long nothing else does.
type modelStep struct {
	what  string
	ask   []modelAsk
	call  modelCall
	n     int
	pause time.Duration
	still bool // everything that can happen happens before the next step
}

// A modelAsk is one request.
type modelAsk struct {
	sender, id int // id zero: one of its own
	set, quick bool
	chain      bool // to the ordered extension
	wrapped    bool // asked of the server, which delegates it, if the sender is one of its users
	does       string
	sleep      time.Duration
}

// modelDoings are what a handler of the model may do.
func modelDoings() []string {
	return []string{
		"echo", "echo", "echo", "nap", "nap", "nap", "panic", "goexit", "hang", "fail", "deny", "bad", "twin", "big", "large", "hook",
		"hookpanic", "asks", "patient", "stubborn", "derive", "unknown",
	}
}

// modelFaults are the steps beside requests, by the flavour of a plan.
func modelFaults() map[string][]string {
	return map[string][]string{
		"connections": {
			"cut", "reset", "half and cut", "half and reset", "close stream", "stream error", "restart", "refuse", "reject", "stop reading",
			"resume reading", "stop and cut", "stop and reset", "fragment", "deafen", "open gate", "noise", "blackhole",
		},
		"reloads":   {"reload same", "reload other", "reload less", "reload limits", "cut", "reset", "open gate", "reload other", "stop reading", "resume reading"},
		"calls":     {"cut", "reset", "restart", "stop reading", "resume reading", "close stream", "stream error", "reload other", "deafen", "shut down", "noise"},
		"shutdowns": {"shut down", "cut", "reset", "reload other", "stop reading", "resume reading", "restart", "open gate", "noise", "half and cut"},
	}
}

func drawPlan(t *rapid.T, flavour string) modelPlan {
	return modelPlan{
		steps:    rapid.SliceOfN(drawStep(flavour), 1, 30).Draw(t, "steps"),
		buffer:   rapid.SampledFrom([]int{64 << 10, 64 << 10, 3000, 200}).Draw(t, "buffer"),
		inFlight: rapid.SampledFrom([]int{0, 0, 1, 2, 4}).Draw(t, "in flight"),
		places:   rapid.SampledFrom([]int{0, 0, 0, 5, 20}).Draw(t, "places"),
		share:    rapid.SampledFrom([]int{0, 0, 0, 3, 10}).Draw(t, "share"),
		prosody:  rapid.Bool().Draw(t, "prosody"),
	}
}

// drawStep draws requests twice as often as faults, or calls in their place.
func drawStep(flavour string) *rapid.Generator[modelStep] {
	faults := modelFaults()[flavour]
	return rapid.Custom(func(t *rapid.T) modelStep {
		s := modelStep{
			n:     rapid.IntRange(0, 40).Draw(t, "n"),
			still: rapid.Bool().Draw(t, "still"),
			pause: rapid.SampledFrom([]time.Duration{
				0, 0, 0, time.Microsecond, time.Millisecond, 2 * time.Millisecond, 10 * time.Millisecond, 300 * time.Millisecond,
				2 * time.Second, 5 * time.Second, 19 * time.Second, 25 * time.Second, 2 * time.Minute,
			}).Draw(t, "pause"),
		}
		switch {
		case rapid.IntRange(0, 2).Draw(t, "kind") == 0:
			s.what = rapid.SampledFrom(faults).Draw(t, "fault")
		case flavour == "calls":
			s.what, s.call = "call", drawCall().Draw(t, "call")
		default:
			s.what, s.ask = "ask", rapid.SliceOfN(drawAsk(), 1, 12).Draw(t, "requests")
		}
		return s
	})
}

func drawAsk() *rapid.Generator[modelAsk] {
	return rapid.Custom(func(t *rapid.T) modelAsk {
		return modelAsk{
			sender: rapid.IntRange(0, 4).Draw(t, "sender"),
			id:     max(0, rapid.IntRange(-12, 3).Draw(t, "id")),
			set:    rapid.Bool().Draw(t, "set"),
			quick:  rapid.Bool().Draw(t, "quick"),
			chain:  rapid.Bool().Draw(t, "chain"),

			wrapped: rapid.IntRange(0, 3).Draw(t, "wrapped") == 3,

			does: rapid.SampledFrom(modelDoings()).Draw(t, "does"),
			sleep: rapid.SampledFrom([]time.Duration{
				100 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 2 * time.Millisecond, 30 * time.Millisecond, time.Second, 19 * time.Second, 21 * time.Second,
			}).Draw(t, "sleep"),
		}
	})
}

// from returns the full JID of who asks: two resources of one account, another
// account, somebody from elsewhere, and a server.
func (a modelAsk) from() string {
	return []string{"juliet@example.net/balcony", "juliet@example.net/chamber", "romeo@example.net/orchard", "nurse@example.org/x", "example.com"}[a.sender]
}

func (a modelAsk) space() string {
	if a.chain {
		return "urn:model:chain"
	}
	return "urn:model:free"
}

func (a modelAsk) local() string {
	if a.quick && a.does != "unknown" {
		return "quick-" + a.does
	}
	return a.does
}

// timeout is what the route of the request has.
func (a modelAsk) timeout() time.Duration {
	if a.does == "patient" || a.does == "stubborn" {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// stanza returns the request, which bears a number of its own.
func (a modelAsk) stanza(n int) string {
	typ, id := "get", fmt.Sprint("n", n)
	if a.set {
		typ = "set"
	}
	if a.id > 0 {
		id = strings.Repeat("x", a.id)
	}
	payload := fmt.Sprintf("<%s xmlns='%s' n='%d' ns='%d'/>", a.local(), a.space(), n, a.sleep)
	if a.wrapped && strings.Contains(a.from(), "@example.net") {
		version := []string{ejabber, prosody}[n%2]
		return iq("set", fmt.Sprint("w", n), host, domain, delegation(version, wrapped(typ, id, a.from(), "", payload)))
	}
	return iq(typ, id, a.from(), domain, payload)
}

// String shows a step in a counterexample.
func (s modelStep) String() string {
	text := s.what
	for _, a := range s.ask {
		text += fmt.Sprintf(" [%s %s %s id=%d %s wrapped=%t]", a.from(), a.space(), a.local(), a.id, a.sleep, a.wrapped)
	}
	if s.what == "call" {
		text += fmt.Sprintf(" %+v", s.call)
	}
	return fmt.Sprintf("%s n=%d pause=%s still=%t", text, s.n, s.pause, s.still)
}

// String shows a plan in a counterexample.
func (p modelPlan) String() string {
	text := fmt.Sprintf("buffer %d, in flight %d, places %d, share %d, prosody %t\n", p.buffer, p.inFlight, p.places, p.share, p.prosody)
	for _, s := range p.steps {
		text += s.String() + "\n"
	}
	return text
}
