package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
)

// A namedError is one for the log that says which URL it is about.
type namedError struct {
	url string
	err error
}

// Error implements error.
func (e *namedError) Error() string { return fmt.Sprintf("webhook %s: %v", e.url, e.err) }

// Unwrap returns the error itself.
func (e *namedError) Unwrap() error { return e.err }

// named returns err with the URL. What reaches the requester stays as it is.
func (h *hook) named(err error) error {
	var said *component.Error
	var already *namedError
	if err == nil || errors.Is(err, component.ErrUnhandled) || errors.As(err, &said) || errors.As(err, &already) {
		return err
	}
	return &namedError{h.target.shown, err}
}

// naming has the errors of a handler say which URL they are about: those of what
// is in an answer, too.
func (h *hook) naming(next component.Handler) component.Handler {
	if next == nil {
		return nil
	}
	return component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
		p, err := next.ServeIQ(ctx, req)
		return p, h.named(err)
	})
}
