package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
	"mellium.im/xmpp/stanza"
)

// An Error is the error object of JSON-RPC 2.0, section 5.1.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// ErrorData is the data of an Error that reaches the requester as a stanza error
// (RFC 6120, 8.3).
type ErrorData struct {
	Condition string `json:"condition"`
	Type      string `json:"type,omitempty"` // empty: what RFC 6120, 8.3.3 names for the condition
	Text      string `json:"text,omitempty"`
	Lang      string `json:"lang,omitempty"`    // of the text; empty: English
	Payload   string `json:"payload,omitempty"` // the application's own element
}

// Codes of errors.
const (
	CodeFailed   = 1      // what a plugin's own errors have
	CodePeer     = 2      // a request of a plugin's own got an error, or no answer
	CodeTooMany  = 3      // of a plugin's own requests are under way
	CodeParams   = -32602 // JSON-RPC 2.0, 5.1: invalid params
	CodeNoMethod = -32601 // JSON-RPC 2.0, 5.1: method not found
)

// Payload returns what the answer to an IQ holds: nil for an empty result, or the
// error of a handler.
func (m *Message) Payload() (component.Payload, error) {
	if m.Error != nil {
		return nil, m.Error.err()
	}
	payload := m.payload
	if payload == nil {
		var r struct {
			Payload *string `json:"payload"`
		}
		if err := json.Unmarshal(m.Result, &r); err != nil {
			return nil, fmt.Errorf("plugin's result: %w: %s", err, Clip(m.Result))
		}
		payload = r.Payload
	}
	if payload == nil {
		return nil, m.checkEmpty()
	}
	if *payload == "" {
		return nil, nil
	}
	el, err := ParsePayload(*payload)
	if err != nil {
		return nil, fmt.Errorf("plugin's result: %w", err)
	}
	return el, nil
}

// checkEmpty tells an empty result from one whose payload has another name.
func (m *Message) checkEmpty() error {
	var members map[string]json.RawMessage
	err := json.Unmarshal(m.Result, &members)
	if _, ok := members["payload"]; err != nil || len(members) > 0 && !ok {
		return fmt.Errorf(`plugin's result has no "payload": %s`, Clip(m.Result))
	}
	return nil
}

// ParsePayload returns the one element that a payload is. White space around it is
// passed over.
func ParsePayload(text string) (component.Element, error) {
	text = strings.Trim(text, " \t\r\n")
	el, err := component.ParseElement(text)
	if err != nil {
		return component.Element{}, fmt.Errorf("payload: %w: %s", err, Clip(text))
	}
	if space := el.Name().Space; foreign(space) {
		return component.Element{}, fmt.Errorf("payload: %q is in the namespace %q, which is none of a payload: %s", el.Name().Local, space, Clip(text))
	}
	return el, nil
}

// foreign reports whether a namespace is that of stanzas and streams, which are
// iqd's to write, or none.
func foreign(space string) bool {
	switch space {
	case "", "jabber:client", "jabber:server", "jabber:component:accept", "http://etherx.jabber.org/streams":
		return true
	}
	return false
}

// err returns what a handler returns for the error. One that names no condition is
// for the log, and reaches the requester as internal-server-error.
func (e *Error) err() error {
	var data ErrorData
	if len(e.Data) > 0 && e.Data[0] == '{' {
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return fmt.Errorf("plugin's error: data: %w: %s", err, Clip(e.Data))
		}
	}
	switch {
	case data.Condition != "":
		return data.err()
	case e.Code == CodeNoMethod:
		return component.ErrUnhandled
	}
	return fmt.Errorf("plugin answered error %d: %s", e.Code, Clip(e.Message))
}

func (d *ErrorData) err() error {
	if err := d.check(); err != nil {
		return fmt.Errorf("plugin's error: data: %w", err)
	}
	e := &component.Error{
		Condition: stanza.Condition(d.Condition), Type: stanza.ErrorType(d.Type), Text: d.Text, Lang: d.Lang,
	}
	if d.Payload != "" {
		el, err := ParsePayload(d.Payload)
		if err != nil {
			return fmt.Errorf("plugin's error: data: %w", err)
		}
		e.App = el
	}
	return e
}

func (d *ErrorData) check() error {
	if !slices.Contains(conditions(), stanza.Condition(d.Condition)) {
		return fmt.Errorf("condition: %s is none of RFC 6120, 8.3.3", Clip(d.Condition))
	}
	switch stanza.ErrorType(d.Type) {
	case "", stanza.Auth, stanza.Cancel, stanza.Continue, stanza.Modify, stanza.Wait:
	default:
		return fmt.Errorf("type: %s is none of RFC 6120, 8.3.2", Clip(d.Type))
	}
	if d.Lang != "" {
		if err := check.Lang(d.Lang); err != nil {
			return errors.New("lang: " + Clip(d.Lang) + " is no language tag")
		}
	}
	if err := check.Text(d.Text); err != nil {
		return errors.New("text: " + Clip(d.Text) + " has a character that XML forbids")
	}
	return nil
}

// conditions are those of RFC 6120, 8.3.3.
func conditions() []stanza.Condition {
	return []stanza.Condition{
		stanza.BadRequest, stanza.Conflict, stanza.FeatureNotImplemented, stanza.Forbidden, stanza.Gone,
		stanza.InternalServerError, stanza.ItemNotFound, stanza.JIDMalformed, stanza.NotAcceptable, stanza.NotAllowed,
		stanza.NotAuthorized, stanza.PolicyViolation, stanza.RecipientUnavailable, stanza.Redirect,
		stanza.RegistrationRequired, stanza.RemoteServerNotFound, stanza.RemoteServerTimeout, stanza.ResourceConstraint,
		stanza.ServiceUnavailable, stanza.SubscriptionRequired, stanza.UndefinedCondition, stanza.UnexpectedRequest,
	}
}
