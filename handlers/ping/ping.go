// Package ping answers XEP-0199: XMPP Ping.
package ping

import (
	"context"
	"encoding/xml"

	"github.com/iqd-xmpp/iqd/component"
)

// NS is the namespace of a ping (XEP-0199, 3).
const NS = "urn:xmpp:ping"

// New returns an extension that answers every ping with an empty result. It
// answers at the component's domain only: a result from an account or a resource
// would say that somebody is connected there (XEP-0199, 4.4), and nobody
// is.
func New() component.Extension {
	return component.Extension{Name: "ping", Routes: []component.Route{{
		Name:  xml.Name{Space: NS, Local: "ping"},
		Get:   component.HandlerFunc(pong),
		Quick: true,
	}}}
}

func pong(context.Context, *component.Request) (component.Payload, error) { return nil, nil }
