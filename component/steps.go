package component

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"
)

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

// newSession returns a session that is in no table yet. Its strings are copies: it
// must not keep the stanza.
func (cmd *command) newSession(req *Request) *session {
	from := strings.Clone(req.From)
	lang, _ := req.Payload().AttrNS(xmlNS, "lang")
	return &session{
		id: req.comp.sessions.newID(from, cmd.Node), from: from, owner: bareOf(from), local: req.Local(),
		cmd: cmd, lang: strings.Clone(cmp.Or(lang, req.Lang)),
	}
}

// begin runs the first step of a session.
func (cmd *command) begin(ctx context.Context, req *Request) (Payload, error) {
	s := cmd.newSession(req)
	values, err := s.filledIn(req)
	if err != nil {
		return nil, err
	}
	p, err := s.run(ctx, req, cmd.Run, ActionExecute, values)
	switch {
	case err != nil:
		return nil, err
	case p.stage.Next == nil:
		return p, nil
	}
	s.at = place{stage: p.stage, size: p.size}
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
	values, err := s.filledIn(req)
	if err != nil {
		return nil, err
	}
	left := s.at
	left.filled = values
	p, err := s.run(ctx, req, left.stage.Next, act, values)
	switch {
	case err != nil:
		return nil, err
	case p.stage.Next == nil:
		req.comp.sessions.end(s)
		return p, nil
	}
	s.moveOn(left, p)
	return p, nil
}

// filledIn returns what has been filled in of the form of the stage.
func (s *session) filledIn(req *Request) (Values, error) {
	values, err := readValues(req.Payload())
	if err != nil {
		return nil, err
	}
	if s.at.stage != nil {
		if values, err = s.at.stage.Form.check(values); err != nil {
			return nil, err
		}
	}
	if s.size()+values.size() > sessionBytes {
		return nil, Errorf(stanza.PolicyViolation, "more than %d bytes were filled in", sessionBytes)
	}
	return values, nil
}

// moveOn remembers the place that was left, unless nobody can go back to it. Those
// further back are forgotten when they are too many or too large.
func (s *session) moveOn(left place, p *commandReply) {
	s.at = place{stage: p.stage, size: p.size}
	if p.stage.NoReturn {
		s.past = nil
		return
	}
	s.past = append(s.past, left)
	size := s.at.size
	for i := len(s.past) - 1; i >= 0; i-- {
		size += s.past[i].size
		if i < len(s.past)-1 && (size > stageBytes || len(s.past)-i > stagesBack) {
			s.past = slices.Delete(s.past, 0, i+1)
			return
		}
	}
}

// run calls a step and makes its reply. A stage that nobody gets to see, because
// the reply cannot be written or the time is over, is none.
func (s *session) run(ctx context.Context, req *Request, f StepFunc, act Action, values Values) (*commandReply, error) {
	stage, err := f(ctx, &Step{Request: req, Node: s.cmd.Node, Session: s.id, Action: act, Lang: s.lang, Values: values})
	if err != nil {
		return nil, err
	}
	if stage == nil {
		stage = new(Stage)
	}
	p := &commandReply{session: s, stage: stage, prev: s.at.stage != nil && !stage.NoReturn}
	if err = ctx.Err(); err == nil {
		p.size, err = req.comp.replySize(req, p)
	}
	if err != nil {
		req.comp.callCanceled(s.cmd.inst, stage)
		return nil, fmt.Errorf("command %q: %w", s.cmd.Node, err)
	}
	return p, nil
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

// releaseSession ends a step of a session, and the session itself when its
// extension ended meanwhile.
func (c *Component) releaseSession(s *session) {
	if !c.sessions.release(s) {
		c.sessionOver(s)
	}
}

// sessionOver is called for a session that has ended without its asker.
func (c *Component) sessionOver(s *session) {
	if s.at.stage.Canceled != nil {
		s.cmd.inst.life.spawn(func() { c.callCanceled(s.cmd.inst, s.at.stage) })
	}
}

func (c *Component) callCanceled(inst *instance, stage *Stage) {
	if stage.Canceled != nil {
		logFailure(c, inst, "extension failed at a command that was canceled", guard(func() error { stage.Canceled(); return nil }))
	}
}

// endSessions ends the sessions of an extension that is about to end.
func (c *Component) endSessions(inst *instance) {
	for _, s := range c.sessions.drop(inst) {
		c.callCanceled(inst, s.at.stage)
	}
}
