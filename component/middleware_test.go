package component_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// TestMiddleware: the first is the outermost, and each sees how a request ended,
// also when nobody takes it (checklist 42).
func TestMiddleware(t *testing.T) {
	var book logbook
	var meter component.Meter
	var order []string
	tag := func(s string) component.Middleware {
		return func(next component.Handler) component.Handler {
			return component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
				order = append(order, s)
				return next.ServeIQ(ctx, req)
			})
		}
	}
	mux := component.NewMux(tag("a"), component.Log(book.logger()), component.Metrics(&meter), component.Recover(),
		component.Allow(func(req *component.Request) bool { return req.From != "tybalt@example.net" }), tag("b"))
	if err := mux.Add(component.Extension{Name: "x", Routes: []component.Route{
		{Name: name("q"), Quick: true, Get: component.HandlerFunc(result)},
		{Name: name("error"), Quick: true, Get: fail(component.Errorf(stanza.Gone, "x"))},
		{Name: name("failure"), Quick: true, Get: fail(errors.New("x"))},
		{Name: name("panic"), Quick: true, Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { panic("x") })},
	}}); err != nil {
		t.Fatal(err)
	}
	r := begin(t, quiet(mux))
	for _, tc := range [][3]string{
		{"q", juliet, "result"}, {"error", juliet, "gone"}, {"failure", juliet, "internal-server-error"}, {"panic", juliet, "internal-server-error"},
		{"nobody", juliet, "feature-not-implemented"}, {"q", "tybalt@example.net", "feature-not-implemented"},
	} {
		id := r.id()
		r.send(iq("get", id, tc[1], domain, "<"+tc[0]+" xmlns='"+nsTest+"'/>"))
		r.reply(id).wants(t, tc[2])
	}
	if fmt.Sprint(order) != "[a b a b a b a b a b a]" {
		t.Errorf("called in the order %v", order)
	}
	want := map[string]uint64{"x/result": 1, "x/error": 1, "x/failure": 2, "/error": 1, "x/unhandled": 1}
	got := map[string]uint64{}
	for _, m := range meter.Read() {
		got[m.Handler+"/"+m.Outcome] = m.Count
		if m.Buckets[10] != m.Count || m.Sum <= 0 {
			t.Errorf("%+v", m)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("measured %v, want %v", got, want)
	}
	for _, s := range []string{"msg=request", "handler=x", "from=" + juliet, "ns=" + nsTest, "dur=", "err=\"gone: x\""} {
		if !book.has(s) {
			t.Errorf("%q is not in the log:\n%s", s, book.String())
		}
	}
	if n := strings.Count(book.String(), "\n"); n != 6 {
		t.Errorf("%d lines, want one a request:\n%s", n, book.String())
	}
}

// What a peer can put into a line of the log is bounded and quoted (S10).
func TestLogIsBounded(t *testing.T) {
	var book logbook
	mux := component.NewMux(component.Log(book.logger()))
	mux.HandleGet(nsTest, "q", result)
	r := begin(t, quiet(mux))
	r.send("<iq type='get' id='x&#xA;level=ERROR " + strings.Repeat("y", 10_000) + "' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>")
	r.next()
	if s := book.String(); len(s) > 1000 || strings.Count(s, "\n") != 1 {
		t.Errorf("log:\n%s", s)
	}
	quietBook := logbook{}
	mux = component.NewMux(component.Log(slog.New(slog.NewTextHandler(&quietBook, nil))))
	mux.HandleGet(nsTest, "q", result)
	r = begin(t, quiet(mux))
	r.ask(juliet)
	if quietBook.String() != "" {
		t.Error("a line although the level is above debug")
	}
}

// TestLimit: each bare JID has its own bucket, and the table does not grow without
// end (checklist 40).
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := component.Limit(10, 3)(component.HandlerFunc(result))
		ask := func(from string) bool {
			_, err := h.ServeIQ(t.Context(), &component.Request{From: from})
			var se *component.Error
			if err != nil && (!errors.As(err, &se) || se.Condition != stanza.ResourceConstraint) {
				t.Errorf("got %v", err)
			}
			return err == nil
		}
		for i := range 3 {
			if !ask(fmt.Sprint("a@x/", i)) {
				t.Errorf("request %d was refused", i)
			}
		}
		if ask("a@x/9") || !ask("b@x/1") {
			t.Error("the bucket is not that of the bare JID")
		}
		time.Sleep(100 * time.Millisecond)
		if !ask("a@x") || ask("a@x") {
			t.Error("after a tenth of a second one more may pass")
		}
		for i := range 30_000 {
			if !ask(fmt.Sprint(i, "@y")) {
				t.Fatalf("stranger %d was refused", i)
			}
		}
	})
}

// TestOutcome names how a call ended in one word.
func TestOutcome(t *testing.T) {
	for want, err := range map[string]error{
		"result": nil, "unhandled": fmt.Errorf("x: %w", component.ErrUnhandled),
		"error": fmt.Errorf("x: %w", component.Errorf(stanza.Gone, "")), "failure": errors.New("x"),
	} {
		if got := component.Outcome(err); got != want {
			t.Errorf("Outcome(%v) = %q, want %q", err, got, want)
		}
	}
}
