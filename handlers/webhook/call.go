package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"mellium.im/xmpp/stanza"
)

// A temporary error is one that may be gone the next moment.
type temporary struct{ error }

// Unwrap returns the error itself.
func (t temporary) Unwrap() error { return t.error }

// Call implements plugin.Transport. What may be asked twice is, after a temporary
// error, as long as there is time.
func (h *hook) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	delays := &backoff.ExponentialBackOff{
		InitialInterval: 100 * time.Millisecond, MaxInterval: 2 * time.Second, Multiplier: 2, RandomizationFactor: 0.5,
	}
	delays.Reset()
	for tries := 0; ; tries++ {
		m, err := h.ask(ctx, call)
		var again temporary
		if tries == h.retries || !call.Repeatable || !errors.As(err, &again) || !pause(ctx, delays.NextBackOff()) {
			return m, h.final(err)
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ask posts a call once.
func (h *hook) ask(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	number := h.number.Add(1)
	resp, err := h.post(ctx, call.Append(ctx, nil, number), call.Repeatable)
	switch {
	case isAbsent(err):
		return plugin.Message{}, temporary{err}
	case err != nil:
		return plugin.Message{}, fmt.Errorf("post: %w", err)
	}
	defer resp.Body.Close()
	return h.answer(resp, number)
}

// isAbsent reports whether err says that there was nobody to send a request to.
func isAbsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// final returns the error of the last try. That nobody is there the requester is
// told, and the log too.
//
// RFC 6120, 8.3.3.17: remote-server-timeout is of a service needed to fulfil a
// request, too.
func (h *hook) final(err error) error {
	if !isAbsent(err) {
		return h.named(err)
	}
	h.log.Warn("webhook cannot be reached", slog.String("url", h.target.shown), slog.Any("err", err))
	return component.Errorf(stanza.RemoteServerTimeout, "the service behind this one cannot be reached")
}
