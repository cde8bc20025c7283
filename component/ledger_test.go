package component_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

type payloadFunc = component.PayloadFunc

// explode is a payload that panics once it has written half of itself.
func explode(e *component.Encoder) {
	e.Start(nsTest, "half")
	panic("payload on fire")
}

// TestOutcomes holds what handlers return to "What is promised of every request"
// (checklist 28 to 30, H01, H02, H06 to H08), where the stream is read and off it.
func TestOutcomes(t *testing.T) {
	var nilError *component.Error
	for label, tc := range map[string]struct {
		h             component.HandlerFunc
		cond, errType string // empty: a result
		want          string // in the raw reply
	}{
		"nil":           {h: result, want: "/>"},
		"payload":       {h: give(component.Text(nsTest, "x", "<&>"), nil), want: "<x xmlns='urn:example:test'>&lt;&amp;&gt;</x>"},
		"stanza error":  {h: fail(component.Errorf(stanza.ItemNotFound, "no %s", "such")), cond: "item-not-found", errType: "cancel", want: ">no such</text>"},
		"wrapped":       {h: fail(fmt.Errorf("look: %w", component.Errorf(stanza.Forbidden, ""))), cond: "forbidden", errType: "auth"},
		"own type":      {h: fail(&component.Error{Condition: stanza.Gone, Type: stanza.Modify}), cond: "gone", errType: "modify"},
		"odd condition": {h: fail(&component.Error{Condition: "on-fire", Type: "odd"}), cond: "undefined-condition", errType: "cancel"},
		"application":   {h: fail(&component.Error{Condition: stanza.Conflict, App: component.Text(nsTest, "app", "")}), cond: "conflict", errType: "cancel", want: "<app xmlns='urn:example:test'/>"},
		"language":      {h: fail(&component.Error{Condition: stanza.Conflict, Text: "nein", Lang: "de"}), cond: "conflict", errType: "cancel", want: "xml:lang='de'>nein<"},
		"bad text":      {h: fail(&component.Error{Condition: stanza.Conflict, Text: "\x01"}), cond: "conflict", errType: "cancel"},
		"bad app":       {h: fail(&component.Error{Condition: stanza.Conflict, Text: "t", App: component.Text("", "", "")}), cond: "conflict", errType: "cancel", want: ">t</text>"},
		"panicking app": {h: fail(&component.Error{Condition: stanza.Conflict, App: payloadFunc(explode)}), cond: "internal-server-error", errType: "cancel"},
		"plain error":   {h: fail(errors.New("disk on fire")), cond: "internal-server-error", errType: "cancel"},
		"peer error":    {h: fail(&component.PeerError{Condition: stanza.Forbidden}), cond: "internal-server-error", errType: "cancel"},
		"nil *Error":    {h: fail(nilError), cond: "internal-server-error", errType: "cancel"},
		"unhandled":     {h: fail(component.ErrUnhandled), cond: "feature-not-implemented", errType: "cancel"},
		"panic":         {h: func(context.Context, *component.Request) (component.Payload, error) { panic("on fire") }, cond: "internal-server-error", errType: "cancel"},
		"panic nil":     {h: func(context.Context, *component.Request) (component.Payload, error) { panic(nil) }, cond: "internal-server-error", errType: "cancel"},
		"goexit": {h: func(context.Context, *component.Request) (component.Payload, error) {
			runtime.Goexit()
			return nil, nil
		}, cond: "internal-server-error", errType: "cancel"},
		"panic encoding": {h: give(payloadFunc(explode), nil), cond: "internal-server-error", errType: "cancel"},
		"goexit encoding": {h: give(payloadFunc(func(*component.Encoder) { runtime.Goexit() }), nil),
			cond: "internal-server-error", errType: "cancel"},
		"writes nothing": {h: give(payloadFunc(func(*component.Encoder) {}), nil), cond: "internal-server-error", errType: "cancel"},
		"two roots": {h: give(payloadFunc(func(e *component.Encoder) { e.Empty(nsTest, "a"); e.Empty(nsTest, "b") }), nil),
			cond: "internal-server-error", errType: "cancel"},
		"unbalanced":        {h: give(payloadFunc(func(e *component.Encoder) { e.Start(nsTest, "a") }), nil), cond: "internal-server-error", errType: "cancel"},
		"bad name":          {h: give(component.Text(nsTest, "a b", ""), nil), cond: "internal-server-error", errType: "cancel"},
		"bad character":     {h: give(component.Text(nsTest, "a", "\x01"), nil), cond: "internal-server-error", errType: "cancel"},
		"half UTF-8":        {h: give(component.Text(nsTest, "a", "\xc3"), nil), cond: "internal-server-error", errType: "cancel"},
		"too large":         {h: give(component.Text(nsTest, "a", strings.Repeat("'", 500_000)), nil), cond: "internal-server-error", errType: "cancel"},
		"too deep":          {h: give(nested(200), nil), cond: "internal-server-error", errType: "cancel"},
		"as deep as may be": {h: give(nested(127), nil)},
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				r := serve(t, quick, tc.h)
				for range 3 {
					got := r.ask(juliet)
					if tc.cond == "" {
						tc.cond = "result"
					}
					if got.wants(t, tc.cond); got.errTyp != tc.errType || !strings.Contains(got.raw, tc.want) {
						t.Errorf("got %s, want type %q and %q in it", got.raw, tc.errType, tc.want)
					}
					if got.from != domain || got.to != juliet {
						t.Errorf("addresses are not swapped: %s", got.raw)
					}
				}
				r.alive()
			})
		})
	}
}

func give(p component.Payload, err error) component.HandlerFunc {
	return func(context.Context, *component.Request) (component.Payload, error) { return p, err }
}

func fail(err error) component.HandlerFunc { return give(nil, err) }

func nested(depth int) component.Payload {
	return payloadFunc(func(e *component.Encoder) {
		for range depth {
			e.Start(nsTest, "n")
		}
		for range depth {
			e.End()
		}
	})
}

// What only the log may know stays out of the reply, and comes with its stack.
func TestFailureIsLogged(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		var book logbook
		cfg := quiet(muxOf(t, component.Extension{Name: "bad", Routes: []component.Route{{Name: name("q"), Quick: quick,
			Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { panic("secret of mine") })}}}))
		cfg.Log = book.logger()
		r := begin(t, cfg)
		if got := r.ask(juliet); strings.Contains(got.raw, "secret") {
			t.Errorf("the reply tells %s", got.raw)
		}
		for _, want := range []string{"secret of mine", "ledger_test.go", "handler=bad"} {
			if !book.has(want) {
				t.Errorf("%q is not in the log:\n%s", want, book.String())
			}
		}
		if n := r.comp.Stats().Panics; n != 1 {
			t.Errorf("Panics = %d, want 1", n)
		}
	})
}

// TestDeadline: a handler that does not return is answered at its deadline, not
// before; its late return is dropped and counted (checklist 31, H03, H04).
func TestDeadline(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		synctest.Test(t, func(t *testing.T) {
			g := newGate()
			defer g.open()
			var ctxErr error
			r := serve(t, quick, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
				<-ctx.Done()
				ctxErr = ctx.Err()
				<-g.ch
				return component.Text(nsTest, "late", ""), nil
			})
			start := time.Now()
			got := r.ask(juliet)
			got.wants(t, "remote-server-timeout")
			if took := time.Since(start).Round(time.Second); took != 20*time.Second || got.errTyp != "wait" {
				t.Errorf("answered after %s: %s", took, got.raw)
			}
			g.open()
			synctest.Wait()
			if s := r.comp.Stats(); s.Late != 1 || s.Timeouts != 1 {
				t.Errorf("Late = %d, Timeouts = %d, want 1 and 1", s.Late, s.Timeouts)
			}
			if !errors.Is(ctxErr, context.DeadlineExceeded) {
				t.Errorf("the handler's context ended with %v", ctxErr)
			}
			r.alive()
		})
	})
}

// Timeouts of a route, of an extension and of the limits, the nearest first.
func TestTimeoutOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := component.HandlerFunc(func(ctx context.Context, _ *component.Request) (component.Payload, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		cfg := quiet(muxOf(t,
			component.Extension{Name: "a", Timeout: 3 * time.Second, Routes: []component.Route{
				{Name: name("route"), Get: hang, Timeout: time.Second}, {Name: name("extension"), Get: hang}}},
			component.Extension{Name: "b", Routes: []component.Route{{Name: name("limits"), Get: hang}}}))
		cfg.Limits.HandlerTimeout = 7 * time.Second
		r := begin(t, cfg)
		for local, want := range map[string]time.Duration{"route": 1e9, "extension": 3e9, "limits": 7e9} {
			start := time.Now()
			r.send(iq("get", local, juliet, domain, "<"+local+" xmlns='"+nsTest+"'/>"))
			r.reply(local).wants(t, "remote-server-timeout")
			if took := time.Since(start).Round(100 * time.Millisecond); took != want {
				t.Errorf("%s: answered after %s, want %s", local, took, want)
			}
		}
	})
}

// TestNobody: what no route takes, by address and by type (checklist 32, 33, Q02, Q03, Q11, Q13).
func TestNobody(t *testing.T) {
	h := component.HandlerFunc(result)
	ext := component.Extension{Name: "x", Routes: []component.Route{
		{Name: name("q"), Get: h}, {Name: name("acc"), At: component.Account, Get: h}}}
	for label, tc := range map[string]struct{ typ, to, payload, want, other string }{
		"served":             {"get", domain, query, "result", ""},
		"account served":     {"get", "a@" + domain, "<acc xmlns='" + nsTest + "'/>", "result", ""},
		"folded domain":      {"get", "IQ.Example.NET", query, "result", ""},
		"unknown namespace":  {"get", domain, "<q xmlns='urn:example:nobody'/>", "feature-not-implemented", "service-unavailable"},
		"unknown element":    {"get", domain, "<z xmlns='" + nsTest + "'/>", "feature-not-implemented", "feature-not-implemented"},
		"wrong type":         {"set", domain, query, "feature-not-implemented", "feature-not-implemented"},
		"no namespace":       {"get", domain, "<q xmlns=''/>", "feature-not-implemented", "service-unavailable"},
		"stream's namespace": {"get", domain, "<q/>", "feature-not-implemented", "service-unavailable"},
		"error as payload":   {"get", domain, "<error/>", "feature-not-implemented", "service-unavailable"},
		"resource":           {"get", domain + "/r", query, "service-unavailable", ""},
		"user's resource":    {"get", "a@" + domain + "/r", query, "service-unavailable", ""},
	} {
		for _, unhandled := range []stanza.Condition{stanza.FeatureNotImplemented, stanza.ServiceUnavailable} {
			t.Run(label+" "+string(unhandled), func(t *testing.T) {
				cfg := quiet(muxOf(t, ext))
				cfg.Unhandled = unhandled
				r := begin(t, cfg)
				r.send(iq(tc.typ, "1", juliet, tc.to, tc.payload))
				got, want := r.reply("1"), tc.want
				if unhandled == stanza.ServiceUnavailable && tc.other != "" {
					want = tc.other
				}
				if got.wants(t, want); got.from != tc.to {
					t.Errorf("answered from %q, want %q", got.from, tc.to)
				}
			})
		}
	}
}

// A component whose handler is no mux has it answer everything, whoever is asked.
func TestSoleHandler(t *testing.T) {
	r := begin(t, quiet(component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) {
		if req.Name.Local == "no" {
			return nil, component.ErrUnhandled
		}
		return component.Text(nsTest, "at", fmt.Sprint(req.At(), req.Handler(), req.Mux() == nil)), nil
	})))
	for to, want := range map[string]string{domain: "1true", "a@" + domain: "2true", domain + "/r": "4true"} {
		r.send(iq("get", to, juliet, to, query))
		if got := strings.ReplaceAll(r.reply(to).el.Child(nsTest, "at").Text(), " ", ""); got != want {
			t.Errorf("%s: got %q, want %q", to, got, want)
		}
	}
	r.send(iq("get", "n1", juliet, domain, "<no xmlns='"+nsTest+"'/>"))
	r.reply("n1").wants(t, "feature-not-implemented")
	r.send(iq("get", "n2", juliet, "a@"+domain, "<no xmlns='"+nsTest+"'/>"))
	r.reply("n2").wants(t, "service-unavailable")
}

// TestIDsComeBack: the id and the addresses come back as they came (checklist 28,
// Q08 to Q10, Q20, Q21).
func TestIDsComeBack(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		r := serve(t, quick, result)
		esc := strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&apos;", "\n", "&#xA;", "\t", "&#x9;", "\r", "&#xD;").Replace
		for _, id := range []string{"", " ", "a'b\"c<d>&", "\n\t\r", "😀 ʘ", strings.Repeat("x", 10_000), strings.Repeat("'", 10_000)} {
			for _, from := range []string{juliet, "example.net", "a\u200b@example.net/\u00ad ", "x@Ⅳ.example.net/ "} {
				r.send("<iq type='get' id='" + esc(id) + "' from='" + esc(from) + "' to='" + domain + "'>" + query + "</iq>")
				if got := r.next(); got.id != id || got.to != from || got.from != domain || got.typ != "result" {
					t.Errorf("id %.20q from %q: got %.200s", id, from, got.raw)
				}
			}
		}
		r.send(iq("get", "same", juliet, domain, query) + iq("get", "same", juliet, domain, query) + iq("get", "same", romeo, domain, query))
		for range 3 {
			if got := r.next(); got.id != "same" {
				t.Errorf("got %s", got.raw)
			}
		}
	})
}

// An id that makes even the bare error too large cannot be answered: nothing is
// sent, and the books say so.
func TestIDTooLargeToAnswer(t *testing.T) {
	r := serve(t, false, result)
	r.send("<iq type='get' id='" + strings.Repeat("&apos;", 100_000) + "' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>")
	r.alive()
	r.idle()
	if n := r.comp.Stats().Unanswered; n != 1 {
		t.Errorf("Unanswered = %d, want 1", n)
	}
}

// TestNeverAnswered: results, errors, presence and messages (checklist 20, Q23, Q25, Q26).
func TestNeverAnswered(t *testing.T) {
	r := serve(t, true, result)
	for _, raw := range []string{
		iq("result", "1", juliet, domain, ""), iq("error", "2", juliet, domain, ""), iq("result", "3", juliet, domain, query+query),
		"<message from='" + juliet + "' to='" + domain + "'><body>x</body></message>",
		"<message type='error' from='" + juliet + "' to='" + domain + "'/>",
		"<presence from='" + juliet + "' to='" + domain + "'/>", "<presence type='probe' from='" + juliet + "' to='" + domain + "'/>",
		"<presence type='subscribe' from='" + juliet + "' to='elsewhere.example.org'/>",
		"<message from='" + juliet + "' to='" + domain + "'>" + strings.Repeat("<a>", 500) + strings.Repeat("</a>", 500) + "</message>",
	} {
		r.send(raw)
		r.alive()
	}
	if s := r.comp.Stats(); s.Unsolicited != 3 || s.Ignored != 5 || s.TooBig != 1 {
		t.Errorf("Unsolicited = %d, Ignored = %d, TooBig = %d, want 3, 5 and 1", s.Unsolicited, s.Ignored, s.TooBig)
	}
}

// A presence subscription is declined once, or Prosody repeats it for ever (Q27).
func TestSubscriptionIsDeclined(t *testing.T) {
	r := serve(t, true, result)
	r.send("<presence type='subscribe' from='" + juliet + "' to='echo@" + domain + "/x'/>")
	got := r.next()
	if got.typ != "unsubscribed" || got.to != "juliet@example.net" || got.from != "echo@"+domain {
		t.Errorf("got %s", got.raw)
	}
	r.alive()
}

// TestHooks: what AfterReply is given runs after the reply, and once, whatever
// becomes of the handler; what it sends follows the reply.
func TestHooks(t *testing.T) {
	for label, ending := range map[string]func() (component.Payload, error){
		"result": func() (component.Payload, error) { return nil, nil },
		"error":  func() (component.Payload, error) { return nil, errors.New("x") },
		"panic":  func() (component.Payload, error) { panic("x") },
		"goexit": func() (component.Payload, error) { runtime.Goexit(); return nil, nil },
		"slow":   func() (component.Payload, error) { <-time.After(20 * time.Millisecond); return nil, nil },
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					req.AfterReply(func(context.Context, component.Requester) { panic("a hook on fire") })
					req.AfterReply(func(ctx context.Context, q component.Requester) {
						if ctx.Err() != nil {
							t.Errorf("the context of a hook has ended: %v", ctx.Err())
						}
						if err := q.Send(component.Stanza{Kind: "message", ID: "push-" + req.ID, To: req.From}); err != nil {
							t.Errorf("Send() = %v", err)
						}
					})
					return ending()
				})
				for range 5 {
					id := r.get(juliet)
					if first, second := r.next(), r.next(); first.id != id || second.id != "push-"+id {
						t.Errorf("first %s, then %s", first.raw, second.raw)
					}
				}
				r.alive()
			})
		})
	}
}

// A hook that ends its goroutine takes neither the reading nor a place with it.
func TestHookGoexit(t *testing.T) {
	for label, slow := range map[string]time.Duration{"at once": 0, "handed over": 10 * time.Millisecond} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				var calls atomic.Int64
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					if slow > 0 {
						<-time.After(slow)
					}
					req.AfterReply(func(context.Context, component.Requester) { calls.Add(1); runtime.Goexit() })
					return nil, nil
				})
				for range 20 {
					r.ask(juliet).wants(t, "result")
				}
				r.alive()
				r.wait("each hook was called", func() bool { return calls.Load() >= 20 })
				if n := calls.Load(); n != 20 {
					t.Errorf("20 hooks were called %d times", n)
				}
			})
		})
	}
}

// A reply does not wait for the hooks that follow it.
func TestReplyBeforeSlowHook(t *testing.T) {
	for label, slow := range map[string]time.Duration{"at once": 0, "handed over": 20 * time.Millisecond} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				g := newGate()
				defer g.open()
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					if slow > 0 {
						<-time.After(slow)
					}
					req.AfterReply(func(context.Context, component.Requester) { <-g.ch })
					return nil, nil
				})
				start := time.Now()
				r.ask(juliet).wants(t, "result")
				if took := time.Since(start); took > 10*time.Second { // the next check of the stream would take it along
					t.Errorf("the reply came after %s", took)
				}
				r.alive()
			})
		})
	}
}
