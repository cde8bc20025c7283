package component_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/stanza"
)

// discoOf is a route that answers with what a mux tells of a node.
func discoOf() component.Extension {
	tell := func(ctx context.Context, req *component.Request) (component.Payload, error) {
		inf, err := req.Mux().NodeInfo(ctx, req, req.Payload().Get("node"))
		if err != nil {
			return nil, err
		}
		for _, id := range inf.Identities {
			inf.Features = append(inf.Features, id.Category+"/"+id.Type)
		}
		return component.Text("urn:example:disco", "features", strings.Join(inf.Features, " ")), nil
	}
	return component.Extension{Name: "disco", Routes: []component.Route{{
		Name: xmlName("urn:example:disco", "node"), Get: component.HandlerFunc(tell), Quick: true}}}
}

// TestQ30DelegationNodes: a server learns what it may delegate, and what to tell of
// it. Nobody else does.
func TestQ30DelegationNodes(t *testing.T) {
	h := component.HandlerFunc(result)
	mux := muxOf(t, discoOf(),
		component.Extension{
			Name: "both", Features: []string{"urn:example:more"}, Identities: []info.Identity{{Category: "pubsub", Type: "pep"}},
			Allow:  func(req *component.Request) bool { return req.From == juliet }, // asked for her by the server
			Routes: []component.Route{{Name: name("q"), At: component.Host | component.User, Get: h}},
		},
		component.Extension{Name: "user", Routes: []component.Route{{Name: xmlName("urn:example:user", ""), At: component.User, Set: h}}},
		component.Extension{Name: "plain", Routes: []component.Route{{Name: xmlName("urn:example:plain", "q"), Get: h}}},
	)
	for label, tc := range map[string]struct{ from, node, want string }{
		"of the host":     {host, "::" + nsTest, "urn:example:more urn:example:test pubsub/pep"},
		"of accounts":     {host, ":bare:" + nsTest, "urn:example:more urn:example:test pubsub/pep"},
		"accounts only":   {host, ":bare:urn:example:user", "urn:example:user"},
		"not of the host": {host, "::urn:example:user", ""},
		"not delegated":   {host, "::urn:example:plain", "item-not-found"},
		"unknown":         {host, ":bare:urn:example:nobody", "item-not-found"},
		"no namespace":    {host, "::", "item-not-found"},
		"odd separator":   {host, ":" + nsTest, "item-not-found"},
		"long":            {host, "::" + strings.Repeat("x", 10_000), "item-not-found"},
		"of a user":       {juliet, "::" + nsTest, "item-not-found"},
		"of a stranger":   {"example.org", "::" + nsTest, "item-not-found"},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				r := begin(t, quiet(mux))
				r.send(iq("get", "n", tc.from, domain, "<node xmlns='urn:example:disco' node='"+version+tc.node+"'/>"))
				got := r.reply("n")
				if got.typ == "error" {
					got.wants(t, tc.want)
				} else if s := got.el.Child("urn:example:disco", "features").Text(); s != tc.want {
					t.Errorf("told %q, want %q", s, tc.want)
				}
			})
		})
	}
}

// A component with something to delegate says that it speaks delegation (XEP-0355,
// 7.1), and where it is asked directly it has no more to tell.
func TestDelegationIsAdvertised(t *testing.T) {
	for at, want := range map[component.Address][]string{
		component.Domain: {nsTest}, component.Domain | component.User: {nsTest, ejabber, prosody}, component.Host: {ejabber, prosody},
	} {
		var got []string
		m := component.NewMux()
		if err := m.Add(component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), At: at, Get: component.HandlerFunc(result)},
			{Name: name("info"), Get: component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
				got = req.Mux().Info(ctx, req).Features
				return nil, nil
			})}}}); err != nil {
			t.Fatal(err)
		}
		r := begin(t, quiet(m))
		r.send(iq("get", "i", juliet, domain, "<info xmlns='"+nsTest+"'/>"))
		r.reply("i").wants(t, "result")
		if got = slices.DeleteFunc(got, func(s string) bool { return s == nsTest && at&component.Domain == 0 }); !slices.Equal(got, want) {
			t.Errorf("at %b: %v, want %v", at, got, want)
		}
	}
}

// Checklist 70: what a server delegates is told once for each stream, forgotten
// with it, and believed of nobody else.
func TestDelegationsAreNoted(t *testing.T) {
	var book logbook
	cfg := delegable(t, true, result)
	cfg.Log = book.info()
	r := begin(t, cfg)
	says := func(from, version string, spaces ...string) {
		list := ""
		for _, space := range spaces {
			list += "<delegated namespace='" + space + "'><attribute name='node'/></delegated>"
		}
		r.send("<message from='" + from + "' to='" + domain + "'><delegation xmlns='" + version + "'>" + list + "</delegation></message>")
		r.alive()
	}
	wants := func(spaces ...string) {
		t.Helper()
		if got := r.comp.Status().Delegated; !slices.Equal(got, spaces) {
			t.Errorf("delegated are %q, want %q", got, spaces)
		}
	}
	says(juliet, prosody, "urn:example:forged")
	says("example.org", prosody, "urn:example:forged")
	wants()
	says(host, ejabber, nsTest)
	says(host, ejabber, nsTest)
	wants(nsTest)
	says(host, prosody, "urn:example:nobody", "urn:example:evil\n")
	wants("urn:example:evil\n", "urn:example:nobody", nsTest)
	if n := strings.Count(book.String(), "ns="+nsTest+" "); n != 1 {
		t.Errorf("told %d times:\n%s", n, book.String())
	}
	if book.has("hint=\"\"") {
		t.Errorf("an empty hint in the log:\n%s", book.String())
	}
	if !book.has("level=WARN msg=\"namespace delegated to us\" ns=urn:example:nobody by=example.net") || !book.has("level=INFO msg=\"namespace delegated to us\" ns="+nsTest) {
		t.Errorf("logged:\n%s", book.String())
	}
	r.srv.Cut()
	r.streams(2)
	r.alive()
	wants()
}

// TestRoomForTheServer: when there is no room for any user there still is for what
// our own server asks: it asks once what to delegate.
func TestRoomForTheServer(t *testing.T) {
	g := newGate()
	defer g.open()
	wait := func(context.Context, *component.Request) (component.Payload, error) { <-g.ch; return nil, nil }
	cfg := quiet(muxOf(t, discoOf(), component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: component.HandlerFunc(wait)}}}))
	cfg.Limits.InFlight = 4
	r := begin(t, cfg)
	for range 4 {
		r.get(juliet)
	}
	node := "<node xmlns='urn:example:disco' node='x'/>"
	r.send(iq("get", "user", romeo, domain, node))
	r.reply("user").wants(t, "resource-constraint")
	r.delegate(prosody, inner("get", "i1", "", query)).inside(t, prosody).wants(t, "resource-constraint")
	r.send(iq("get", "server", host, domain, node))
	r.reply("server").wants(t, "item-not-found")
	g.open()
	r.idle()
}

// TestDelegatedShare: a user who floods through the server has no more room than
// one who asks directly.
func TestDelegatedShare(t *testing.T) {
	g := newGate()
	defer g.open()
	cfg := delegable(t, false, func(context.Context, *component.Request) (component.Payload, error) { <-g.ch; return nil, nil })
	cfg.Limits.PerSender = 2
	r := begin(t, cfg)
	ids := []string{r.id(), r.id(), r.id()}
	for _, id := range ids {
		r.send(iq("set", id, host, domain, delegation(prosody, inner("get", "i"+id, "", query))))
	}
	r.reply(ids[2]).inside(t, prosody).wants(t, "resource-constraint")
	g.open()
	for _, id := range ids[:2] {
		if got := r.reply(id).inside(t, prosody); got.typ != "result" || got.id != "i"+id {
			t.Errorf("got %s", got.raw)
		}
	}
}

// TestDelegatedLimits: of a stanza over a limit the inner request is not read, and
// a reply whose ids alone are over the limit cannot be wrapped: the outer one is
// refused in the way that its server passes on.
func TestDelegatedLimits(t *testing.T) {
	deep := "<q xmlns='" + nsTest + "'>" + strings.Repeat("<n>", 200) + strings.Repeat("</n>", 200) + "</q>"
	for label, tc := range map[string]struct{ stanza, want string }{
		"too deep": {inner("get", "i1", "", deep), string(stanza.PolicyViolation)},
		"long id":  {inner("get", strings.Repeat("i", 20_000), "", query), "item-not-found"},
	} {
		t.Run(label, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version string) {
				cfg := delegable(t, false, fail(component.Errorf(stanza.ItemNotFound, "no such book")))
				cfg.Limits.MaxReplyBytes = 10_000
				r := begin(t, cfg)
				switch got := r.delegate(version, tc.stanza); {
				case version == prosody:
					got.wants(t, tc.want)
				case got.typ != "result" || strings.Contains(got.raw, "<delegation"):
					t.Errorf("got %s, want an empty result", got.raw)
				}
				r.alive()
			})
		})
	}
}

// TestDelegatedAddresses: a route answers where it says, and nowhere for the sake
// of a delegation alone.
func TestDelegatedAddresses(t *testing.T) {
	const at = component.Host | component.User
	for label, tc := range map[string]struct {
		at   component.Address
		to   string
		want string
	}{
		"not asked for":     {0, "", "feature-not-implemented"},
		"domain":            {component.Domain, host, "feature-not-implemented"},
		"everything of us":  {component.Domain | component.Account | component.Resource, "romeo@example.net", "feature-not-implemented"},
		"host":              {component.Host, host, "result"},
		"host, not user":    {component.Host, "", "feature-not-implemented"},
		"user":              {component.User, "romeo@example.net", "result"},
		"user, not host":    {component.User, host, "feature-not-implemented"},
		"a resource":        {at, "romeo@example.net/x", "service-unavailable"},
		"the host's":        {at, "example.net/x", "service-unavailable"},
		"another domain":    {at, "romeo@example.org", "service-unavailable"},
		"the component":     {at, domain, "service-unavailable"},
		"no address at all": {at, "@", "service-unavailable"},
	} {
		t.Run(label, func(t *testing.T) {
			r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{
				Name: name("q"), At: tc.at, Get: component.HandlerFunc(result)}}})))
			r.delegate(prosody, inner("get", "i1", tc.to, query)).inside(t, prosody).wants(t, tc.want)
			direct := "result"
			if tc.at&^at == 0 && tc.at != 0 {
				direct = "feature-not-implemented"
			}
			r.ask(juliet).wants(t, direct)
		})
	}
}

// What no handler takes is answered as the configuration says, here too.
func TestDelegatedUnhandled(t *testing.T) {
	cfg := quiet(muxOf(t))
	cfg.Unhandled = stanza.ServiceUnavailable
	r := begin(t, cfg)
	r.delegate(prosody, inner("get", "i1", "", query)).inside(t, prosody).wants(t, "service-unavailable")
}
