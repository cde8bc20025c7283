package component_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

const modelPeer = "peer@example.net/x" // whom handlers of the model ask

// A ran is one call of a handler of the model.
type ran struct {
	n          int
	ext        *modelExt
	owner      string // bare JID
	start, end time.Time
	turn       [2]int // of all starts and ends, in their order
}

// A modelExt is an extension in service.
type modelExt struct {
	name   string
	closed int
}

// A modelCast is all handlers of a run, and what they did.
type modelCast struct {
	mu     sync.Mutex
	ran    []*ran
	turns  int
	exts   []*modelExt
	wrong  []string
	gate   chan struct{} // what hangs waits for it
	panics int
	hooks  map[int]int // how often the hook of a request ran
}

// ext returns a new extension with all routes of the model.
func (c *modelCast) ext(name string, ordered bool, most int) component.Extension {
	e := &modelExt{name: name}
	c.mu.Lock()
	c.exts = append(c.exts, e)
	c.mu.Unlock()
	x := component.Extension{Name: name, Ordered: ordered, MaxInFlight: most, Close: func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		e.closed++
		return nil
	}}
	h := component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
		return c.serve(ctx, req, e)
	})
	known := map[string]bool{"unknown": true}
	for _, does := range modelDoings() {
		if known[does] {
			continue
		}
		known[does] = true
		timeout := modelAsk{does: does}.timeout()
		for local, quick := range map[string]bool{does: false, "quick-" + does: true} {
			x.Routes = append(x.Routes, component.Route{Name: xmlName(name, local), At: component.Domain | component.User, Get: h, Set: h, Quick: quick, Timeout: timeout})
		}
	}
	return x
}

// serve notes when a handler starts and ends, and lets it do what was asked.
func (c *modelCast) serve(ctx context.Context, req *component.Request, e *modelExt) (component.Payload, error) {
	n, _ := strconv.Atoi(req.Payload().Get("n"))
	owner, _, _ := strings.Cut(req.From, "/")
	r := &ran{n: n, ext: e, owner: owner, start: time.Now()}
	c.mu.Lock()
	c.turns++
	r.turn[0] = c.turns
	c.ran = append(c.ran, r)
	if e.closed > 0 {
		c.wrong = append(c.wrong, fmt.Sprintf("request %d: handler called after its extension was closed", n))
	}
	gate := c.gate
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.turns++
		r.end, r.turn[1] = time.Now(), c.turns
	}()
	return c.act(ctx, req, n, gate)
}

func (c *modelCast) act(ctx context.Context, req *component.Request, n int, gate chan struct{}) (component.Payload, error) {
	sleep, _ := strconv.Atoi(req.Payload().Get("ns"))
	does := strings.TrimPrefix(req.Name.Local, "quick-")
	switch does {
	case "panic", "goexit":
		c.explode(does)
	case "fail":
		return nil, errors.New("model")
	case "deny":
		return nil, component.Errorf(stanza.Forbidden, "%d", n)
	case "bad":
		return component.Text("urn:model", "r", "\x01"), nil
	case "twin":
		return component.PayloadFunc(func(e *component.Encoder) { e.Empty("urn:model", "r"); e.Empty("urn:model", "r") }), nil
	case "big":
		return padded(n, 20_000), nil
	case "large":
		return padded(n, 600_000), nil
	case "hook", "hookpanic":
		c.hook(req, n, does)
	case "asks":
		if _, err := req.Requester().SendIQ(ctx, component.Call{To: modelPeer, Payload: component.Text("urn:model", "q", "")}); err != nil {
			return nil, err
		}
	case "patient":
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(sleep)):
		}
	default:
		idle(ctx, does, time.Duration(sleep), gate)
	}
	return padded(n, 0), nil
}

// idle takes time in one way or another.
func idle(ctx context.Context, does string, sleep time.Duration, gate chan struct{}) {
	switch does {
	case "nap":
		time.Sleep(sleep)
	case "hang":
		<-gate
	case "stubborn":
		<-ctx.Done()
	case "derive":
		ctx, cancel := context.WithTimeout(ctx, sleep)
		defer cancel()
		<-ctx.Done()
	}
}

func (c *modelCast) explode(does string) {
	c.count(&c.panics)
	if does == "panic" {
		panic("model")
	}
	runtime.Goexit()
}

// hook leaves something to be sent after the reply.
func (c *modelCast) hook(req *component.Request, n int, does string) {
	req.AfterReply(func(_ context.Context, r component.Requester) {
		c.mu.Lock()
		c.hooks[n]++
		c.mu.Unlock()
		if does == "hookpanic" {
			c.count(&c.panics)
			panic("model")
		}
		_ = r.Send(component.Stanza{Kind: "message", To: req.From, ID: fmt.Sprint("hook-", n)})
	})
}

func (c *modelCast) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// open lets go what hangs now. At the end nothing is to hang any more.
func (c *modelCast) open(end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.gate)
	if !end {
		c.gate = make(chan struct{})
	}
}

// padded is the result of a request, with its number in it.
func padded(n, size int) component.Payload {
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start("urn:model", "r")
		e.Attr("n", strconv.Itoa(n))
		e.Text(strings.Repeat("x", size))
		e.End()
	})
}
