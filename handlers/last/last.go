// Package last answers XEP-0012: Last Activity.
package last

import (
	"context"
	"encoding/xml"
	"strconv"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// NS is the namespace of last activity (XEP-0012, 2).
const NS = "jabber:iq:last"

// New returns an extension that tells for how many seconds it has been there
// (XEP-0012, 5: asked of a server or a component, the answer is its uptime).
// When the service was restarted is nobody's business but its own users'.
func New() component.Extension { return newWith(time.Now) }

func newWith(now func() time.Time) component.Extension {
	started := now()
	uptime := func(context.Context, *component.Request) (component.Payload, error) {
		return seconds(now().Sub(started) / time.Second), nil
	}
	return component.Extension{
		Name: "last",
		Routes: []component.Route{{
			Name:  xml.Name{Space: NS, Local: "query"},
			Get:   component.HandlerFunc(uptime),
			Quick: true,
		}},
		Access: component.LocalUsers,
	}
}

// Seconds is the time that the component has been up.
type seconds int64

// EncodeXML writes the query element of XEP-0012, 5.
func (s seconds) EncodeXML(e *component.Encoder) {
	e.Start(NS, "query")
	e.Attr("seconds", strconv.FormatInt(int64(s), 10))
	e.End()
}
