package component

import (
	"context"
	"fmt"
)

// A Command is an ad-hoc command (XEP-0050) of an extension: plain data. People
// find it in the menu of their client and run it from there, stage by stage.
type Command struct {
	Node  string              // names it in requests; unique in a mux
	Name  string              // for people; empty: the node
	Allow func(*Request) bool // who may run it, of those who may use the extension; to others it is not there
	Run   StepFunc            // makes the first stage
}

// A StepFunc makes the next stage of a command. The asker is where it was when an
// error comes back: an *Error is told, any other is internal-server-error, and
// the asker may try again. What its stage keeps, the session keeps: not the step,
// whose request holds all that was sent.
type StepFunc func(ctx context.Context, step *Step) (*Stage, error)

// A Step is one request of somebody who runs a command.
type Step struct {
	Request *Request
	Node    string // of the command
	Session string // its id, the same at every step
	Action  Action // ActionExecute at the first step, then ActionNext or ActionComplete
	Lang    string // that the session began with; may be empty
	Values  Values // of the form of the stage, checked against it; unchecked at the first step
}

// A Stage is what a step leads to. With Next it is executing: the asker fills in
// its form and sends it back, or cancels, or goes back to the stage before, which
// is then shown again as it was filled in. Without Next the command is completed.
// A Stage is not changed once it has been returned.
type Stage struct {
	Form     *Form    // to be filled in; of the last stage, what came out
	Notes    []Note   // for people, beside the form
	Next     StepFunc // gets what was filled in; nil: there is nothing more to do
	Actions  []Action // ActionNext, ActionComplete or both, the default first; nil: ActionComplete
	NoReturn bool     // the asker cannot go back from here
	Payload  Payload  // an element after the form, or nil
	Lang     string   // of its texts; empty: not told
	Canceled func()   // called if the session ends here: canceled, expired, displaced, or with its extension; or nil
}

// An Action is what an asker wants of a command (XEP-0050, 4.1).
type Action string

// The actions. Canceling and going back is seen to by the component.
const (
	ActionExecute  Action = "execute" // begin, or do the default
	ActionNext     Action = "next"
	ActionPrev     Action = "prev"
	ActionComplete Action = "complete"
	ActionCancel   Action = "cancel"
)

// A Note is a line for a person (XEP-0050, 4.3).
type Note struct {
	Type NoteType // empty: NoteInfo
	Text string
}

// A NoteType says how bad it is.
type NoteType string

// The types of notes.
const (
	NoteInfo  NoteType = "info"
	NoteWarn  NoteType = "warn"
	NoteError NoteType = "error"
)

// Completed returns the last stage of a command that has nothing but a line to
// tell.
func Completed(format string, args ...any) *Stage {
	return &Stage{Notes: []Note{{NoteInfo, fmt.Sprintf(format, args...)}}}
}

// Failed returns the last stage of a command that did not do what it should
// (XEP-0050, 3.6). An asker who could do better next time is given an error
// instead, and tries again.
func Failed(format string, args ...any) *Stage {
	return &Stage{Notes: []Note{{NoteError, fmt.Sprintf(format, args...)}}}
}
