package component

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/stanza"
)

// An Error is a stanza error (RFC 6120, 8.3) that reaches the requester when a
// handler returns it, wrapped or not. Any other error reaches only the log.
type Error struct {
	Condition stanza.Condition
	Type      stanza.ErrorType // empty: what RFC 6120, 8.3.3 names for the condition
	Text      string           // for a person; may be empty
	Lang      string           // of Text; empty: English
	App       Payload          // an application element, or nil
}

// Errorf returns an *Error. Its type is the one that RFC 6120, 8.3.3 names for
// the condition.
func Errorf(cond stanza.Condition, format string, args ...any) error {
	return &Error{Condition: cond, Text: fmt.Sprintf(format, args...)}
}

// Error returns the condition and the text.
func (e *Error) Error() string {
	if e.Text == "" {
		return string(e.Condition)
	}
	return string(e.Condition) + ": " + e.Text
}

// asError returns the *Error in err, or nil. It is errors.As without its cost for
// what nearly always comes.
func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// ErrUnhandled is returned by a handler or a middleware to which the request is
// not for them: it is answered as if no route had matched.
var ErrUnhandled = errors.New("component: no handler for this request")

// isUnhandled is errors.Is without its cost for what nearly always comes.
func isUnhandled(err error) bool { return err == ErrUnhandled || errors.Is(err, ErrUnhandled) }

// Errors of outgoing requests. Compare with errors.Is.
var (
	// ErrDisconnected says that the stream broke while a request waited for its reply.
	ErrDisconnected = errors.New("component: the stream broke before the reply came")
	// ErrShutdown says that the component has stopped or is about to.
	ErrShutdown = errors.New("component: shutting down")
	// ErrOverload says that too many outgoing requests wait for a reply, or that the
	// server has yet to take too much of what was sent before.
	ErrOverload = errors.New("component: too much of what was sent waits for the server")
)

// A PeerError is the stanza error that an outgoing request got. A handler that
// returns it answers its own requester with internal-server-error: what a third
// party said is never passed on unasked.
type PeerError struct {
	From      string // who answered, as received
	Condition stanza.Condition
	Type      stanza.ErrorType
	Text      string
	Element   Element // the whole error element
}

// Error returns who answered and what, cut where a peer says too much for a log.
func (e *PeerError) Error() string {
	s := fmt.Sprintf("%q answered %s", clip(e.From), e.Condition)
	if e.Text != "" {
		s += fmt.Sprintf(": %q", clip(e.Text))
	}
	return s
}

// A TimeoutError says that no reply came in time. It is a
// context.DeadlineExceeded, and an ErrDisconnected when the stream broke
// meanwhile.
type TimeoutError struct{ Disconnected bool }

// Error says what happened.
func (e *TimeoutError) Error() string {
	if e.Disconnected {
		return "component: no reply in time, and the stream broke meanwhile"
	}
	return "component: no reply in time"
}

// Is makes a TimeoutError what its documentation says.
func (e *TimeoutError) Is(target error) bool {
	return target == context.DeadlineExceeded || target == ErrDisconnected && e.Disconnected
}

// A StreamError is what ended a stream (RFC 6120, 4.9).
type StreamError struct {
	Condition string // such as "not-authorized" or "conflict"
	Text      string // the server's words, or empty
	ByUs      bool   // we sent it: the server wrote what is not XMPP
	Setup     bool   // before the handshake was accepted
}

// Error returns the condition and the server's words, cut where they are too many.
func (e *StreamError) Error() string {
	var b strings.Builder
	b.WriteString("stream error ")
	b.WriteString(clip(e.Condition))
	if e.Text != "" {
		fmt.Fprintf(&b, ": %q", clip(e.Text))
	}
	return b.String()
}

// A panicError is what a handler's panic or runtime.Goexit becomes.
type panicError struct {
	value any // nil: runtime.Goexit
	stack []byte
}

func (e *panicError) Error() string {
	if e.value == nil {
		return "it ended its goroutine"
	}
	return fmt.Sprintf("panic: %v", e.value)
}

// usualType returns the type that RFC 6120, 8.3.3 names for a condition. It is
// empty when no such condition is defined.
func usualType(c stanza.Condition) stanza.ErrorType {
	switch c {
	case stanza.Conflict, stanza.FeatureNotImplemented, stanza.Gone, stanza.InternalServerError, stanza.ItemNotFound,
		stanza.NotAllowed, stanza.RemoteServerNotFound, stanza.ServiceUnavailable, stanza.UndefinedCondition:
		return stanza.Cancel
	case stanza.BadRequest, stanza.JIDMalformed, stanza.NotAcceptable, stanza.PolicyViolation, stanza.Redirect:
		return stanza.Modify
	case stanza.Forbidden, stanza.NotAuthorized, stanza.RegistrationRequired, stanza.SubscriptionRequired:
		return stanza.Auth
	case stanza.RecipientUnavailable, stanza.RemoteServerTimeout, stanza.ResourceConstraint, stanza.UnexpectedRequest:
		return stanza.Wait
	}
	return ""
}

// kind returns a defined condition and type, whatever the handler put in.
func (e *Error) kind() (stanza.Condition, stanza.ErrorType) {
	cond, usual := e.Condition, usualType(e.Condition)
	if usual == "" {
		cond, usual = stanza.UndefinedCondition, stanza.Cancel
	}
	switch e.Type {
	case stanza.Auth, stanza.Cancel, stanza.Continue, stanza.Modify, stanza.Wait:
		return cond, e.Type
	}
	return cond, usual
}

// sane returns e with a defined condition and type.
func (e *Error) sane() Error {
	s := *e
	s.Condition, s.Type = e.kind()
	return s
}
