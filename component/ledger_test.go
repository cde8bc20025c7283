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
	"mellium.im/xmpp/stanza"
)

// TestH04Deadline: a handler that does not return is answered at its deadline, not
// before; its late return is dropped and counted (checklist 31, H03, H04).
func TestH04Deadline(t *testing.T) {
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
		"served":                 {"get", domain, query, "result", ""},
		"account served":         {"get", "a@" + domain, "<acc xmlns='" + nsTest + "'/>", "result", ""},
		"folded domain":          {"get", "IQ.Example.NET", query, "result", ""},
		"Q02 unknown namespace":  {"get", domain, "<q xmlns='urn:example:nobody'/>", "feature-not-implemented", "service-unavailable"},
		"Q13 unknown element":    {"get", domain, "<z xmlns='" + nsTest + "'/>", "feature-not-implemented", "feature-not-implemented"},
		"Q03 wrong type":         {"set", domain, query, "feature-not-implemented", "feature-not-implemented"},
		"Q11 no namespace":       {"get", domain, "<q xmlns=''/>", "feature-not-implemented", "service-unavailable"},
		"Q11 stream's namespace": {"get", domain, "<q/>", "feature-not-implemented", "service-unavailable"},
		"error as payload":       {"get", domain, "<error/>", "feature-not-implemented", "service-unavailable"},
		"resource":               {"get", domain + "/r", query, "service-unavailable", ""},
		"user's resource":        {"get", "a@" + domain + "/r", query, "service-unavailable", ""},
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
