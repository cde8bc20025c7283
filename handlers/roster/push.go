package roster

import (
	"context"
	"errors"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"mellium.im/xmpp/stanza"
)

// others returns the resources that hear of a change made by from.
func (h *handler) others(owner, from string) []resource {
	if h.cfg.PushToSender {
		from = ""
	}
	return h.interest.of(owner, from)
}

// spread pushes one change to resources of its owner.
func (h *handler) spread(rq component.Requester, to []resource, item *store.Item) {
	for _, r := range to {
		h.push(rq, r, item)
	}
}

// catchUp pushes what one resource has missed, in the order in which it happened
// (RFC 6121, 2.6.3).
func (h *handler) catchUp(rq component.Requester, asker resource, items []*store.Item) {
	for _, item := range items {
		if !h.push(rq, asker, item) {
			return
		}
	}
}

// push sends one change to one resource (RFC 6121, 2.1.6). A resource that missed
// one gets no more until it asks again: its version stays the one that it really
// has, so that what it missed is told it then.
func (h *handler) push(rq component.Requester, to resource, item *store.Item) bool {
	call := component.Call{Type: stanza.SetIQ, To: to.full, Payload: push{item}}
	err := rq.StartIQ(call, func(_ *component.Response, err error) {
		if missed(err) {
			h.interest.drop(to)
		}
	})
	if err != nil {
		h.interest.drop(to)
	}
	return err == nil
}

// missed reports whether err means that a push reached nobody. An error of a
// resource that is there is its own affair.
func missed(err error) bool {
	var peer *component.PeerError
	if !errors.As(err, &peer) {
		return err != nil
	}
	switch peer.Condition {
	case stanza.ServiceUnavailable, stanza.ItemNotFound, stanza.RecipientUnavailable, stanza.Gone,
		stanza.RemoteServerNotFound, stanza.RemoteServerTimeout, stanza.JIDMalformed:
		return true
	}
	return false
}

// presence forgets the resources that have gone (RFC 6121, 4.5).
func (h *handler) presence(_ context.Context, st *component.Stanza) {
	if st.Kind != "presence" || st.Type != "unavailable" {
		return
	}
	bare, res := cut(st.From)
	owner, err := normal(bare)
	if err != nil {
		return
	}
	h.interest.leave(owner, res)
}
