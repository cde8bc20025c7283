package roster

import (
	"context"
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"mellium.im/xmpp/stanza"
)

// set adds, changes or removes one item (RFC 6121, 2.3 to 2.5) and has the change
// pushed once it is answered.
func (h *handler) set(ctx context.Context, req *component.Request) (component.Payload, error) {
	owner, err := ownerOf(req)
	if err != nil {
		return nil, err
	}
	item, err := h.readItem(owner, req.Payload())
	if err != nil {
		return nil, err
	}
	if item.Removed {
		item.Version, err = h.store.Remove(ctx, owner, item.JID)
	} else {
		item.Version, err = h.store.Set(ctx, owner, item)
	}
	if err != nil {
		if inDoubt(err) { // nobody hears of what may have changed: no later change either
			h.interest.leave(owner, "")
		}
		return nil, refusal(err)
	}
	if to := h.interest.of(owner, ""); len(to) > 0 {
		req.AfterReply(func(_ context.Context, rq component.Requester) {
			from := req.From
			if h.cfg.PushToSender || late(ctx) {
				from = ""
			}
			h.spread(rq, to, &item, from)
		})
	}
	return nil, nil
}

// inDoubt reports whether a change may have been made in spite of an error.
func inDoubt(err error) bool {
	for _, known := range []error{store.ErrUnchanged, store.ErrNotFound, store.ErrItems, store.ErrBytes, store.ErrOwners} {
		if errors.Is(err, known) {
			return false
		}
	}
	return true
}

// refusal returns the stanza error of what a store has refused. Anything else is
// ours to mend and not the requester's to know.
func refusal(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound): // RFC 6121, 2.5.3
		return component.Errorf(stanza.ItemNotFound, "no such item")
	case errors.Is(err, store.ErrItems), errors.Is(err, store.ErrBytes):
		return component.Errorf(stanza.NotAcceptable, "the roster is full")
	case errors.Is(err, store.ErrOwners):
		return component.Errorf(stanza.NotAcceptable, "no room for another roster")
	}
	return fmt.Errorf("change roster: %w", err)
}
