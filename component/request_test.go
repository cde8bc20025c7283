package component_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// TestRequest: what a handler can ask of its request, and that it may return what
// it was given.
func TestRequest(t *testing.T) {
	r := serve(t, false, func(ctx context.Context, req *component.Request) (component.Payload, error) {
		var v struct {
			A string `xml:"a,attr"`
		}
		if err := req.Decode(&v); err != nil || v.A != "1" {
			t.Errorf("Decode() = %v, %+v", err, v)
		}
		var bad struct {
			A int `xml:"x>y"`
		}
		var se *component.Error
		if err := req.Decode(&bad); req.Payload().Child("", "x").IsZero() != (err == nil) || err != nil && (!errors.As(err, &se) || se.Condition != stanza.BadRequest) {
			t.Errorf("Decode() = %v", err)
		}
		d := xml.NewTokenDecoder(req.TokenReader())
		if tok, err := d.Token(); err != nil || tok.(xml.StartElement).Name != name("q") {
			t.Errorf("Token() = %v, %v", tok, err)
		}
		from, err := req.FromJID()
		if err != nil {
			return nil, err
		}
		owner, err2 := req.Owner()
		to, err3 := req.ToJID()
		if err2 != nil || err3 != nil || owner.String() != from.Bare().String() || to.String() != domain {
			t.Errorf("owner %v %v, to %v %v", owner, err2, to, err3)
		}
		if !req.Local() || req.At() != component.Domain || req.Handler() != "test" || req.Mux() == nil || req.Lang != "de" ||
			time.Since(req.Received()) > time.Minute || req.Requester() == nil || req.Name != name("q") {
			t.Errorf("%+v", req)
		}
		return req.Payload(), nil
	})
	r.send("<iq type='get' id='1' xml:lang='de' from='" + juliet + "' to='" + domain + "'><p:q xmlns:p='" + nsTest + "' a='1'>t<p:x><p:y>z</p:y></p:x></p:q></iq>")
	if got := r.reply("1").el.Child(nsTest, "q"); got.XML() != "<q xmlns='urn:example:test' a='1'>t<x><y>z</y></x></q>" {
		t.Errorf("echoed %s", got.XML())
	}
	r.send(iq("get", "2", "a\u200b@example.net/\u00ad", domain, "<q xmlns='"+nsTest+"' a='1'/>"))
	r.reply("2").wants(t, "jid-malformed")
	alone := &component.Request{From: juliet}
	if alone.Local() || !alone.Received().IsZero() || alone.Handler() != "" {
		t.Errorf("a request of no component: %+v", alone)
	}
}

type keyOf string

// TestContext: deadline, value, cause, and no goroutine for what derives from it.
func TestContext(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		kept := make(chan context.Context, 2)
		fired := make(chan string, 3)
		cfg := quiet(two(t, component.Extension{Timeout: 7 * time.Second}, quick, func(ctx context.Context, req *component.Request) (component.Payload, error) {
			if d, ok := ctx.Deadline(); !ok || d.Sub(req.Received()) != 7*time.Second {
				t.Errorf("deadline %v", d.Sub(req.Received()))
			}
			if ctx.Err() != nil || context.Cause(ctx) != nil || ctx.Value(keyOf("x")) != nil {
				t.Errorf("Err() = %v, Cause() = %v", ctx.Err(), context.Cause(ctx))
			}
			context.AfterFunc(ctx, func() { fired <- "after" })
			if stop := context.AfterFunc(ctx, func() { fired <- "stopped" }); !stop() || stop() {
				t.Error("stop() does not say that it stopped")
			}
			child, cancel := context.WithTimeout(ctx, time.Hour)
			t.Cleanup(cancel)
			if d, _ := child.Deadline(); d.Sub(req.Received()) != 7*time.Second {
				t.Errorf("deadline of the child %v", d.Sub(req.Received()))
			}
			kept <- child
			kept <- ctx
			return nil, nil
		}))
		r := begin(t, cfg)
		r.reply(r.sleep(juliet)).wants(t, "result")
		for range 2 {
			select {
			case <-(<-kept).Done():
			case <-time.After(patient):
				t.Fatal("a context has not ended with its request")
			}
		}
		if got := <-fired; got != "after" {
			t.Errorf("%q was called", got)
		}
	})
	t.Run("derived", func(t *testing.T) {
		g := newGate()
		defer g.open()
		counted := make(chan int, 1)
		r := serve(t, false, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
			before := runtime.NumGoroutine()
			for range 100 {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				_ = child.Done()
			}
			counted <- runtime.NumGoroutine() - before
			return nil, nil
		})
		r.ask(juliet).wants(t, "result")
		if n := <-counted; n > 20 {
			t.Errorf("100 derived contexts started %d goroutines", n)
		}
	})
}

// TestErrors: what the errors say and are.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{component.Errorf(stanza.Gone, "to %s", "x"), "gone: to x"},
		{&component.Error{Condition: stanza.Gone}, "gone"},
		{&component.PeerError{From: "a", Condition: stanza.Gone, Text: "t"}, `"a" answered gone: "t"`},
		{&component.TimeoutError{}, "component: no reply in time"},
		{&component.TimeoutError{Disconnected: true}, "component: no reply in time, and the stream broke meanwhile"},
		{&component.StreamError{Condition: "conflict"}, "stream error conflict"},
	} {
		if got := fmt.Sprint(tc.err); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// TestAddresses: what servers take for the same address, and where a reply can be
// sent (servers.md 2.7, RFC 7622, 3).
func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"a@b/C": "a@b/C", "A@B/C": "a@b/C", "B.": "b", "a@b./r.": "a@b/r.", "Ⅳ@x": "iv@x", "ß@x": "ss@x", "x/\u2163": "x/IV",
		"a@b/c@D/e": "a@b/c@D/e", "İ@x": "i̇@x", "": "", "/": "/", "@": "@",
		// RFC 3454, B.1: ejabberd routes such an address to us as it was typed.
		"iq.exam\u00adple.net": "iq.example.net", "a\u200b@x/r\u2060": "a@x/r", "\ufeffb": "b",
	} {
		if got := component.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("x", 1023)
	for in, want := range map[string]bool{
		"a@b/c": true, "b": true, "b/c": true, "a@b": true, long + "@" + long + "/" + long: true, "a@b/c@d/e": true, "a@b//": true,
		"": false, "@b": false, "a@": false, "b/": false, "a@b/": false, "/c": false, "a@@b": false, "a@b@c": false, "x" + long: false, "x" + long + "@b": false, "b/x" + long: false,
	} {
		if got := component.Addressable(in); got != want {
			t.Errorf("Addressable(%.20q) = %v, want %v", in, got, want)
		}
	}
}

// TestContextEndsInUse: goroutines use a context in the moment in which it ends.
// Whoever sees the error sees the channel closed, and each function is called or
// stopped, never both.
func TestContextEndsInUse(t *testing.T) {
	ending, done := component.EndingContext()
	if err := ending.Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Err() = %v", err)
	}
	select {
	case <-done:
	default:
		t.Error("the context has an error, and its channel is open")
	}
	const requests, users = 200, 3
	var called, stopped atomic.Int32
	var using sync.WaitGroup
	r := serve(t, true, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
		for range users {
			using.Go(func() {
				stop := context.AfterFunc(ctx, func() { called.Add(1) })
				for ctx.Err() == nil {
					runtime.Gosched()
				}
				select {
				case <-ctx.Done():
				default:
					t.Error("the context has an error, and its channel is open")
				}
				if stop() {
					stopped.Add(1)
				}
			})
		}
		return nil, nil
	})
	for range requests {
		r.ask(juliet).wants(t, "result")
	}
	using.Wait()
	settle := time.Now().Add(patient)
	for called.Load()+stopped.Load() < requests*users && time.Now().Before(settle) {
		runtime.Gosched()
	}
	if n := called.Load() + stopped.Load(); n != requests*users {
		t.Errorf("%d functions were called and %d stopped, of %d", called.Load(), stopped.Load(), requests*users)
	}
}

// TestAfterReplyLate: a handler has left something to AfterReply when its deadline
// comes. It is called all the same; the race detector looks on.
func TestAfterReplyLate(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		ran := make(chan struct{}, 1)
		r := begin(t, quiet(two(t, component.Extension{Timeout: 30 * time.Millisecond}, quick, func(ctx context.Context, req *component.Request) (component.Payload, error) {
			req.AfterReply(func(context.Context, component.Requester) { ran <- struct{}{} })
			<-ctx.Done()
			return nil, nil
		})))
		r.reply(r.sleep(juliet)).wants(t, "remote-server-timeout")
		select {
		case <-ran:
		case <-time.After(patient):
			t.Error("what was left to AfterReply was not called")
		}
	})
}

// TestNestedMuxLate: the same for what a mux finds that is called as a handler.
func TestNestedMuxLate(t *testing.T) {
	mux := muxOf(t, component.Extension{Name: "inner", Routes: []component.Route{{Name: name("q"),
		Get: component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
			<-ctx.Done()
			return nil, nil
		})}}})
	cfg := quiet(component.Recover()(mux))
	cfg.Limits.HandlerTimeout = 30 * time.Millisecond
	begin(t, cfg).ask(juliet).wants(t, "remote-server-timeout")
}

// TestStartIQPanics: a payload that panics leaves nothing behind, which the end of
// each test looks for.
func TestStartIQPanics(t *testing.T) {
	r := serve(t, false, func(_ context.Context, req *component.Request) (component.Payload, error) {
		return nil, req.Requester().StartIQ(component.Call{To: romeo, Payload: component.PayloadFunc(func(*component.Encoder) { panic("no") })}, nil)
	})
	r.ask(juliet).wants(t, "internal-server-error")
}
