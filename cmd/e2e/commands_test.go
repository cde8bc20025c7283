package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

const nsCommands = "http://jabber.org/protocol/commands"

// lamps is an extension with a command of two stages and one that only alice has.
func lamps(srv *realserver.Server) component.Extension {
	choose := func(context.Context, *component.Step) (*component.Stage, error) {
		return &component.Stage{
			Form: &component.Form{Title: "Switch a lamp on", Fields: []component.Field{
				{Var: "lamp", Label: "Lamp", Required: true, Options: []component.Option{{Label: "Kitchen", Value: "kitchen"}, {Value: "attic"}}},
			}},
			Actions: []component.Action{component.ActionNext},
			Next: func(_ context.Context, step *component.Step) (*component.Stage, error) {
				lamp := step.Values.Get("lamp")
				return &component.Stage{
					Form: &component.Form{Fields: []component.Field{{Var: "colour", Label: "Colour", Values: []string{"white"}}}},
					Next: func(_ context.Context, step *component.Step) (*component.Stage, error) {
						return component.Completed("The lamp in the %s shines %s.", lamp, step.Values.Get("colour")), nil
					},
				}, nil
			},
		}, nil
	}
	return component.Extension{Name: "lamps", Commands: []component.Command{
		{Node: "on", Name: "Switch a lamp on", Run: choose},
		{Node: "all off", Run: choose, Allow: func(req *component.Request) bool { return strings.HasPrefix(req.From, "alice@"+srv.Domain+"/") }},
	}}
}

// A commandStep is what realserver.Slixmpp gives for a step with commands.
type commandStep struct {
	Status   string
	Actions  []string
	Notes    [][2]string
	Forms    []map[string][]string
	Items    [][3]string
	Features []string
}

// TestSlixmppCommands has the plugin of a client library that is not ours find
// ad-hoc commands and run them (XEP-0050).
func TestSlixmppCommands(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := standard(t, srv, "memory:")
		add(t, m, lamps(srv))
		serve(t, srv, component.Config{Handler: m})
		const done, back = "command:on:next,lamp=attic:complete,colour=red", "command:on:next,lamp=attic:prev"
		const through = back + ":execute,lamp=kitchen:execute"
		got := srv.Slixmpp(t, "alice", "info", "commands", "info:on", "command:on", done, back, through, "command:on:next,lamp=attic:cancel",
			"command:on:next,lamp=cellar", "command:on:prev", "command:off")
		read := func(step string) (c commandStep) {
			if failed, err := realserver.Answer(got, step, &c); failed != nil || err != nil {
				t.Errorf("%s: %+v %v", step, failed, err)
			}
			return c
		}
		if c := read("info"); !slices.Contains(c.Features, nsCommands) {
			t.Errorf("features: %q", c.Features)
		}
		want := [][3]string{{srv.Component, "all off", "all off"}, {srv.Component, "on", "Switch a lamp on"}}
		if c := read("commands"); !slices.Equal(c.Items, want) {
			t.Errorf("commands: %q, want %q", c.Items, want)
		}
		if c := read("info:on"); !slices.Equal(c.Features, []string{nsCommands, "jabber:x:data"}) {
			t.Errorf("features of the node: %q", c.Features)
		}
		if c := read("command:on"); c.Status != "executing" || !slices.Equal(c.Actions, []string{"next"}) || len(c.Forms) != 1 {
			t.Errorf("first stage: %+v", c)
		}
		if c := read(done); c.Status != "completed" || len(c.Notes) != 1 || c.Notes[0][1] != "The lamp in the attic shines red." {
			t.Errorf("completed: %+v", c)
		}
		if c := read(back); c.Status != "executing" || len(c.Forms) != 1 || !slices.Equal(c.Forms[0]["lamp"], []string{"attic"}) {
			t.Errorf("gone back: %+v", c)
		}
		if c := read(through); len(c.Notes) != 1 || c.Notes[0][1] != "The lamp in the kitchen shines ." {
			t.Errorf("gone back and on, by the default action: %+v", c)
		}
		if c := read("command:on:next,lamp=attic:cancel"); c.Status != "canceled" {
			t.Errorf("canceled: %+v", c)
		}
		for step, want := range map[string]string{
			"command:on:next,lamp=cellar": "bad-payload", "command:on:prev": "bad-action", "command:off": "item-not-found",
		} {
			if failed, err := realserver.Answer(got, step, nil); err != nil || failed == nil || failed.Local || !strings.Contains(string(got[step]), want) {
				t.Errorf("%s: got %s, want %s", step, got[step], want)
			}
		}
	})
}

// TestCommandSessionsOfClients: a session is that of the client that began it,
// through a server that could have changed who asks.
func TestCommandSessionsOfClients(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := component.NewMux()
		add(t, m, lamps(srv))
		serve(t, srv, component.Config{Handler: m})
		alice, other, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "alice", "orchard"), srv.Login(t, "bob", "garden")
		n := 0
		ask := func(c *realserver.Client, typ, attrs string) string {
			n++
			return c.IQ(fmt.Sprintf("<iq type='%s' id='c%d' to='%s'><command xmlns='%s' %s><x xmlns='jabber:x:data' type='submit'>"+
				"<field var='lamp'><value>attic</value></field></x></command></iq>", typ, n, srv.Component, nsCommands, attrs))
		}
		first := ask(alice, "set", "node='on'")
		_, id, _ := strings.Cut(first, "sessionid=")
		if len(id) < 34 || !strings.Contains(first, "executing") {
			t.Fatalf("first stage: %s", first)
		}
		session := "node='on' sessionid='" + id[1:strings.IndexByte(id[1:], id[0])+1] + "'"
		for _, tc := range []struct {
			who              *realserver.Client
			typ, attrs, want string
		}{
			{other, "set", session, "bad-sessionid"}, {bob, "set", session, "bad-sessionid"}, {bob, "set", session + " action='cancel'", "bad-sessionid"},
			{alice, "set", "node='on' sessionid='on:1'", "bad-sessionid"}, {alice, "set", session + " action='reset'", "malformed-action"},
			{alice, "get", "node='on'", "feature-not-implemented"}, {alice, "set", "", "bad-request"}, {alice, "set", "node='of'", "item-not-found"},
			{bob, "set", "node='all off'", "item-not-found"}, {alice, "set", session, "executing"}, {alice, "set", session, "completed"},
			{alice, "set", session, "session-expired"},
		} {
			if got := ask(tc.who, tc.typ, tc.attrs); !strings.Contains(got, tc.want) {
				t.Errorf("%s %s of %s: got %s, want %s", tc.typ, tc.attrs, tc.who.JID, got, tc.want)
			}
		}
	})
}
