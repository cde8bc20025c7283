package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

const (
	notifyTimeout = 5 * time.Second
	mostNotices   = 64
)

// notices are the notifications under way. Sessions of commands that end together
// are told of one by one, and a webhook that hangs is not to hold that up.
type notices struct {
	places  chan struct{}
	running *sync.WaitGroup
}

func newNotices() notices { return notices{make(chan struct{}, mostNotices), new(sync.WaitGroup)} }

// start runs f, unless too many run already.
func (n notices) start(f func()) {
	select {
	case n.places <- struct{}{}:
	default:
		return
	}
	n.running.Go(func() {
		defer func() { <-n.places }()
		f()
	})
}

func (n notices) wait() { n.running.Wait() }

// Notify implements plugin.Transport. It does not wait.
func (h *hook) Notify(ctx context.Context, call *plugin.Call) {
	ctx = context.WithoutCancel(ctx)
	h.notices.start(func() {
		ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
		defer cancel()
		if resp, err := h.post(ctx, call.Append(ctx, nil, 0), false); err == nil {
			resp.Body.Close()
		}
	})
}
