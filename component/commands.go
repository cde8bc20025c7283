package component

import (
	"context"
	"encoding/xml"
	"fmt"

	"mellium.im/xmpp/stanza"
)

const nsCommands = "http://jabber.org/protocol/commands"

// A command is a Command in service.
type command struct {
	Command
	inst *instance
	rt   *route
}

// addCommands enters the commands of an extension.
func (m *Mux) addCommands(t *table, inst *instance) error {
	for _, c := range inst.ext.Commands {
		cmd := &command{Command: c, inst: inst}
		other := t.commands[c.Node]
		switch {
		case c.Node == "" || c.Node == nsCommands || c.Run == nil:
			return fmt.Errorf("extension %q: a command without a node of its own, or without Run", inst.ext.Name)
		case other != nil:
			return fmt.Errorf("extensions %q and %q both have the command %q", other.inst.ext.Name, inst.ext.Name, c.Node)
		}
		h := m.wrap(HandlerFunc(cmd.serve))
		cmd.rt = &route{Route: Route{Name: xml.Name{Space: nsCommands, Local: "command"}, At: Domain, Set: h}, inst: inst, set: h,
			timeout: inst.ext.Timeout}
		t.commands[c.Node] = cmd
	}
	if sp := t.spaces[nsCommands]; sp != nil && len(t.commands) > 0 {
		return fmt.Errorf("extension %q answers %s itself, which is what runs the commands of others", sp.insts[0].ext.Name, nsCommands)
	}
	return nil
}

// routeCommand finds what answers a request in the namespace of commands.
func (t *table) routeCommand(req *Request) *route {
	if len(t.commands) == 0 || req.at != Domain {
		return t.unhandled
	}
	if req.Type == stanza.SetIQ && req.Name.Local == "command" {
		if cmd := t.commands[req.Payload().Get("node")]; cmd != nil {
			return cmd.rt
		}
	}
	return t.noCommand
}

// visible reports whether the asker may run the command.
func (cmd *command) visible(req *Request) bool {
	return cmd.inst.allows(req) && (cmd.Allow == nil || cmd.inst.asks(cmd.Allow, req))
}

// noCommand is the answer where no command is: to those who may run none, the
// namespace is not there.
func noCommand(_ context.Context, req *Request) (Payload, error) {
	switch {
	case !req.mux.table.Load().anyCommand(req):
		return nil, ErrUnhandled
	case req.Name.Local != "command" || req.Type != stanza.SetIQ:
		return nil, Errorf(stanza.FeatureNotImplemented, "a command is run with a set")
	case req.Payload().Get("node") == "":
		return nil, Errorf(stanza.BadRequest, "node is missing")
	}
	return nil, Errorf(stanza.ItemNotFound, "no such command")
}

// commandError returns an error with a condition of XEP-0050, 4.4.
func commandError(cond stanza.Condition, app, format string, args ...any) error {
	return &Error{Condition: cond, Text: fmt.Sprintf(format, args...),
		App: PayloadFunc(func(e *Encoder) { e.Empty(nsCommands, app) })}
}
