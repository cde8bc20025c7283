package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

const (
	mostState    = 64 << 10        // bytes that a plugin has iqd keep for a session
	cancelSooner = 5 * time.Second // the longest that a plugin is told of a canceled session
)

// commands returns the commands of the section, which t leads to.
func (c Config) commands(t Transport) []component.Command {
	var out []component.Command
	for _, cmd := range c.Commands {
		first := commandStage{transport: t}
		out = append(out, component.Command{Node: cmd.Node, Name: cmd.Name, Run: first.next})
	}
	return out
}

// A commandStage is where somebody is who runs a command. The plugin remembers
// nothing: what it wants to know at the next stage is kept here.
type commandStage struct {
	transport Transport
	state     json.RawMessage
}

// next is a component.StepFunc: it asks the plugin for the next stage.
func (s *commandStage) next(ctx context.Context, step *component.Step) (*component.Stage, error) {
	m, err := s.transport.Call(ctx, s.call("command", step))
	if err != nil {
		return nil, err
	}
	if m.Error != nil {
		return nil, m.Error.err()
	}
	var r stageResult
	err = json.Unmarshal(m.Result, &r)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, fmt.Errorf("plugin's stage: %w: %s", err, Clip(m.Result))
	}
	return s.stage(&r, step), nil
}

// stage makes what the plugin said a stage, with what follows on it.
func (s *commandStage) stage(r *stageResult, step *component.Step) *component.Stage {
	stage := &component.Stage{Form: r.Form.form(), Actions: r.Actions, NoReturn: r.NoReturn, Lang: r.Lang}
	for _, n := range append(r.Notes, r.Note) {
		if n.Text != "" {
			stage.Notes = append(stage.Notes, component.Note{Type: n.Type, Text: n.Text})
		}
	}
	if r.Status != statusExecuting {
		return stage
	}
	following := &commandStage{s.transport, slices.Clone(r.State)}
	last := *step
	last.Values = nil
	over := following.call("command/cancel", &last) // made now, for the session must not keep the whole request
	stage.Next = following.next
	stage.Canceled = func() {
		ctx, cancel := context.WithTimeout(context.Background(), cancelSooner)
		defer cancel()
		s.transport.Notify(ctx, over)
	}
	return stage
}

// call returns what the plugin is sent of a step.
func (s *commandStage) call(method string, step *component.Step) *Call {
	req := step.Request
	buf := append(make([]byte, 0, 512+len(s.state)), '{')
	buf = appendField(buf, "node", step.Node)
	buf = appendField(buf, "session", step.Session)
	buf = appendField(buf, "action", string(step.Action))
	buf = appendField(buf, "from", req.From)
	buf = appendField(buf, "to", req.To)
	buf = appendField(buf, "lang", step.Lang)
	if owner, err := req.Owner(); err == nil {
		buf = appendField(buf, "owner", owner.String())
	}
	if fields, err := json.Marshal(step.Values); err == nil && len(step.Values) > 0 {
		buf = append(append(append(buf, `"fields":`...), fields...), ',')
	}
	if len(s.state) > 0 {
		buf = append(append(append(buf, `"state":`...), s.state...), ',')
	}
	return &Call{method: method, params: buf}
}

const (
	statusExecuting = "executing"
	statusCompleted = "completed"
	statusCanceled  = "canceled"
)

// A stageResult is the result of the method command.
type stageResult struct {
	Status   string             `json:"status"` // empty: completed
	Actions  []component.Action `json:"actions"`
	Form     *formResult        `json:"form"`
	Note     noteResult         `json:"note"`
	Notes    []noteResult       `json:"notes"`
	State    json.RawMessage    `json:"state"`
	NoReturn bool               `json:"no_return"`
	Lang     string             `json:"lang"`
}

type noteResult struct {
	Type component.NoteType `json:"type"`
	Text string             `json:"text"`
}

func (r *stageResult) check() error {
	if s := cmp.Or(r.Status, statusCompleted); s != statusExecuting && s != statusCompleted && s != statusCanceled {
		return fmt.Errorf(`status %s is neither "executing" nor "completed"`, Clip(s))
	}
	for _, a := range r.Actions {
		if a != component.ActionNext && a != component.ActionComplete {
			return fmt.Errorf(`action %s is neither "next" nor "complete"`, Clip(a))
		}
	}
	for _, n := range append(r.Notes, r.Note) {
		if !slices.Contains([]component.NoteType{"", component.NoteInfo, component.NoteWarn, component.NoteError}, n.Type) {
			return fmt.Errorf(`note of type %s, which is none of "info", "warn", "error"`, Clip(n.Type))
		}
	}
	if len(r.State) > mostState {
		return fmt.Errorf("a state of %d bytes, over the limit of %d", len(r.State), mostState)
	}
	if r.Status == statusExecuting && r.Form == nil && r.Note.Text == "" && len(r.Notes) == 0 {
		return errors.New("neither a form nor a note")
	}
	return r.Form.check()
}
