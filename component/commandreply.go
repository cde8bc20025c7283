package component

import (
	"cmp"
	"fmt"
	"slices"

	"mellium.im/xmpp/form"
)

// A commandReply is what a step of a command is answered with.
type commandReply struct {
	session *session // of which only what never changes is read
	stage   *Stage   // nil: it was canceled
	filled  Values   // what its form was filled in with before, or nil
	prev    bool     // there is a stage to go back to
	size    int      // in bytes, when it was first made
}

// actions returns what may follow on a stage that is executing, the default first.
func (s *Stage) actions() []Action {
	if len(s.Actions) > 0 {
		return s.Actions
	}
	return []Action{ActionComplete}
}

// EncodeXML writes the command element of XEP-0050, 4.
func (r *commandReply) EncodeXML(e *Encoder) {
	e.Start(nsCommands, "command")
	e.Attr("node", r.session.cmd.Node)
	e.Attr("sessionid", r.session.id)
	e.Attr("status", r.status())
	if r.stage != nil {
		r.encodeStage(e)
	}
	e.End()
}

func (r *commandReply) status() string {
	switch {
	case r.stage == nil:
		return "canceled"
	case r.stage.Next == nil:
		return "completed"
	}
	return "executing"
}

func (r *commandReply) encodeStage(e *Encoder) {
	s := r.stage
	if s.Lang != "" {
		e.AttrNS(xmlNS, "lang", s.Lang)
	}
	typ := form.TypeResult
	if s.Next != nil {
		typ = form.TypeForm
		r.encodeActions(e)
	}
	for _, n := range s.Notes {
		e.Start("", "note")
		e.Attr("type", string(cmp.Or(n.Type, NoteInfo)))
		e.Text(n.Text)
		e.End()
	}
	if s.Form != nil {
		s.Form.encode(e, typ, r.filled)
	}
	if s.Payload != nil {
		s.Payload.EncodeXML(e)
	}
}

// encodeActions writes what may follow, in the order of XEP-0050, 8.
func (r *commandReply) encodeActions(e *Encoder) {
	list := r.stage.actions()
	for _, a := range list {
		if a != ActionNext && a != ActionComplete {
			e.Fail(fmt.Errorf("a stage offers %q: only next and complete can be", a))
		}
	}
	e.Start("", "actions")
	e.Attr("execute", string(list[0]))
	if r.prev {
		e.Empty("", string(ActionPrev))
	}
	for _, a := range []Action{ActionNext, ActionComplete} {
		if slices.Contains(list, a) {
			e.Empty("", string(a))
		}
	}
	e.End()
}

// replySize returns how many bytes the payload of a reply takes, or the error that
// the reply would end in.
func (c *Component) replySize(req *Request, p Payload) (int, error) {
	head := len(c.appendHead(nil, "result", req))
	out, err := encodePayload(nil, p, new(Encoder), c.encoderLimits(head+1))
	return len(out), err
}
