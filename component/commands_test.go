package component_test

import (
	"cmp"
	"context"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"mellium.im/xmpp/form"
	"mellium.im/xmpp/stanza"
)

const nsCommands = "http://jabber.org/protocol/commands"

// booking is an extension with a command of each kind.
func booking() component.Extension {
	return component.Extension{Name: "booking", Commands: []component.Command{
		{Node: "greet", Name: "Greet", Run: greet},
		{Node: "book", Name: "Book a table", Run: choosePlace},
		{Node: "list", Run: listPlaces},
	}}
}

func greet(_ context.Context, step *component.Step) (*component.Stage, error) {
	return component.Completed("Hello, %s", step.Request.From), nil
}

func choosePlace(context.Context, *component.Step) (*component.Stage, error) {
	return &component.Stage{
		Form: &component.Form{
			Title: "Book a table", Instructions: "Choose a place.\nThen a time.",
			Fields: []component.Field{{
				Var: "place", Label: "Place", Desc: "Both are good.", Required: true, Values: []string{"inn"},
				Options: []component.Option{{Label: "The Inn", Value: "inn"}, {Label: "The Bar", Value: "bar"}},
			}},
		},
		Actions: []component.Action{component.ActionNext},
		Next:    choosePersons,
	}, nil
}

func choosePersons(_ context.Context, step *component.Step) (*component.Stage, error) {
	place := step.Values.Get("place")
	return &component.Stage{
		Form: &component.Form{Fields: []component.Field{{Var: "persons", Label: "Persons", Required: true}}},
		Next: func(_ context.Context, step *component.Step) (*component.Stage, error) {
			return component.Completed("A table for %s at the %s.", step.Values.Get("persons"), place), nil
		},
	}, nil
}

func listPlaces(context.Context, *component.Step) (*component.Stage, error) {
	return &component.Stage{
		Lang:  "en",
		Notes: []component.Note{{Type: component.NoteWarn, Text: "One is closed."}},
		Form: &component.Form{
			Title:   "Places",
			Columns: []component.Field{{Var: "place", Label: "Place"}, {Var: "open", Label: "Open", Type: form.TypeBoolean}},
			Rows:    []component.Values{{"place": {"inn"}, "open": {"1"}}, {"place": {"bar"}}},
		},
		Payload: component.PayloadFunc(func(e *component.Encoder) {
			e.Start("jabber:x:oob", "x")
			e.Start("", "url")
			e.Text("https://example.net/")
			e.End()
			e.End()
		}),
	}, nil
}

func TestCommandConversations(t *testing.T) {
	componenttest.Run(t, componenttest.Extension(booking()), "testdata/commands/*.iq")
}

// command is the payload of a request to run a command.
func command(attrs, inner string) string {
	return "<command xmlns='" + nsCommands + "' " + attrs + ">" + inner + "</command>"
}

// run sends a command request and waits for its reply.
func (r *rig) run(from, attrs, inner string) reply {
	r.t.Helper()
	id := r.id()
	r.send(iq("set", id, from, domain, command(attrs, inner)))
	return r.reply(id)
}

// command is the command element of a reply.
func (r reply) command() component.Element { return r.el.Child(nsCommands, "command") }

// executing fails unless the reply is a stage that goes on, and returns the
// attributes that continue it.
func (r reply) executing(t testing.TB) string {
	t.Helper()
	c := r.command()
	if c.Get("status") != "executing" || c.Get("sessionid") == "" {
		t.Fatalf("got %s, want a stage that is executing", r.raw)
	}
	return "node='" + c.Get("node") + "' sessionid='" + c.Get("sessionid") + "' "
}

// app returns the condition of XEP-0050 in an error.
func (r reply) app() string {
	for c := range r.el.Child("", "error").Children() {
		if c.Name().Space == nsCommands {
			return c.Name().Local
		}
	}
	return ""
}

// wantsApp fails unless the reply is an error with both conditions.
func (r reply) wantsApp(t testing.TB, cond, app string) {
	t.Helper()
	if r.typ != "error" || r.cond != cond || r.app() != app {
		t.Errorf("got %s, want %s and %q", r.raw, cond, app)
	}
}

func submit(fields ...string) string {
	var b strings.Builder
	b.WriteString("<x xmlns='jabber:x:data' type='submit'>")
	for i := 0; i < len(fields); i += 2 {
		b.WriteString("<field var='" + fields[i] + "'><value>" + fields[i+1] + "</value></field>")
	}
	return b.String() + "</x>"
}

// TestCommandErrors: each mistake has its own answer (XEP-0050, 4.4), and none of
// them ends a session.
func TestCommandErrors(t *testing.T) {
	r := begin(t, quiet(muxOf(t, booking())))
	book := r.run(juliet, "node='book'", "").executing(t)
	for label, tc := range map[string]struct{ from, typ, to, attrs, inner, cond, app string }{
		"no such node":         {attrs: "node='nothing'", cond: "item-not-found"},
		"no node":              {attrs: "", cond: "bad-request"},
		"a get":                {typ: "get", attrs: "node='greet'", cond: "feature-not-implemented"},
		"at an account":        {to: "a@" + domain, attrs: "node='greet'", cond: "service-unavailable"},
		"no such action":       {attrs: book + "action='dance'", cond: "bad-request", app: "malformed-action"},
		"not begun":            {attrs: "node='book' action='next'", cond: "bad-request", app: "bad-action"},
		"not offered":          {attrs: book + "action='complete'", cond: "bad-request", app: "bad-action"},
		"nothing before":       {attrs: book + "action='prev'", cond: "bad-request", app: "bad-action"},
		"nothing filled in":    {attrs: book, cond: "bad-request", app: "bad-payload"},
		"no such option":       {attrs: book, inner: submit("place", "roof"), cond: "bad-request", app: "bad-payload"},
		"a form not filled in": {attrs: book, inner: "<x xmlns='jabber:x:data' type='form'/>", cond: "bad-request", app: "bad-payload"},
		"made up":              {attrs: "node='book' sessionid='x'", cond: "bad-request", app: "bad-sessionid"},
		"somebody else's":      {from: romeo, attrs: book, cond: "bad-request", app: "bad-sessionid"},
		"another resource's":   {from: "juliet@example.net/garden", attrs: book, cond: "bad-request", app: "bad-sessionid"},
		"another command's":    {attrs: strings.Replace(book, "book", "greet", 1), cond: "bad-request", app: "bad-sessionid"},
		"cancel, not one's own": {from: romeo, attrs: book + "action='cancel'", cond: "bad-request",
			app: "bad-sessionid"},
	} {
		t.Run(label, func(t *testing.T) {
			id := r.id()
			r.send(iq(cmp.Or(tc.typ, "set"), id, cmp.Or(tc.from, juliet), cmp.Or(tc.to, domain), command(tc.attrs, tc.inner)))
			r.reply(id).wantsApp(t, tc.cond, tc.app)
		})
	}
	r.run(juliet, book, submit("place", "bar")).executing(t)
	r.send(iq("set", "other", juliet, domain, "<thing xmlns='"+nsCommands+"' node='greet'/>"))
	r.reply("other").wants(t, "feature-not-implemented")
}

// TestCommandsAreThereForWhoMayRunThem: to others a command is not there, and to
// those who may run none the namespace is unknown.
func TestCommandsAreThereForWhoMayRunThem(t *testing.T) {
	hers := func(req *component.Request) bool { return strings.HasPrefix(req.From, "juliet@") }
	r := begin(t, quiet(muxOf(t,
		component.Extension{Name: "local", Access: component.LocalUsers, Commands: []component.Command{
			{Node: "local", Run: greet}, {Node: "hers", Allow: hers, Run: greet},
		}},
		component.Extension{Name: "broken", Commands: []component.Command{
			{Node: "broken", Allow: func(*component.Request) bool { panic("on fire") }, Run: greet},
		}},
	)))
	for _, tc := range []struct{ from, node, want string }{
		{juliet, "local", "result"}, {juliet, "hers", "result"}, {juliet, "broken", "item-not-found"},
		{romeo, "local", "result"}, {romeo, "hers", "item-not-found"}, {romeo, "other", "item-not-found"},
		{"eve@elsewhere.example/x", "local", "feature-not-implemented"}, {"eve@elsewhere.example/x", "other", "feature-not-implemented"},
	} {
		t.Run(tc.from+" "+tc.node, func(t *testing.T) {
			r.run(tc.from, "node='"+tc.node+"'", "").wants(t, tc.want)
		})
	}
}

// TestAddRefusesCommands: what cannot be told apart is named.
func TestAddRefusesCommands(t *testing.T) {
	mux := muxOf(t, booking(), component.Extension{Name: "own", Routes: []component.Route{{Name: name("q"), Get: says("1")}}})
	for label, tc := range map[string]struct {
		cmd  component.Command
		want string
	}{
		"no node":  {component.Command{Run: greet}, "without a node"},
		"no Run":   {component.Command{Node: "x"}, "without Run"},
		"the list": {component.Command{Node: nsCommands, Run: greet}, "without a node of its own"},
		"the same": {component.Command{Node: "book", Run: greet}, `"booking" and "two" both have the command "book"`},
	} {
		t.Run(label, func(t *testing.T) {
			err := mux.Add(component.Extension{Name: "two", Commands: []component.Command{tc.cmd}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Add() = %v, want %q", err, tc.want)
			}
		})
	}
	if err := mux.Add(component.Extension{Name: "two", Commands: []component.Command{{Node: "x", Run: greet}}}); err != nil {
		t.Errorf("what was refused left something behind: %v", err)
	}
	own := component.Extension{Name: "own commands", Routes: []component.Route{{Name: xmlName(nsCommands, "command"), Set: says("1")}}}
	if err := mux.Add(own); err == nil {
		t.Error("a route of the namespace of commands was added beside commands")
	}
}

// TestCommandStays: after a step that failed the asker is where it was.
func TestCommandStays(t *testing.T) {
	fail := map[string]component.StepFunc{
		"not-acceptable": func(context.Context, *component.Step) (*component.Stage, error) {
			return nil, component.Errorf(stanza.NotAcceptable, "not so")
		},
		"internal-server-error": func(context.Context, *component.Step) (*component.Stage, error) { panic("on fire") },
	}
	canceled := 0
	for label, bad := range map[string]*component.Stage{
		"no character": component.Completed("\x00"),
		"no name":      {Form: &component.Form{Fields: []component.Field{{Label: "x"}}}},
		"no action":    {Next: greet, Actions: []component.Action{component.ActionCancel}, Canceled: func() { canceled++ }},
		"too large":    component.Completed("%s", strings.Repeat("x", 600_000)),
	} {
		fail["internal-server-error "+label] = func(context.Context, *component.Step) (*component.Stage, error) { return bad, nil }
	}
	for label, f := range fail {
		t.Run(label, func(t *testing.T) {
			failing := true
			r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
				Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) {
					return &component.Stage{Next: func(ctx context.Context, step *component.Step) (*component.Stage, error) {
						if failing {
							return f(ctx, step)
						}
						return nil, nil
					}}, nil
				},
			}}})))
			at := r.run(juliet, "node='x'", "").executing(t)
			cond, _, _ := strings.Cut(label, " ")
			r.run(juliet, at, "").wants(t, cond)
			failing = false
			if got := r.run(juliet, at, ""); got.command().Get("status") != "completed" {
				t.Errorf("got %s, want it completed", got.raw)
			}
		})
	}
	if canceled != 1 {
		t.Errorf("Canceled was called %d times for a stage that could not be shown, want 1", canceled)
	}
}
