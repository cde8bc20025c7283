package component

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"slices"

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
func (t *table) routeCommand(req *Request) (*route, Handler) {
	if len(t.commands) == 0 || req.at != Domain {
		return t.unhandled, t.unhandled.get
	}
	if req.Type == stanza.SetIQ && req.Name.Local == "command" {
		if cmd := t.commands[req.Payload().Get("node")]; cmd != nil {
			return cmd.rt, cmd.rt.set
		}
	}
	return t.noCommand, t.noCommand.get
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

// serve answers a request of somebody who runs the command.
func (cmd *command) serve(ctx context.Context, req *Request) (Payload, error) {
	if !cmd.visible(req) {
		return noCommand(ctx, req)
	}
	el := req.Payload()
	act, id := cmp.Or(Action(el.Get("action")), ActionExecute), el.Get("sessionid")
	if !slices.Contains([]Action{ActionExecute, ActionNext, ActionPrev, ActionComplete, ActionCancel}, act) {
		return nil, commandError(stanza.BadRequest, "malformed-action", "no such action")
	}
	if id == "" {
		if act != ActionExecute {
			return nil, badAction("there is no session to %s", act)
		}
		return cmd.begin(ctx, req)
	}
	s, err := req.comp.sessions.take(id, req.From, cmd)
	if err != nil {
		return nil, err
	}
	defer req.comp.releaseSession(s)
	switch act {
	case ActionCancel:
		return s.cancel(req)
	case ActionPrev:
		return s.back(req)
	}
	return s.forth(ctx, req, act)
}

func badAction(format string, args ...any) error {
	return commandError(stanza.BadRequest, "bad-action", format, args...)
}

// begin runs the first step of a session.
func (cmd *command) begin(ctx context.Context, req *Request) (Payload, error) {
	el := req.Payload()
	lang, _ := el.AttrNS(xmlNS, "lang")
	s := &session{
		from: req.From, owner: bareOf(req.From), local: req.Local(), cmd: cmd, lang: cmp.Or(lang, req.Lang),
		id: req.comp.sessions.newID(req.From, cmd.Node),
	}
	values, err := readValues(el)
	if err == nil && values.size() > sessionBytes {
		err = errFilledIn()
	}
	if err != nil {
		return nil, err
	}
	stage, p, err := s.run(ctx, req, cmd.Run, ActionExecute, values)
	if err != nil || stage.Next == nil {
		return p, err
	}
	s.at = place{stage: stage}
	if err := req.comp.sessions.open(s); err != nil {
		req.comp.sessionOver(s)
		return nil, err
	}
	req.comp.releaseSession(s)
	return p, nil
}

// forth takes a session one stage further, or ends it.
func (s *session) forth(ctx context.Context, req *Request, act Action) (Payload, error) {
	offered := s.at.stage.actions()
	if act == ActionExecute {
		act = offered[0]
	}
	if !slices.Contains(offered, act) {
		return nil, badAction("%s is not offered here", act)
	}
	values, err := readValues(req.Payload())
	if err != nil {
		return nil, err
	}
	if values, err = s.at.stage.Form.check(values); err != nil {
		return nil, err
	}
	if s.size()+values.size() > sessionBytes {
		return nil, errFilledIn()
	}
	left := s.at
	left.filled = values
	stage, p, err := s.run(ctx, req, left.stage.Next, act, values)
	switch {
	case err != nil:
		return nil, err
	case stage.Next == nil:
		req.comp.sessions.end(s)
		return p, nil
	}
	s.moveOn(left, stage)
	return p, nil
}

// moveOn remembers the place that was left, unless nobody can go back to it.
func (s *session) moveOn(left place, stage *Stage) {
	s.at = place{stage: stage}
	switch {
	case stage.NoReturn:
		s.past = nil
		return
	case len(s.past) == stagesBack:
		s.past = slices.Delete(s.past, 0, 1)
	}
	s.past = append(s.past, left)
}

// run calls a step and makes its reply. A stage that nobody gets to see, because
// the reply cannot be written or the time is over, is none.
func (s *session) run(ctx context.Context, req *Request, f StepFunc, act Action, values Values) (*Stage, Payload, error) {
	stage, err := f(ctx, &Step{Request: req, Node: s.cmd.Node, Session: s.id, Action: act, Lang: s.lang, Values: values})
	if err != nil {
		return nil, nil, err
	}
	if stage == nil {
		stage = new(Stage)
	}
	p := &commandReply{session: s, stage: stage, prev: s.at.stage != nil && !stage.NoReturn}
	if err = ctx.Err(); err == nil {
		err = req.comp.writable(req, p)
	}
	if err != nil {
		req.comp.callCanceled(s.cmd.inst, stage)
		return nil, nil, fmt.Errorf("command %q: %w", s.cmd.Node, err)
	}
	return stage, p, nil
}

// back shows the stage before, as it was filled in.
func (s *session) back(req *Request) (Payload, error) {
	if len(s.past) == 0 {
		return nil, badAction("prev is not offered here")
	}
	last := len(s.past) - 1
	s.at, s.past = s.past[last], s.past[:last]
	return &commandReply{session: s, stage: s.at.stage, filled: s.at.filled, prev: last > 0}, nil
}

func (s *session) cancel(req *Request) (Payload, error) {
	req.comp.sessions.end(s)
	req.comp.callCanceled(s.cmd.inst, s.at.stage)
	return &commandReply{session: s}, nil
}

func errFilledIn() error {
	return Errorf(stanza.PolicyViolation, "more than %d bytes were filled in", sessionBytes)
}

// releaseSession ends a step of a session, and the session itself when its
// extension ended meanwhile.
func (c *Component) releaseSession(s *session) {
	if !c.sessions.release(s) {
		c.sessionOver(s)
	}
}

// sessionOver is called for a session that has ended without its asker.
func (c *Component) sessionOver(s *session) { c.callCanceled(s.cmd.inst, s.at.stage) }

func (c *Component) callCanceled(inst *instance, stage *Stage) {
	if stage.Canceled != nil {
		logFailure(c, inst, "extension failed at a command that was canceled", guard(func() error { stage.Canceled(); return nil }))
	}
}

// endSessions ends the sessions of an extension that is about to end.
func (c *Component) endSessions(inst *instance) {
	for _, s := range c.sessions.drop(inst) {
		c.sessionOver(s)
	}
}
