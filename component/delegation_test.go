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

const (
	host    = "example.net"
	ejabber = "urn:xmpp:delegation:1"
	prosody = "urn:xmpp:delegation:2"
)

func bothVersions(t *testing.T, f func(t *testing.T, version string)) {
	t.Helper()
	for label, version := range map[string]string{"as ejabberd": ejabber, "as Prosody": prosody} {
		t.Run(label, func(t *testing.T) { f(t, version) })
	}
}

// delegation wraps a stanza as a server does.
func delegation(version, inner string) string {
	return "<delegation xmlns='" + version + "'><forwarded xmlns='urn:xmpp:forward:0'>" + inner + "</forwarded></delegation>"
}

// wrapped is a request of a user as it is wrapped. An empty to is none.
func wrapped(typ, id, from, to, payload string) string {
	if to != "" {
		to = " to='" + to + "'"
	}
	return "<iq xmlns='jabber:client' type='" + typ + "' id='" + id + "' from='" + from + "'" + to + " xml:lang='en'>" + payload + "</iq>"
}

// inner is wrapped for a request of juliet's.
func inner(typ, id, to, payload string) string { return wrapped(typ, id, juliet, to, payload) }

// delegate sends a wrapped stanza and returns the outer reply.
func (r *rig) delegate(version, stanza string) reply {
	r.t.Helper()
	id := r.id()
	r.send(iq("set", id, host, domain, delegation(version, stanza)))
	return r.reply(id)
}

// inside returns the reply in an outer result.
func (r reply) inside(t *testing.T, version string) reply {
	t.Helper()
	el := r.el.Child(version, "delegation").Child("urn:xmpp:forward:0", "forwarded").Child("jabber:client", "iq")
	if r.typ != "result" || r.from != domain || r.to != host || el.IsZero() {
		t.Fatalf("got %s, want a result with a reply in it", r.raw)
	}
	in := replyOf(el)
	in.raw = r.raw
	return in
}

// delegable is a mux with a handler of nsTest for delegated requests only.
func delegable(t *testing.T, quick bool, h component.HandlerFunc) component.Config {
	t.Helper()
	return quiet(muxOf(t, component.Extension{Name: "delegated", Routes: []component.Route{{
		Name: name("q"), At: component.Host | component.User, Get: h, Set: h, Quick: quick,
	}}}))
}

// TestQ33Delegated: the reply to each delegated request is wrapped as that was, and
// looks to the letter as its server wants it.
func TestQ33Delegated(t *testing.T) {
	seen := func(_ context.Context, req *component.Request) (component.Payload, error) {
		owner, err := req.Owner()
		if err != nil {
			return nil, err
		}
		return component.PayloadFunc(func(e *component.Encoder) {
			e.Start(nsTest, "seen")
			e.Attr("is", fmt.Sprint(req.Type, " ", req.ID, " ", req.From, " to ", req.To, " via ", req.Via, " owner ", owner, " lang ", req.Lang))
			e.Element(req.Payload())
			e.End()
		}), nil
	}
	for label, tc := range map[string]struct{ typ, to, from, owner string }{
		"get of oneself": {"get", "", "", "juliet@example.net"},
		"set of oneself": {"set", "juliet@example.net", " from='juliet@example.net'", "juliet@example.net"},
		"get of another": {"get", "romeo@example.net", " from='romeo@example.net'", "romeo@example.net"},
		"of the server":  {"set", "example.net", " from='example.net'", "juliet@example.net"},
		"in upper case":  {"get", "Romeo@Example.NET", " from='Romeo@Example.NET'", "romeo@example.net"},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				bothWays(t, func(t *testing.T, quick bool) {
					r := begin(t, delegable(t, quick, seen))
					got := r.delegate(version, inner(tc.typ, "i&apos;1", tc.to, "<q xmlns='"+nsTest+"'><x/></q>")).raw
					want := "<iq type='result' id='id-1' from='iq.example.net' to='example.net'><delegation xmlns='" + version + "'>" +
						"<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='result' id='i&apos;1'" + tc.from + " to='" + juliet + "'>" +
						"<seen xmlns='" + nsTest + "' is='" + tc.typ + " i&apos;1 " + juliet + " to " + tc.to + " via example.net owner " + tc.owner + " lang en'>" +
						"<q><x/></q></seen></iq></forwarded></delegation></iq>"
					if got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					r.alive()
				})
			})
		})
	}
}

// TestQ34Delegated: whatever becomes of a delegated request, its user gets a reply,
// inside an outer result: servers lose the errors of outer ones.
func TestQ34Delegated(t *testing.T) {
	for label, tc := range map[string]struct {
		payload string
		end     component.HandlerFunc
		want    string
	}{
		"empty result": {query, result, "result"},
		"stanza error": {query, fail(component.Errorf(stanza.ItemNotFound, "no such book")), "item-not-found"},
		"other error":  {query, fail(errors.New("disk on fire")), "internal-server-error"},
		"unhandled":    {query, fail(component.ErrUnhandled), "feature-not-implemented"},
		"panic":        {query, func(context.Context, *component.Request) (component.Payload, error) { panic("x") }, "internal-server-error"},
		"goexit": {query, func(context.Context, *component.Request) (component.Payload, error) {
			runtime.Goexit()
			return nil, nil
		}, "internal-server-error"},
		"unknown namespace": {"<q xmlns='urn:example:nobody'/>", result, "feature-not-implemented"},
		"unknown element":   {"<z xmlns='" + nsTest + "'/>", result, "feature-not-implemented"},
		"bad character":     {query, give(component.Text(nsTest, "x", "\x01"), nil), "internal-server-error"},
		"too big":           {query, give(component.Text(nsTest, "x", strings.Repeat("x", 600_000)), nil), "internal-server-error"},
		"too deep":          {query, give(nested(126), nil), "internal-server-error"},
		"just deep enough":  {query, give(nested(124), nil), "result"},
		"just small enough": {query, give(component.Text(nsTest, "x", strings.Repeat("x", 499_500)), nil), "result"},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				bothWays(t, func(t *testing.T, quick bool) {
					r := begin(t, delegable(t, quick, tc.end))
					out := r.delegate(version, inner("get", "i1", "romeo@example.net", tc.payload))
					got := out.inside(t, version)
					if got.wants(t, tc.want); got.id != "i1" || got.from != "romeo@example.net" || got.to != juliet {
						t.Errorf("got %.1000s", out.raw)
					}
					if strings.Contains(out.raw, "component:accept") {
						t.Errorf("the error is not in the namespace of its stanza: %s", out.raw)
					}
					r.alive()
				})
			})
		})
	}
}

// Checklist 69: a handler that hangs is answered for before ejabberd loses its
// patience, however long its route may take.
func TestQ34DelegatedTimeout(t *testing.T) {
	for label, timeout := range map[string]time.Duration{"of its own": time.Second, "long": time.Hour} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := func(ctx context.Context, _ *component.Request) (component.Payload, error) {
					<-ctx.Done()
					return nil, nil
				}
				cfg := quiet(muxOf(t, component.Extension{Name: "x", Timeout: timeout, Routes: []component.Route{{
					Name: name("q"), At: component.User, Get: component.HandlerFunc(hang)}}}))
				r := begin(t, cfg)
				start := time.Now()
				r.delegate(ejabber, inner("get", "i1", "", query)).inside(t, ejabber).wants(t, "remote-server-timeout")
				if took := time.Since(start); took > 30*time.Second || took > timeout+time.Second {
					t.Errorf("answered after %s", took)
				}
			})
		})
	}
}

// TestQ28NotTheServer: what anybody but the server itself wraps is a payload like
// any other, of a namespace that nobody knows.
func TestQ28NotTheServer(t *testing.T) {
	for label, tc := range map[string]struct{ typ, from, to string }{
		"user":              {"set", juliet, domain},
		"bare user":         {"set", "juliet@example.net", domain},
		"other component":   {"set", "other.example.net", domain},
		"other server":      {"set", "example.org", domain},
		"with a resource":   {"set", "example.net/x", domain},
		"with a dot":        {"set", "example.net.", domain},
		"a get":             {"get", host, domain},
		"not at our domain": {"set", host, "x@" + domain},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				var ran atomic.Int64
				r := begin(t, delegable(t, true, func(context.Context, *component.Request) (component.Payload, error) { ran.Add(1); return nil, nil }))
				r.send(iq(tc.typ, "outer", tc.from, tc.to, delegation(version, inner("get", "i1", "", query))))
				got := r.reply("outer")
				if got.typ != "error" && !(tc.from == host && version == ejabber) || strings.Contains(got.raw, "i1") || got.to != tc.from {
					t.Errorf("got %s", got.raw)
				}
				r.alive()
				if ran.Load() != 0 {
					t.Error("the inner request was run")
				}
			})
		})
	}
}

// TestMalformedDelegation: a request that is none is refused inside where somebody
// is there to read it. Else the outer one is: with an error, or with the empty
// result of which ejabberd makes one.
func TestMalformedDelegation(t *testing.T) {
	head := "<iq xmlns='jabber:client' type='get' id='i1' from='" + juliet + "'"
	for label, tc := range map[string]struct {
		payload func(version string) string
		inside  bool
	}{
		"empty":             {func(v string) string { return "<delegation xmlns='" + v + "'/>" }, false},
		"other element":     {func(v string) string { return "<delegation xmlns='" + v + "'><x/></delegation>" }, false},
		"nothing forwarded": {func(v string) string { return delegation(v, "") }, false},
		"no iq":             {func(v string) string { return delegation(v, "<message xmlns='jabber:client'/>") }, false},
		"strange iq": {func(v string) string {
			return delegation(v, "<iq xmlns='urn:x' type='get' id='i1' from='"+juliet+"'/>")
		}, false},
		"a result": {func(v string) string { return delegation(v, inner("result", "i1", "", query)) }, false},
		"an error": {func(v string) string { return delegation(v, inner("error", "i1", "", query)) }, false},
		"no from": {func(v string) string {
			return delegation(v, "<iq xmlns='jabber:client' type='get' id='i1'>"+query+"</iq>")
		}, false},
		"no child":     {func(v string) string { return delegation(v, head+"/>") }, true},
		"two children": {func(v string) string { return delegation(v, head+">"+query+query+"</iq>") }, true},
		"no id": {func(v string) string {
			return delegation(v, strings.Replace(head, " id='i1'", "", 1)+">"+query+"</iq>")
		}, true},
		"no type":  {func(v string) string { return delegation(v, inner("", "i1", "", query)) }, true},
		"odd type": {func(v string) string { return delegation(v, inner("foo", "i1", "", query)) }, true},
		"from elsewhere": {func(v string) string {
			return delegation(v, strings.Replace(head, juliet, "juliet@example.org/x", 1)+">"+query+"</iq>")
		}, true},
		"from the server": {func(v string) string { return delegation(v, strings.Replace(head, juliet, host, 1)+">"+query+"</iq>") }, true},
		"from the component": {func(v string) string {
			return delegation(v, strings.Replace(head, juliet, domain, 1)+">"+query+"</iq>")
		}, true},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				var ran atomic.Int64
				r := begin(t, delegable(t, true, func(context.Context, *component.Request) (component.Payload, error) { ran.Add(1); return nil, nil }))
				r.send(iq("set", "outer", host, domain, tc.payload(version)))
				got := r.reply("outer")
				switch {
				case tc.inside:
					got.inside(t, version).wants(t, "bad-request")
				case version == prosody:
					got.wants(t, "bad-request")
				case got.typ != "result" || strings.Contains(got.raw, "<delegation"):
					t.Errorf("got %s, want an empty result", got.raw)
				}
				r.alive()
				if ran.Load() != 0 {
					t.Error("the inner request was run")
				}
			})
		})
	}
}
