package handlers

import (
	"maps"
	"slices"

	"github.com/iqd-xmpp/iqd/handlers/disco"
	"github.com/iqd-xmpp/iqd/handlers/exec"
	"github.com/iqd-xmpp/iqd/handlers/last"
	"github.com/iqd-xmpp/iqd/handlers/ping"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/static"
	xtime "github.com/iqd-xmpp/iqd/handlers/time"
	"github.com/iqd-xmpp/iqd/handlers/vcard"
	"github.com/iqd-xmpp/iqd/handlers/version"
	"github.com/iqd-xmpp/iqd/handlers/webhook"
)

// A Registry holds a Factory for each kind of handler. It is an ordinary map, to
// be changed before it is used.
type Registry map[string]Factory

// Standard returns a new registry of the handlers of this module.
func Standard() Registry {
	return Registry{
		"disco":   With(disco.DefaultConfig, disco.New),
		"exec":    With(exec.DefaultConfig, exec.New),
		"last":    Plain(last.New),
		"ping":    Plain(ping.New),
		"roster":  With(roster.DefaultConfig, roster.New),
		"static":  With(static.DefaultConfig, static.New),
		"time":    With(xtime.DefaultConfig, xtime.New),
		"vcard":   With(vcard.DefaultConfig, vcard.New),
		"version": With(version.DefaultConfig, version.New),
		"webhook": With(webhook.DefaultConfig, webhook.New),
	}
}

// Names returns the names of the handlers in alphabetical order.
func (r Registry) Names() []string { return slices.Sorted(maps.Keys(r)) }
