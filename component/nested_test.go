package component_test

import (
	"context"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
)

// A mux behind a middleware is a plain handler. Its places are the component's,
// and each is given back: 256 may run at once, so 600 in a row show it.
func TestMuxBehindMiddleware(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		mux := muxOf(t, component.Extension{Name: "inner", Routes: []component.Route{{
			Name: name("q"), Quick: quick,
			Get: component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) {
				return component.Text(nsTest, "by", req.Handler()), nil
			}),
		}}})
		r := begin(t, quiet(component.Recover()(mux)))
		for range 600 {
			if got := r.ask(juliet); got.el.Child(nsTest, "by").Text() != "inner" {
				t.Fatalf("got %s", got.raw)
			}
		}
		r.alive()
	})
}
