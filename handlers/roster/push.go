package roster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"mellium.im/xmpp/stanza"
)

// spread pushes one change to resources of its owner. The one that made it has
// its answer, unless that came too late.
func (h *handler) spread(rq component.Requester, to []*resource, item *store.Item, from string) {
	_, res := cut(from)
	for _, r := range to {
		if from == "" || !r.named(res) {
			h.complain(r, h.push(rq, r, item))
		}
	}
}

// catchUp pushes what one resource has missed, in the order in which it happened
// (RFC 6121, 2.6.3).
func (h *handler) catchUp(rq component.Requester, asker *resource, items []*store.Item) {
	h.interest.mu.Lock()
	asker.extra = len(items)
	h.interest.mu.Unlock()
	for _, item := range items {
		if err := h.push(rq, asker, item); err != nil {
			h.complain(asker, err)
			return
		}
	}
}

// late reports whether the deadline of a request may have been before its reply:
// then the asker was told of an error.
func late(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// complain logs why a push was not sent: once a minute when the component itself
// had no room for it.
func (h *handler) complain(r *resource, err error) {
	switch {
	case err == nil || errors.Is(err, component.ErrShutdown):
	case !errors.Is(err, errFull) && h.minute.passed():
		h.log.Warn("roster pushes cannot be sent; who missed one gets no more until it asks again", "to", r.full, "err", err)
	default:
		h.log.Debug("roster push not sent", "to", r.full, "err", err)
	}
}

// A minute says when one has passed since it said so last.
type minute struct {
	mu   sync.Mutex
	last time.Time
}

func (m *minute) passed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.last.IsZero() && time.Since(m.last) < time.Minute {
		return false
	}
	m.last = time.Now()
	return true
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
