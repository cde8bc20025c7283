package component_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/stanza"
)

func says(s string) component.HandlerFunc { return give(component.Text(nsTest, "says", s), nil) }

// TestRouting: the most specific wins (checklist 34).
func TestRouting(t *testing.T) {
	mux := muxOf(t,
		component.Extension{Name: "a", Routes: []component.Route{
			{Name: xml.Name{Space: nsTest}, Get: says("space"), Set: says("space set")},
			{Name: name("q"), Get: says("exact")},
			{Name: name("q"), At: component.Account | component.Resource, Get: says("elsewhere")},
		}},
		component.Extension{Name: "b", Routes: []component.Route{{Name: name("q"), Set: says("exact set")}}})
	mux.HandleGet("urn:g", "q", says("get"))
	mux.HandleSet("urn:g", "q", says("set"))
	r := begin(t, quiet(mux))
	for i, tc := range []struct{ typ, to, el, want string }{
		{"get", domain, "q", "exact"}, {"set", domain, "q", "exact set"}, {"get", domain, "other", "space"}, {"set", domain, "other", "space set"},
		{"get", "a@" + domain, "q", "elsewhere"}, {"get", domain + "/r", "q", "elsewhere"},
	} {
		id := fmt.Sprint("r", i)
		r.send(iq(tc.typ, id, juliet, tc.to, "<"+tc.el+" xmlns='"+nsTest+"'/>"))
		if got := r.reply(id).el.Child(nsTest, "says").Text(); got != tc.want {
			t.Errorf("%+v: got %q", tc, got)
		}
	}
	for _, typ := range []string{"get", "set"} {
		r.send(iq(typ, typ, juliet, domain, "<q xmlns='urn:g'/>"))
		if got := r.reply(typ).el.Child(nsTest, "says").Text(); got != typ {
			t.Errorf("got %q, want %q", got, typ)
		}
	}
}

// TestAddRefuses: what cannot be served is named, both sides of it, and changes
// nothing (checklist 34, C07).
func TestAddRefuses(t *testing.T) {
	mux := muxOf(t, component.Extension{Name: "one", Routes: []component.Route{{Name: name("q"), Get: says("1")}, {Name: xml.Name{Space: "urn:all"}, Get: says("1")}}})
	for label, tc := range map[string]struct {
		ext  component.Extension
		want []string
	}{
		"same route":     {component.Extension{Name: "two", Routes: []component.Route{{Name: name("q"), Get: says("2")}}}, []string{`"one"`, `"two"`, nsTest, "q"}},
		"same namespace": {component.Extension{Name: "two", Routes: []component.Route{{Name: xml.Name{Space: "urn:all"}, Get: says("2")}}}, []string{`"one"`, `"two"`, "urn:all"}},
		"with itself":    {component.Extension{Name: "two", Routes: []component.Route{{Name: name("x"), Get: says("2")}, {Name: name("x"), Get: says("2")}}}, []string{`"two"`}},
		"same name":      {component.Extension{Name: "one"}, []string{`"one"`}},
		"no name":        {component.Extension{}, []string{"name"}},
		"no namespace":   {component.Extension{Name: "two", Routes: []component.Route{{Get: says("2")}}}, []string{`"two"`, "namespace"}},
		"no handler":     {component.Extension{Name: "two", Routes: []component.Route{{Name: name("x")}}}, []string{`"two"`, "handler"}},
		"second of two":  {component.Extension{Name: "two", Routes: []component.Route{{Name: name("fine"), Get: says("2")}, {Name: name("q"), Get: says("2")}}}, []string{`"one"`, `"two"`}},
	} {
		err := mux.Add(tc.ext)
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: Add() = %v, want %q in it", label, err, want)
			}
		}
	}
	if err := mux.Add(component.Extension{Name: "two", Routes: []component.Route{
		{Name: name("q"), Set: says("2")}, {Name: name("q"), At: component.Account, Get: says("2")}, {Name: name("fine"), Get: says("2")}}}); err != nil {
		t.Errorf("another type and another address are free: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("HandleGet of what is there did not panic")
		}
	}()
	mux.HandleGet(nsTest, "q", says("3"))
}

// A mux may be changed while it serves.
func TestAddWhileServing(t *testing.T) {
	mux := component.NewMux()
	r := begin(t, quiet(mux))
	r.ask(juliet).wants(t, "feature-not-implemented")
	mux.HandleGet(nsTest, "q", result)
	r.ask(juliet).wants(t, "result")
}

// TestAccess: to those who may not use it an extension is not there: not one byte
// tells it from an unknown namespace (checklist 41).
func TestAccess(t *testing.T) {
	for _, unhandled := range []stanza.Condition{stanza.FeatureNotImplemented, stanza.ServiceUnavailable} {
		bothWays(t, func(t *testing.T, quick bool) {
			ext := component.Extension{Name: "local", Access: component.LocalUsers, Routes: []component.Route{
				{Name: name("q"), At: component.Domain | component.Account, Get: component.HandlerFunc(result), Quick: quick}}}
			cfg := quiet(muxOf(t, ext))
			cfg.Unhandled = unhandled
			r := begin(t, cfg)
			for _, to := range []string{domain, "a@" + domain, domain + "/r"} {
				for _, typ := range []string{"get", "set"} {
					for _, el := range []string{"q", "other"} {
						tell := func(ns string) string {
							r.send(iq(typ, "same", "tybalt@example.org/x", to, "<"+el+" xmlns='"+ns+"'/>"))
							return r.reply("same").raw
						}
						if got, want := tell(nsTest), tell("urn:nobody"); got != want {
							t.Errorf("denied:\n%s\nunknown:\n%s", got, want)
						}
					}
				}
			}
			r.ask(juliet).wants(t, "result")
			r.ask("JULIET@Example.NET/x").wants(t, "result")
			r.ask("x@sub.example.net").wants(t, string(unhandled))
		})
	}
}

// A nodes answers for one node.
type nodes struct{ node string }

func (n nodes) NodeInfo(_ context.Context, _ *component.Request, node string) (component.Info, error) {
	if node != n.node {
		return component.Info{}, component.ErrUnhandled
	}
	return component.Info{Features: []string{node}}, nil
}

func (n nodes) NodeItems(_ context.Context, _ *component.Request, node string) ([]component.Item, error) {
	switch node {
	case "", n.node:
		return []component.Item{{Node: n.node}}, nil
	case "bad":
		return nil, errors.New("bad")
	}
	return nil, component.ErrUnhandled
}

// TestInfo: what is told is what is answered to who asks there, sorted, each once
// (checklist 52, 53, 57).
func TestInfo(t *testing.T) {
	deny := func(*component.Request) bool { return false }
	mux := muxOf(t,
		component.Extension{Name: "z", Routes: []component.Route{{Name: name("q"), Get: says("")}, {Name: name("p"), Set: says("")}, {Name: xmlName("urn:acc", "x"), At: component.Account, Get: says("")}},
			Features: []string{"urn:b", "urn:a"}, Identities: []info.Identity{{Category: "b", Type: "x"}, {Category: "a", Type: "y", Name: "n"}}, Nodes: nodes{"z"}},
		component.Extension{Name: "y", Routes: []component.Route{{Name: xmlName("urn:c", "x"), Get: says("")}}, Identities: []info.Identity{{Category: "b", Type: "x"}}, Nodes: nodes{"y"}},
		component.Extension{Name: "hidden", Allow: deny, Routes: []component.Route{{Name: xmlName("urn:hidden", "x"), Get: says("")}}, Features: []string{"urn:hidden2"}, Nodes: nodes{"h"}})
	comp, err := component.New(component.Config{JID: domain, Secret: "s", Server: "x:1", Handler: mux})
	if err != nil {
		t.Fatal(err)
	}
	at := func(a component.Address) *component.Request {
		return component.Bind(comp, &component.Request{From: juliet}, a)
	}
	got := mux.Info(t.Context(), at(component.Domain))
	if want := []string{"urn:a", "urn:b", "urn:c", nsTest}; !slices.Equal(got.Features, want) {
		t.Errorf("features %q, want %q", got.Features, want)
	}
	if len(got.Identities) != 2 || got.Identities[0].Category != "a" {
		t.Errorf("identities %+v", got.Identities)
	}
	if got := mux.Info(t.Context(), at(component.Account)); fmt.Sprint(got.Features) != "[urn:a urn:acc urn:b]" {
		t.Errorf("features of an account %q", got.Features)
	}
	if got := mux.Info(t.Context(), at(component.Resource)); len(got.Features)+len(got.Identities) != 0 {
		t.Errorf("told of a resource: %+v", got)
	}
	if got, err := mux.NodeInfo(t.Context(), at(component.Domain), "y"); err != nil || fmt.Sprint(got.Features) != "[y]" {
		t.Errorf("NodeInfo() = %+v, %v", got, err)
	}
	var se *component.Error
	if _, err := mux.NodeInfo(t.Context(), at(component.Domain), "h"); !errors.As(err, &se) || se.Condition != stanza.ItemNotFound {
		t.Errorf("NodeInfo() of a hidden node = %v", err)
	}
	if got, err := mux.NodeItems(t.Context(), at(component.Domain), ""); err != nil || fmt.Sprint(got) != "[{ z } { y }]" {
		t.Errorf("NodeItems() = %v, %v", got, err)
	}
	if got, err := mux.NodeItems(t.Context(), at(component.Domain), "y"); err != nil || fmt.Sprint(got) != "[{ y }]" {
		t.Errorf("NodeItems() = %v, %v", got, err)
	}
	if _, err := mux.NodeItems(t.Context(), at(component.Domain), "h"); !errors.As(err, &se) || se.Condition != stanza.ItemNotFound {
		t.Errorf("NodeItems() of a hidden node = %v", err)
	}
	if _, err := mux.NodeItems(t.Context(), at(component.Domain), "bad"); err == nil || errors.As(err, &se) {
		t.Errorf("NodeItems() = %v, want the extension's error", err)
	}
}
