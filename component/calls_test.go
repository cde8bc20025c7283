package component_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

type outcome struct {
	resp *component.Response
	err  error
}

// call sends a request of our own and returns it as the server saw it, and where
// its outcome comes.
func (r *rig) call(to string) (reply, <-chan outcome) {
	r.t.Helper()
	done := make(chan outcome, 1)
	err := r.comp.StartIQ(component.Call{To: to, Payload: component.Text(nsTest, "q", "")}, func(resp *component.Response, err error) {
		done <- outcome{resp, err}
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.next(), done
}

func result2(id, from, payload string) string {
	return "<iq type='result' id='" + id + "' from='" + from + "' to='" + domain + "'>" + payload + "</iq>"
}

// TestO14ManyTimeouts: nothing is left of calls that nobody answers or that their
// callers gave up (checklist 47, 48, O14).
func TestO14ManyTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, quiet(muxOf(t)))
		for round := range 20 {
			for range 500 {
				if err := r.comp.StartIQ(component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")}, nil); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			gaveUp := errors.New("gave up")
			go func() { time.Sleep(time.Second); cancel(gaveUp) }()
			if _, err := r.comp.SendIQ(ctx, component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")}); !errors.Is(err, gaveUp) {
				t.Errorf("SendIQ() = %v, want the cause", err)
			}
			short, cancel2 := context.WithTimeout(t.Context(), time.Second)
			if _, err := r.comp.SendIQ(short, component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("SendIQ() = %v, want a timeout", err)
			}
			cancel2()
			time.Sleep(31 * time.Second)
			synctest.Wait()
			if n := r.comp.Stats().Pending; n > 1 { // the stream's own check
				t.Fatalf("round %d: %d calls are left", round, n)
			}
			for r.srv.Queued() > 0 {
				r.nextRaw()
			}
		}
		r.alive()
	})
}

// TestO11TooManyCalls: over the limit a call fails at once, and the stream's own
// checks go on (O11).
func TestO11TooManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet(muxOf(t))
		cfg.CallTimeout = time.Hour
		r := begin(t, cfg)
		var err error
		n := 0
		for ; err == nil; n++ {
			err = r.comp.StartIQ(component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")}, nil)
		}
		if !errors.Is(err, component.ErrOverload) || n < 9_990 || n > 10_002 {
			t.Errorf("call %d: %v", n, err)
		}
		time.Sleep(10 * time.Minute)
		if n := r.srv.Streams(); n != 1 {
			t.Errorf("%d streams: the checks of the stream failed", n)
		}
		for r.srv.Queued() > 0 {
			q := r.next()
			r.send(result2(q.id, juliet, ""))
		}
		r.alive()
	})
}

// TestO18RefusedCalls: what a server would close the stream for is refused before
// anything is written (O18, MUST table).
func TestO18RefusedCalls(t *testing.T) {
	r := begin(t, quiet(muxOf(t)))
	ok := component.Text(nsTest, "q", "")
	for label, c := range map[string]component.Call{
		"foreign from":   {From: "romeo@example.net", To: juliet, Payload: ok},
		"subdomain":      {From: "x." + domain, To: juliet, Payload: ok},
		"no payload":     {To: juliet},
		"result":         {Type: stanza.ResultIQ, To: juliet, Payload: ok},
		"no to":          {Payload: ok},
		"bad to":         {To: "@b", Payload: ok},
		"control in to":  {To: "a\x01@example.net", Payload: ok},
		"UTF-8 in from":  {From: "a\xff@" + domain, To: juliet, Payload: ok},
		"bad lang":       {To: juliet, Lang: "\x02", Payload: ok},
		"two roots":      {To: juliet, Payload: payloadFunc(func(e *component.Encoder) { e.Empty(nsTest, "a"); e.Empty(nsTest, "b") })},
		"nothing":        {To: juliet, Payload: payloadFunc(func(*component.Encoder) {})},
		"bad character":  {To: juliet, Payload: component.Text(nsTest, "q", "\ufffe")},
		"too large":      {To: juliet, Payload: component.Text(nsTest, "q", strings.Repeat("x", 500_000))},
		"too deep":       {To: juliet, Payload: nested(128)},
		"not marshalled": {To: juliet, Payload: component.Value(make(chan int))},
	} {
		if resp, err := r.comp.SendIQ(t.Context(), c); err == nil {
			t.Errorf("%s: SendIQ() = %+v", label, resp)
		}
		if err := r.comp.StartIQ(c, func(*component.Response, error) { t.Errorf("%s: done was called", label) }); err == nil {
			t.Errorf("%s: StartIQ() returned no error", label)
		}
	}
	for label, s := range map[string]component.Stanza{
		"iq": {Kind: "iq", To: juliet}, "no kind": {To: juliet}, "foreign from": {Kind: "message", To: juliet, From: "x@y"},
		"no to": {Kind: "presence"}, "bad type": {Kind: "message", To: juliet, Type: "\x00"},
		"bad payload": {Kind: "message", To: juliet, Payloads: []component.Payload{component.Text(nsTest, "<", "")}},
	} {
		if err := r.comp.Send(s); err == nil {
			t.Errorf("%s: Send() returned no error", label)
		}
	}
	r.alive()
	if n := r.comp.Stats().Pending; n > 1 {
		t.Errorf("%d calls are pending", n)
	}
}

// What is sent is as it was asked for.
func TestSend(t *testing.T) {
	r := begin(t, quiet(muxOf(t)))
	err := r.comp.Send(component.Stanza{Kind: "message", Type: "chat", ID: "i'", To: juliet, From: "a@" + domain + "/b", Lang: "de",
		Payloads: []component.Payload{component.Text("jabber:component:accept", "body", "<hi>"), component.Text(nsTest, "x", "")}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "<message type='chat' id='i&apos;' from='a@iq.example.net/b' to='juliet@example.net/balcony' xml:lang='de'><body>&lt;hi&gt;</body><x xmlns='urn:example:test'/></message>"
	if got := r.next(); got.raw != want {
		t.Errorf("sent %s, want %s", got.raw, want)
	}
	q, _ := r.call(juliet)
	r.send(result2(q.id, juliet, ""))
	if q.typ != "get" || q.from != domain || len(q.id) < 20 {
		t.Errorf("sent %s", q.raw)
	}
}

// TestStartIQOrder: requests started one after the other are sent in that order.
func TestStartIQOrder(t *testing.T) {
	r := begin(t, quiet(muxOf(t)))
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Add(1)
		err := r.comp.StartIQ(component.Call{Type: stanza.SetIQ, To: juliet, Payload: component.Text(nsTest, "n", fmt.Sprint(i))},
			func(resp *component.Response, err error) {
				defer wg.Done()
				if err != nil || resp.Payload.Text() != fmt.Sprint(i) {
					t.Errorf("call %d got %+v, %v", i, resp, err)
				}
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	var sent []reply
	for i := range 300 {
		q := r.next()
		if got := q.el.Child(nsTest, "n").Text(); got != fmt.Sprint(i) || q.typ != "set" {
			t.Fatalf("call %d is %s", i, q.raw)
		}
		sent = append(sent, q)
	}
	for i := range sent { // answered backwards (O10)
		q := sent[len(sent)-1-i]
		r.send(result2(q.id, juliet, "<n xmlns='urn:n'>"+q.el.Child(nsTest, "n").Text()+"</n>"))
	}
	wg.Wait()
}

// TestHandlerAsks: a handler may send a request and wait, also when only one may
// run, in a quick one and towards ourselves (O15, O16, checklist 38).
func TestHandlerAsks(t *testing.T) {
	for label, to := range map[string]string{"O15 somebody else": juliet, "O16 itself": domain} {
		t.Run(label, func(t *testing.T) { handlerAsks(t, to) })
	}
}

func handlerAsks(t *testing.T, to string) {
	bothWays(t, func(t *testing.T, quick bool) {
		ask := component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
			resp, err := req.Requester().SendIQ(ctx, component.Call{To: to, Payload: component.Text(nsTest, "q", "")})
			if err != nil {
				return nil, err
			}
			return resp.Payload, nil
		})
		r := begin(t, quiet(muxOf(t,
			component.Extension{Name: "asks", MaxInFlight: 1, Routes: []component.Route{{Name: name("sleep"), Get: ask, Quick: quick}}},
			component.Extension{Name: "answers", Routes: []component.Route{{Name: name("q"), Get: give(component.Text(nsTest, "answer", ""), nil)}}})))
		for range 5 {
			id := r.sleep(romeo)
			if to == juliet {
				q := r.next()
				r.send(result2(q.id, juliet, "<answer xmlns='urn:x'/>"))
			}
			if got := r.reply(id); got.typ != "result" || !strings.Contains(got.raw, "<answer") {
				t.Errorf("got %s", got.raw)
			}
		}
		r.alive()
	})
}

// After Run everything says that the component is gone.
func TestAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolo(t, quiet(muxOf(t)))
		s.up()
		_, done := s.call(juliet)
		if err := s.comp.Alive(t.Context()); err != nil {
			t.Errorf("Alive() = %v", err)
		}
		s.stop()
		if o := <-done; !errors.Is(o.err, component.ErrShutdown) {
			t.Errorf("a pending call ended with %v", o.err)
		}
		_, err := s.comp.SendIQ(t.Context(), component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")})
		for what, err := range map[string]error{
			"SendIQ": err, "StartIQ": s.comp.StartIQ(component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")}, nil),
			"Send": s.comp.Send(component.Stanza{Kind: "message", To: juliet}), "Alive": s.comp.Alive(t.Context()),
			"Reload": s.comp.Reload(component.NewMux(), component.Limits{}),
		} {
			if !errors.Is(err, component.ErrShutdown) {
				t.Errorf("%s() = %v, want ErrShutdown", what, err)
			}
		}
		if err := s.comp.Run(t.Context()); err == nil {
			t.Error("a second Run() returned no error")
		}
	})
}
