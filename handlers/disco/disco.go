// Package disco answers XEP-0030: Service Discovery, for the component and for
// its nodes. Its items come in pages (XEP-0059: Result Set Management), and it
// tells how to reach the operator (XEP-0157: Contact Addresses for XMPP Services,
// in a form of XEP-0128: Service Discovery Extensions).
package disco

import (
	"context"
	"encoding/xml"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/rsm"
	"mellium.im/xmpp/disco/info"
)

// The namespaces of service discovery (XEP-0030, 10.1).
const (
	NSInfo  = "http://jabber.org/protocol/disco#info"
	NSItems = "http://jabber.org/protocol/disco#items"
)

// New returns an extension that tells what the component is and has. Features are
// those of the extensions beside it that the asker may use; they are read at each
// request, so that what is told is what is answered. It answers at the component's
// domain only: nobody lives at its other addresses.
func New(cfg Config, env component.Env) (component.Extension, error) {
	if err := cfg.validate(); err != nil {
		return component.Extension{}, err
	}
	nodes, err := newTree(cfg, env.JID)
	if err != nil {
		return component.Extension{}, err
	}
	s := &service{maxItems: cfg.MaxItems}
	if form := newForm(cfg.Contact); form != nil {
		s.forms = []component.Payload{form}
	}
	return component.Extension{
		Name:       "disco",
		Routes:     []component.Route{s.route(NSInfo, s.info), s.route(NSItems, s.items)},
		Features:   []string{rsm.NS}, // XEP-0059, 4
		Identities: []info.Identity{{Category: cfg.Category, Type: cfg.Type, Name: cfg.Name, Lang: cfg.Lang}},
		Nodes:      nodes,
	}, nil
}

// A service is what does not change from one request to the next.
type service struct {
	forms    []component.Payload
	maxItems int
}

func (*service) route(space string, f component.HandlerFunc) component.Route {
	return component.Route{Name: xml.Name{Space: space, Local: "query"}, Get: f, Quick: true}
}

// info answers XEP-0030, 3.
func (s *service) info(ctx context.Context, req *component.Request) (component.Payload, error) {
	n := nodeOf(req)
	if n.name == "" {
		inf := req.Mux().Info(ctx, req)
		inf.Forms = s.forms
		return &infoReply{n, inf}, nil
	}
	inf, err := req.Mux().NodeInfo(ctx, req, n.name)
	if err != nil {
		return nil, err
	}
	return &infoReply{n, sorted(inf)}, nil
}

// items answers XEP-0030, 4.
func (s *service) items(ctx context.Context, req *component.Request) (component.Payload, error) {
	n := nodeOf(req)
	query, err := rsm.Parse(req.Payload())
	if err != nil {
		return nil, err
	}
	list, err := req.Mux().NodeItems(ctx, req, n.name)
	if err != nil {
		return nil, err
	}
	r := &itemsReply{node: n, list: inOrder(list)}
	r.page, err = query.Page(len(r.list), s.maxItems, r.list.find)
	return r, err
}

// A node is the node attribute of a request.
type node struct {
	name  string // empty: the component itself
	there bool   // also an empty attribute comes back
}

func nodeOf(req *component.Request) node {
	name, there := req.Payload().Attr("node")
	return node{name, there}
}

// start opens the reply. XEP-0030, 3.2: it has the node that was asked.
func (n node) start(e *component.Encoder, space string) {
	e.Start(space, "query")
	if n.there {
		e.Attr("node", n.name)
	}
}
