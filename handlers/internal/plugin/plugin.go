// Package plugin is what the kinds of plugin share: the keys of their sections,
// the routes made of them, and the messages that go to and fro. It does no I/O.
//
// A kind embeds [Config] in a Config of its own, so that the keys stand side by
// side in the section, and makes its extension with one of two methods:
//
//   - [Config.Extension] where the plugin is asked in JSON: the kind implements
//     [Transport], which carries a [Call] there and a [Message] back. Requests,
//     commands, the checking of answers and the mapping of errors are done here.
//   - [Config.Serve] where the kind answers by itself, as a component.Handler.
//
// Both check the keys, return an error that begins with the key that is wrong,
// and let only local users in; who wants another default sets Extension.Access.
// A Transport is a few lines where the way there is short:
//
//	func (t *transport) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
//		body := call.Append(ctx, nil, t.number.Add(1))
//		answer, err := t.post(ctx, body, call.Repeatable)
//		if err != nil {
//			return plugin.Message{}, err // a *component.Error reaches the requester, any other only the log
//		}
//		return plugin.Decode(answer)
//	}
package plugin

import (
	"context"

	"github.com/iqd-xmpp/iqd/component"
)

// A Transport carries calls to a plugin. It is used by any number of goroutines
// at once.
type Transport interface {
	// Call returns the answer of the plugin. An error is what a handler's error is:
	// a *component.Error reaches the requester, any other only the log. When ctx
	// ends, so does Call.
	Call(ctx context.Context, call *Call) (Message, error)

	// Notify tells the plugin something that it does not answer, if that can be
	// done without waiting long. What becomes of it nobody is told.
	Notify(ctx context.Context, call *Call)
}

// iqHandler asks a plugin what to answer.
type iqHandler struct{ t Transport }

// ServeIQ implements component.Handler.
func (h iqHandler) ServeIQ(ctx context.Context, req *component.Request) (component.Payload, error) {
	m, err := h.t.Call(ctx, NewIQ(req))
	if err != nil {
		return nil, err
	}
	return m.Payload()
}
