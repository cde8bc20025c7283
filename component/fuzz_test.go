package component_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// FuzzRequest: whatever bytes a server sends in place of a stanza, the component
// neither panics nor answers twice, and the next request is answered: on the same
// stream, or on the next one when the bytes ended this one. The bubble's clock
// makes each wait for the next stream free.
func FuzzRequest(f *testing.F) {
	for _, tc := range hostile {
		if len(tc.raw) < 5000 {
			f.Add(strings.ReplaceAll(tc.raw, "%d", "fuzz"))
		}
	}
	for _, s := range []string{
		iq("get", "fuzz", juliet, domain, query), iq("set", "fuzz", domain, domain, query), iq("result", "fuzz", juliet, domain, query),
		"<presence type='subscribe' from='a@b' to='" + domain + "'/>", "<message from='a@b' to='" + domain + "'><body>x</body></message>",
		"</stream:stream>", "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "<!-- -->", "<a", "\xff", "<iq",
		"<iq type='get' id='&#xA;' from='" + juliet + "' to='" + domain + "'><![CDATA[x]]>" + query + "</iq>",
		iq("set", "fuzz", host, domain, delegation(prosody, inner("get", "i", "", query))),
		iq("set", "fuzz", host, domain, delegation(ejabber, inner("set", "i", "romeo@example.net", query+query))),
		"<message from='" + host + "' to='" + domain + "'><delegation xmlns='" + prosody + "'><delegated namespace='x'/></delegation></message>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		synctest.Test(t, func(t *testing.T) { fuzzOne(t, raw) })
	})
}

func fuzzOne(t *testing.T, raw string) {
	cfg := quiet(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Quick: true,
		At:  component.Domain | component.Host | component.User,
		Get: component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) { return req.Payload(), nil })}}}))
	r := begin(t, cfg, componenttest.AllowViolations(), componenttest.As(componenttest.Ejabberd))
	r.loose = true
	r.send(raw)
	before := r.replies(t, "end-1", 10*time.Second)
	if before == nil { // an element that has not ended yet: the rest of the stream is in it
		r.srv.Cut()
		if before = r.replies(t, "end-2", 5*time.Minute); before == nil {
			t.Fatalf("the next request is not answered: %+v", r.comp.Stats())
		}
	}
	seen := map[string]int{}
	for _, got := range before {
		seen[got.typ+" "+got.id+" "+got.to]++
	}
	for what, n := range seen {
		if n > strings.Count(raw, "<")/2+1 {
			t.Errorf("%d times %q came back for %q", n, what, raw)
		}
	}
}

// replies asks until it is answered, on whatever stream, and returns what came
// before the answer. Nil: nothing came in time.
func (r *rig) replies(t *testing.T, id string, limit time.Duration) []reply {
	t.Helper()
	out := []reply{}
	for try, end := 0, time.Now().Add(limit); time.Now().Before(end); try++ {
		this := fmt.Sprint(id, "-", try)
		if r.srv.Send(iq("get", this, "nurse@example.net", domain, query)) != nil {
			ctx, cancel := context.WithDeadline(t.Context(), end)
			_ = r.srv.WaitOnline(ctx)
			cancel()
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		for {
			raw, err := r.srv.Next(ctx)
			if err != nil {
				break
			}
			got := parseReply(t, raw)
			if got.id == this {
				cancel()
				return out
			}
			out = append(out, got)
		}
		cancel()
	}
	return nil
}
