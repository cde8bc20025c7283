package component_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// A kind is what a request of the soak asks for.
type kind string

// The kinds: what their handlers do, or what is wrong with them.
const (
	kindPing    kind = "ping"    // is quick
	kindSlow    kind = "slow"    // takes some milliseconds
	kindLiar    kind = "liar"    // calls itself quick and is not
	kindPanic   kind = "panic"   // panics
	kindRefuse  kind = "refuse"  // returns a stanza error
	kindFail    kind = "fail"    // returns any other error
	kindHang    kind = "hang"    // returns long after its deadline
	kindLarge   kind = "large"   // returns 50 kB
	kindHuge    kind = "huge"    // returns what is over the limit
	kindNobody  kind = "nobody"  // has no handler
	kindTwo     kind = "two"     // has two children
	kindFat     kind = "fat"     // is over the limit itself
	kindOrdered kind = "ordered" // is one of a sender's that wait for each other
)

// soakKinds are drawn from; what is there more often is asked for more often.
func soakKinds() []kind {
	kinds := []kind{kindFat, kindHuge, kindHang, kindHang}
	for range 10 {
		kinds = append(kinds, kindPanic, kindTwo, kindFail, kindLarge, kindLarge, kindLiar, kindLiar)
	}
	for range 200 {
		kinds = append(kinds, kindPing, kindPing, kindPing, kindSlow, kindRefuse, kindNobody, kindOrdered)
	}
	return kinds
}

// replies are those that a kind has, beside a refusal.
func (k kind) replies() []string {
	switch k {
	case kindPanic, kindFail, kindHuge:
		return []string{"internal-server-error"}
	case kindRefuse:
		return []string{"item-not-found"}
	case kindNobody:
		return []string{"feature-not-implemented"}
	case kindTwo:
		return []string{"bad-request"}
	case kindFat:
		return []string{"policy-violation"}
	case kindHang:
		return nil
	}
	return []string{"result"}
}

func (k kind) payload() string {
	one := "<" + string(k) + " xmlns='" + nsTest + "'/>"
	switch k {
	case kindTwo:
		return one + one
	case kindFat:
		return "<fat xmlns='" + nsTest + "'>" + strings.Repeat("<a/>", 600_000) + "</fat>"
	}
	return one
}

// soakMux has a handler for each kind that has one.
func soakMux(t testing.TB) *component.Mux {
	t.Helper()
	ext := component.Extension{Name: "soak", MaxInFlight: 32}
	add := func(k kind, quick bool, h component.HandlerFunc) {
		ext.Routes = append(ext.Routes, component.Route{Name: name(string(k)), Get: h, Quick: quick, Timeout: 500 * time.Millisecond})
	}
	add(kindPing, true, result)
	add(kindSlow, false, after(5*time.Millisecond, nil))
	add(kindLiar, true, after(3*time.Millisecond, nil))
	add(kindPanic, false, func(context.Context, *component.Request) (component.Payload, error) { panic("soaked") })
	add(kindRefuse, true, give(nil, component.Errorf(stanza.ItemNotFound, "none")))
	add(kindFail, false, give(nil, errors.New("soaked")))
	add(kindHang, false, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
		<-ctx.Done()
		<-time.After(200 * time.Millisecond)
		return nil, nil
	})
	add(kindLarge, false, give(component.Text(nsTest, "x", strings.Repeat("x", 50_000)), nil))
	add(kindHuge, false, give(component.Text(nsTest, "x", strings.Repeat("x", 600_000)), nil))
	ordered := component.Extension{Name: "ordered", Ordered: true, Routes: []component.Route{
		{Name: name(string(kindOrdered)), Get: after(time.Millisecond, nil), Timeout: time.Second},
	}}
	return muxOf(t, ext, ordered)
}

// after is a handler that looks at no context.
func after(d time.Duration, p component.Payload) component.HandlerFunc {
	return func(context.Context, *component.Request) (component.Payload, error) {
		<-time.After(d)
		return p, nil
	}
}

// strays are never answered, whoever sends them.
func strays() []string {
	return []string{
		iq("result", "9", juliet, domain, ""), iq("error", "9", juliet, domain, ""),
		"<message from='" + juliet + "' to='" + domain + "'><body>hello</body></message>",
		"<presence from='" + juliet + "' to='" + domain + "'/>", " \n",
	}
}

// load sends for a second, and until the faults are over.
func (k *soak) load(calm <-chan struct{}) {
	k.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	kinds, over := soakKinds(), time.After(time.Second)
	for calm != nil || over != nil {
		select {
		case <-calm:
			calm = nil
		case <-over:
			over = nil
		case <-tick.C:
			for range 6 {
				k.send(kinds[k.rnd.IntN(len(kinds))], fmt.Sprintf("u%d@example.net/%d", k.rnd.IntN(50), k.rnd.IntN(3)))
			}
			k.take()
		}
	}
}

// send asks; nobody hears it while the component is away.
func (k *soak) send(what kind, from string) {
	id := k.books.ask(what)
	raw := iq("get", id, from, domain, what.payload())
	if all := strays(); k.rnd.IntN(20) == 0 {
		raw = all[k.rnd.IntN(len(all))] + raw
	}
	_ = k.srv.Send(raw)
}

// take enters the replies that have come so far.
func (k *soak) take() {
	k.t.Helper()
	for range k.srv.Queued() {
		raw, err := k.srv.Next(k.t.Context())
		if err != nil {
			k.t.Fatal(err)
		}
		k.books.answer(k.t, raw)
	}
}

// The faults, and how often each has come is counted by its place.
const (
	faultCut = iota
	faultReset
	faultClose
	faultError
	faultRestart
	faultStall
	faultCrumbs
	faultFlood
	faultReload
)

var faultNames = [...]string{"cut", "reset", "closed stream", "stream error", "restart", "server does not read", "small segments", "flood", "reload"}

// harm has up to four faults, one after the other, and leaves all well.
func (k *soak) harm(rnd *rand.Rand) {
	for range rnd.IntN(5) {
		<-time.After(time.Duration(rnd.IntN(300)) * time.Millisecond)
		fault := rnd.IntN(len(faultNames))
		k.faults[fault].Add(1)
		k.fault(fault, rnd)
	}
}

func (k *soak) fault(fault int, rnd *rand.Rand) {
	while := time.Duration(rnd.IntN(400)) * time.Millisecond
	switch fault {
	case faultCut:
		ctx, cancel := context.WithTimeout(k.t.Context(), patient)
		defer cancel()
		if err := k.srv.HalfClose(ctx); err != nil {
			k.t.Errorf("the component does not close: %v", err)
		}
	case faultReset:
		k.srv.Reset()
	case faultClose:
		k.srv.CloseStream()
	case faultError:
		k.srv.StreamError("system-shutdown", "bye")
	case faultRestart:
		k.srv.Refuse(-1)
		k.srv.Reset()
		<-time.After(while)
		k.srv.Refuse(0)
	case faultStall:
		k.srv.StopReading()
		<-time.After(while)
		k.srv.ResumeReading()
	case faultCrumbs:
		k.srv.Fragment(1 + rnd.IntN(50))
		<-time.After(while)
		k.srv.Fragment(0)
	case faultFlood:
		for range 1000 {
			id := k.books.ask(kindSlow)
			_ = k.srv.Send(iq("get", id, "flood@example.net/x", domain, kindSlow.payload()))
		}
	case faultReload:
		if err := k.comp.Reload(soakMux(k.t), soakLimits()); err != nil {
			k.t.Errorf("Reload() = %v", err)
		}
	}
}
