package component_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A reply that could not be sent before its deadline is dropped: who asked has
// given up.
func TestExpiredReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		r := serve(t, false, func(context.Context, *component.Request) (component.Payload, error) {
			<-g.ch
			return nil, nil
		})
		r.proven()
		r.get(juliet)
		synctest.Wait()
		r.srv.Refuse(-1)
		r.srv.Cut()
		time.Sleep(time.Second)
		g.open()
		time.Sleep(30 * time.Second)
		r.srv.Refuse(0)
		r.streams(2)
		r.alive()
		r.idle()
		if s := r.comp.Stats(); s.Expired == 0 || s.Results == 0 || s.Buffered != 0 {
			t.Errorf("%+v: the reply has not expired", s)
		}
	})
}

// TestO12CallsOutliveReconnect: a pending call is answered on the new stream; one
// that is not says that the stream broke (checklist 46, O12).
func TestO12CallsOutliveReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, false, result)
		type out struct {
			resp *component.Response
			err  error
		}
		got := make(chan out, 3)
		call := func(to string) {
			resp, err := r.comp.SendIQ(t.Context(), component.Call{To: to, Payload: component.Text(nsTest, "q", "")})
			got <- out{resp, err}
		}
		go call(juliet)
		first := r.next()
		r.srv.Refuse(3)
		r.srv.Reset()
		time.Sleep(50 * time.Millisecond)
		go call(romeo) // unsent ones wait for the next stream
		r.streams(2)
		second := r.next()
		for _, q := range []reply{first, second} {
			r.send("<iq type='result' id='" + q.id + "' from='" + q.to + "' to='" + q.from + "'>" + query + "</iq>")
			if o := <-got; o.err != nil || o.resp.From != q.to || o.resp.Payload.Name() != name("q") {
				t.Errorf("SendIQ() = %+v, %v", o.resp, o.err)
			}
		}
		go call(juliet)
		r.next()
		r.srv.Cut()
		r.streams(3)
		o := <-got
		if !errors.Is(o.err, component.ErrDisconnected) || !errors.Is(o.err, context.DeadlineExceeded) {
			t.Errorf("SendIQ() = %v, want a timeout that says the stream broke", o.err)
		}
		go call(juliet)
		r.next()
		if o := <-got; errors.Is(o.err, component.ErrDisconnected) || !errors.Is(o.err, context.DeadlineExceeded) {
			t.Errorf("SendIQ() = %v, want a plain timeout", o.err)
		}
		r.alive()
	})
}

// A call that ends during the good-bye to a stream says that the stream broke; one
// that begins then was never on it (checklist 46, O12).
func TestO12CallsDuringGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet(muxOf(t))
		cfg.CallTimeout = 10 * time.Second
		r := begin(t, cfg)
		r.proven()
		_, first := r.call(juliet)
		time.Sleep(9 * time.Second)
		r.srv.StopReading() // so that the good-bye takes two seconds
		r.send("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
		if o := <-first; !errors.Is(o.err, component.ErrDisconnected) {
			t.Errorf("call before the good-bye: %v, want a timeout that says the stream broke", o.err)
		}
		second := make(chan error, 1)
		if err := r.comp.StartIQ(component.Call{To: romeo, Payload: component.Text(nsTest, "q", "")}, func(_ *component.Response, err error) { second <- err }); err != nil {
			t.Fatal(err)
		}
		r.srv.ResumeReading()
		r.next()
		if err := <-second; errors.Is(err, component.ErrDisconnected) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("call during the good-bye: %v, want a plain timeout", err)
		}
		r.streams(2)
		r.alive()
	})
}

// What is sent while there is no stream is bounded, and forgotten when nobody
// waits for it any more.
func TestSendWhileOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet(muxOf(t))
		cfg.Limits.MaxBufferedBytes = 1 << 20
		r := begin(t, cfg)
		r.proven()
		r.idle()
		r.srv.Refuse(-1)
		r.srv.Cut()
		synctest.Wait()
		send := func(i int) error {
			return r.comp.Send(component.Stanza{Kind: "message", ID: fmt.Sprint("m", i), To: juliet, Payloads: []component.Payload{component.Text(nsTest, "x", strings.Repeat("x", 10_000))}})
		}
		n := 0
		for ; send(n) == nil; n++ {
		}
		if err := send(n); !errors.Is(err, component.ErrOverload) || n < 50 || n > 110 {
			t.Errorf("after %d messages Send() = %v, want ErrOverload at 1 MiB", n, err)
		}
		if _, err := r.comp.SendIQ(t.Context(), component.Call{To: juliet, Payload: component.Text(nsTest, "q", strings.Repeat("x", 10_000))}); !errors.Is(err, component.ErrOverload) {
			t.Errorf("SendIQ() = %v, want ErrOverload", err)
		}
		time.Sleep(40 * time.Second)
		if err := send(1000); err != nil {
			t.Errorf("Send() = %v although what is there has expired", err)
		}
		r.srv.Refuse(0)
		r.streams(2)
		if got := r.next(); got.id != "m1000" {
			t.Errorf("got %s", got.raw)
		}
		r.alive()
	})
}

// TestN01ServerIsAway: one line a minute says so, and the status too (checklist 4,
// N01, N09).
func TestN01ServerIsAway(t *testing.T) {
	for label, away := range map[string]func(*componenttest.Server){
		"refused": func(s *componenttest.Server) { s.Refuse(-1) },
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book logbook
				cfg := quiet(muxOf(t))
				cfg.Log = book.info()
				r := begin(t, cfg, componenttest.Offline(), componenttest.Before(away))
				time.Sleep(10 * time.Minute)
				if s := r.comp.Status(); s.State != component.StateWaiting || s.Err == nil || s.Retry > 10*time.Second {
					t.Errorf("status %+v", s)
				}
				if n := strings.Count(book.String(), "not connected"); n < 8 || n > 11 {
					t.Errorf("%d lines in ten minutes:\n%s", n, book.String())
				}
				r.srv.Refuse(0)
				r.streams(1)
				r.alive()
			})
		})
	}
}
