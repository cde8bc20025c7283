package roster

import (
	"context"
	"fmt"
	"strconv"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// get answers with the whole roster, or with an empty result that the changes
// since the version of the asker follow (RFC 6121, 2.6.3). Whoever asks is
// interested in pushes from now on (RFC 6121, 2.2).
//
// Items in the request are not looked at (RFC 6121, 2.1.3 has none there).
func (h *handler) get(ctx context.Context, req *component.Request) (component.Payload, error) {
	owner, err := ownerOf(req)
	if err != nil {
		return nil, err
	}
	if req.Via != "" {
		return h.getDelegated(ctx, owner, req)
	}
	asker := h.interest.add(owner, req.From) // before the reading: no change falls in between
	r, err := h.store.Roster(ctx, owner, since(req.Payload()))
	if err != nil {
		h.interest.drop(asker)
		return nil, fmt.Errorf("read roster: %w", err)
	}
	if r.Full {
		req.AfterReply(func(context.Context, component.Requester) {
			if late(ctx) { // the asker has nothing that a push could change
				h.interest.drop(asker)
			}
		})
		return &result{version: r.Version, items: r.Items}, nil
	}
	if len(r.Items) > 0 {
		req.AfterReply(func(_ context.Context, rq component.Requester) {
			h.catchUp(rq, asker, r.Items)
		})
	}
	return nil, nil
}

// since returns the version that the asker has. None, an empty one and one that
// we never gave out are all the same: everything is new (RFC 6121, 2.6.2 and 2.6.3).
func since(query component.Element) int64 {
	ver := query.Get("ver")
	n, err := strconv.ParseInt(ver, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != ver {
		return store.Everything
	}
	return n
}

// A result is a whole roster.
type result struct {
	version int64
	items   []*store.Item
}

// EncodeXML writes the query element of RFC 6121, 2.1.4.
func (r *result) EncodeXML(e *component.Encoder) {
	startQuery(e, r.version)
	for _, it := range r.items {
		encodeItem(e, it)
	}
	e.End()
}

// A push is one change of a roster.
type push struct{ item *store.Item }

// EncodeXML writes the query element of RFC 6121, 2.1.6.
func (p push) EncodeXML(e *component.Encoder) {
	startQuery(e, p.item.Version)
	encodeItem(e, p.item)
	e.End()
}

func startQuery(e *component.Encoder, version int64) {
	e.Start(NS, "query")
	e.Attr("ver", strconv.FormatInt(version, 10))
}

var itemTag = component.MustTag("item", "jid", "name", "subscription")

// encodeItem writes an item element (RFC 6121, 2.1.2).
func encodeItem(e *component.Encoder, it *store.Item) {
	subscription := "none"
	if it.Removed {
		subscription = "remove"
	}
	e.StartTag(itemTag, it.JID, it.Name, subscription)
	for _, g := range it.Groups {
		e.Start("", "group")
		e.Text(g)
		e.End()
	}
	e.End()
}
