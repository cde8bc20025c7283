package roster

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"mellium.im/xmpp/stanza"
)

// Bounds of pushes: of those that are not answered, so that one owner cannot use
// up the requests that the component may have under way, and of those that wait.
const (
	mostUnanswered = 128      // of a resource
	mostOfOwner    = 256      // of all resources of an owner
	mostHeld       = 256      // waiting for a resource, beside what it asked for
	mostOwnerBytes = 4 << 20  // waiting for all resources of an owner
	mostBytes      = 64 << 20 // waiting for all owners

	// patience is how long a push may be unanswered before the next one waits.
	patience = 5 * time.Second
)

var errFull = errors.New("too many pushes wait for the resource to answer")

// A window is what is on its way to a resource, and what waits. It is shut while
// the fate of an earlier push is in doubt.
type window struct {
	unanswered []*sent // the oldest in front
	held       []*store.Item
	extra      int // how many more than mostHeld may wait: it asked for them
}

// A sent push has no answer yet.
type sent struct {
	at     time.Time
	losses uint64 // of streams, until then
}

// losses returns how often the stream broke, if rq knows as a *component.Component
// does.
func losses(rq component.Requester) uint64 {
	if c, ok := rq.(interface{ Stats() component.Stats }); ok {
		return c.Stats().Lost
	}
	return 0
}

// open reports whether a push may be sent: the oldest that is not answered is
// young, and went out on the stream that is up.
func (r *resource) open(lost uint64) bool {
	if len(r.unanswered) == 0 {
		return r.of.unanswered < mostOfOwner
	}
	oldest := r.unanswered[0]
	return len(r.unanswered) < mostUnanswered && r.of.unanswered < mostOfOwner &&
		oldest.losses == lost && time.Since(oldest.at) < patience
}

// push sends an item now, or as soon as the window opens. On an error the
// resource gets no more.
func (h *handler) push(rq component.Requester, r *resource, item *store.Item) error {
	in := h.interest
	in.mu.Lock()
	defer in.mu.Unlock()
	if r.gone {
		return nil
	}
	var err error
	if lost := losses(rq); len(r.held) == 0 && r.open(lost) {
		err = h.send(rq, r, item, lost)
	} else {
		err = in.hold(r, item)
	}
	if err != nil {
		in.end(r)
		in.tidy(r.of)
	}
	return err
}

// send starts the request of a push. The lock of the interest is held, so that
// pushes go out in order; StartIQ waits for nobody.
func (h *handler) send(rq component.Requester, r *resource, item *store.Item, lost uint64) error {
	s := &sent{at: time.Now(), losses: lost}
	call := component.Call{Type: stanza.SetIQ, To: r.full, Payload: push{item}}
	err := rq.StartIQ(call, func(_ *component.Response, err error) { h.answered(rq, r, s, err) })
	if err != nil {
		return err
	}
	r.unanswered = append(r.unanswered, s)
	r.of.unanswered++
	return nil
}

// answered takes notice of the outcome of a push, and sends what waited for it.
func (h *handler) answered(rq component.Requester, r *resource, s *sent, err error) {
	in := h.interest
	in.mu.Lock()
	r.unanswered = slices.DeleteFunc(r.unanswered, func(o *sent) bool { return o == s })
	r.of.unanswered--
	if missed(err) && !r.gone {
		in.end(r)
		h.log.Debug("roster resource gets no pushes until it asks again", "to", r.full, "err", err)
	}
	var failed error
	for _, other := range slices.Clone(r.of.resources) {
		if err := h.flush(rq, other); err != nil {
			failed = err
			in.end(other)
		}
	}
	in.tidy(r.of)
	in.mu.Unlock()
	h.complain(r, failed)
}

// flush sends what waits, as far as the window is open.
func (h *handler) flush(rq component.Requester, r *resource) error {
	if len(r.held) == 0 {
		return nil
	}
	for lost := losses(rq); len(r.held) > 0 && r.open(lost); h.interest.unhold(r) {
		if err := h.send(rq, r, r.held[0], lost); err != nil {
			return err
		}
	}
	return nil
}

// hold lets a copy of an item wait: the strings of the item may be cut from a
// large stanza.
func (in *interest) hold(r *resource, item *store.Item) error {
	size := item.Size()
	if len(r.held) >= mostHeld+r.extra || r.of.held+size > mostOwnerBytes || in.held+size > mostBytes {
		return errFull
	}
	c := *item
	c.JID, c.Name, c.Groups = strings.Clone(c.JID), strings.Clone(c.Name), slices.Clone(c.Groups)
	for i, g := range c.Groups {
		c.Groups[i] = strings.Clone(g)
	}
	r.held = append(r.held, &c)
	r.of.held += size
	in.held += size
	return nil
}

// unhold takes the first item out of those that wait.
func (in *interest) unhold(r *resource) {
	size := r.held[0].Size()
	r.held[0] = nil
	r.held = r.held[1:]
	r.of.held -= size
	in.held -= size
}
