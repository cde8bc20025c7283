package component_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestHooks: what AfterReply is given runs after the reply, and once, whatever
// becomes of the handler; what it sends follows the reply.
func TestHooks(t *testing.T) {
	for label, ending := range map[string]func() (component.Payload, error){
		"result": func() (component.Payload, error) { return nil, nil },
		"error":  func() (component.Payload, error) { return nil, errors.New("x") },
		"panic":  func() (component.Payload, error) { panic("x") },
		"goexit": func() (component.Payload, error) { runtime.Goexit(); return nil, nil },
		"slow":   func() (component.Payload, error) { <-time.After(20 * time.Millisecond); return nil, nil },
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					req.AfterReply(func(context.Context, component.Requester) { panic("a hook on fire") })
					req.AfterReply(func(ctx context.Context, q component.Requester) {
						if ctx.Err() != nil {
							t.Errorf("the context of a hook has ended: %v", ctx.Err())
						}
						if err := q.Send(component.Stanza{Kind: "message", ID: "push-" + req.ID, To: req.From}); err != nil {
							t.Errorf("Send() = %v", err)
						}
					})
					return ending()
				})
				for range 5 {
					id := r.get(juliet)
					if first, second := r.next(), r.next(); first.id != id || second.id != "push-"+id {
						t.Errorf("first %s, then %s", first.raw, second.raw)
					}
				}
				r.alive()
			})
		})
	}
}

// A hook that ends its goroutine takes neither the reading nor a place with it.
func TestHookGoexit(t *testing.T) {
	for label, slow := range map[string]time.Duration{"at once": 0, "handed over": 10 * time.Millisecond} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				var calls atomic.Int64
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					if slow > 0 {
						<-time.After(slow)
					}
					req.AfterReply(func(context.Context, component.Requester) { calls.Add(1); runtime.Goexit() })
					return nil, nil
				})
				for range 20 {
					r.ask(juliet).wants(t, "result")
				}
				r.alive()
				r.wait("each hook was called", func() bool { return calls.Load() >= 20 })
				if n := calls.Load(); n != 20 {
					t.Errorf("20 hooks were called %d times", n)
				}
			})
		})
	}
}

// A reply does not wait for the hooks that follow it.
func TestReplyBeforeSlowHook(t *testing.T) {
	for label, slow := range map[string]time.Duration{"at once": 0, "handed over": 20 * time.Millisecond} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				g := newGate()
				defer g.open()
				r := serve(t, quick, func(_ context.Context, req *component.Request) (component.Payload, error) {
					if slow > 0 {
						<-time.After(slow)
					}
					req.AfterReply(func(context.Context, component.Requester) { <-g.ch })
					return nil, nil
				})
				start := time.Now()
				r.ask(juliet).wants(t, "result")
				if took := time.Since(start); took > 10*time.Second { // the next check of the stream would take it along
					t.Errorf("the reply came after %s", took)
				}
				r.alive()
			})
		})
	}
}
