package roster

import (
	"context"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// getDelegated answers who has asked the own server, which delegates rosters to us
// (XEP-0355): with the whole roster, or with an empty result if that is what the
// asker has. Changes alone would have to be pushed (RFC 6121, 2.6.3), and a push
// counts from the asker's own account alone, for which we cannot speak.
func (h *handler) getDelegated(ctx context.Context, owner string, req *component.Request) (component.Payload, error) {
	r, err := h.store.Roster(ctx, owner, since(req.Payload()))
	if err == nil && !r.Full && len(r.Items) > 0 {
		r, err = h.store.Roster(ctx, owner, store.Everything)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read roster: %w", err)
	case !r.Full:
		return nil, nil
	}
	return &result{version: r.Version, items: r.Items}, nil
}
