package component

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"mellium.im/xmpp/stanza"
)

// Allow lets through the requests that ok accepts. To all others the handler is
// not there.
func Allow(ok func(*Request) bool) Middleware {
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, req *Request) (Payload, error) {
			if !ok(req) {
				return nil, ErrUnhandled
			}
			return next.ServeIQ(ctx, req)
		})
	}
}

// Log writes a line for each request at level Debug, with how long the handler
// took and how it ended.
func Log(log *slog.Logger) Middleware {
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, req *Request) (Payload, error) {
			if !log.Enabled(ctx, slog.LevelDebug) {
				return next.ServeIQ(ctx, req)
			}
			start := time.Now()
			p, err := next.ServeIQ(ctx, req)
			attrs := append(requestAttrs(req), slog.Duration("dur", time.Since(start)))
			if err != nil {
				attrs = append(attrs, slog.String("err", clip(err.Error())))
			}
			log.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
			return p, err
		})
	}
}

// Recover turns a panic of the handler into an error with the stack, so that the
// middleware outside sees how the request ended. Without it the component
// recovers all the same.
func Recover() Middleware {
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, req *Request) (p Payload, err error) {
			defer func() {
				if v := recover(); v != nil {
					p, err = nil, &panicError{value: v, stack: debug.Stack()}
				}
			}()
			return next.ServeIQ(ctx, req)
		})
	}
}

// Limit lets each bare JID make perSecond requests a second, and burst of them at
// once. What is over that is answered with resource-constraint (wait). It
// remembers at most the last 10,000 requesters.
func Limit(perSecond float64, burst int) Middleware {
	l := &limiter{perSecond: rate.Limit(perSecond), burst: burst, byJID: map[string]*rate.Limiter{}}
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, req *Request) (Payload, error) {
			if !l.of(bareOf(req.From)).Allow() {
				return nil, Errorf(stanza.ResourceConstraint, "too many requests")
			}
			return next.ServeIQ(ctx, req)
		})
	}
}

const rememberedRequesters = 10000

// A limiter holds the buckets of Limit. One that is full again is as good as
// none, so those are thrown away first.
type limiter struct {
	perSecond rate.Limit
	burst     int
	mu        sync.Mutex
	byJID     map[string]*rate.Limiter
}

func (l *limiter) of(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.byJID[key]
	if b == nil {
		if len(l.byJID) >= rememberedRequesters {
			l.forget()
		}
		b = rate.NewLimiter(l.perSecond, l.burst)
		l.byJID[key] = b
	}
	return b
}

func (l *limiter) forget() {
	for k, b := range l.byJID {
		if b.Tokens() >= float64(l.burst) {
			delete(l.byJID, k)
		}
	}
	for k := range l.byJID { // all are in use: forget half of them
		if len(l.byJID) <= rememberedRequesters/2 {
			break
		}
		delete(l.byJID, k)
	}
}

// Observe calls f after each handler call: for metrics. The error is what the
// handler returned, of whatever type; see Outcome. f is called concurrently and
// does not block.
func Observe(f func(req *Request, err error, took time.Duration)) Middleware {
	epoch := time.Now() // time.Since reads one clock, time.Now two
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, req *Request) (Payload, error) {
			start := time.Since(epoch)
			p, err := next.ServeIQ(ctx, req)
			f(req, err, time.Since(epoch)-start)
			return p, err
		})
	}
}

// outcomes are the words of Outcome.
var outcomes = [...]string{"result", "unhandled", "error", "failure"}

// Outcome returns in one word how a handler's call ended: "result", "unhandled",
// "error" for a stanza error, "failure" for any other one.
func Outcome(err error) string { return outcomes[outcomeOf(err)] }

// outcomeOf returns the index of the word in outcomes.
func outcomeOf(err error) int {
	switch {
	case err == nil:
		return 0
	case isUnhandled(err):
		return 1
	case asError(err) != nil:
		return 2
	}
	return 3
}

// requestAttrs is what a log line tells of a request.
func requestAttrs(req *Request) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("handler", req.Handler()), slog.String("id", clip(req.ID)),
		slog.String("from", clip(req.From)), slog.String("ns", clip(req.Name.Space)),
	}
	if req.Via != "" {
		attrs = append(attrs, slog.String("via", clip(req.Via)))
	}
	return attrs
}

// clip bounds what a peer can put into one field of a log line. Quoting is the
// log handler's business.
func clip(s string) string {
	const most = 256
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
