package component

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

const mostCalls = 10000 // requests of our own that may wait for a reply

// newID returns an id that nobody can guess, so that nobody can answer in place
// of the one who was asked.
func newID() string { return rand.Text() }

// calls is the table of our own requests that wait for a reply.
type calls struct {
	c       *Component
	mu      sync.Mutex
	waiting map[string]*call
	closed  bool
}

// A call is one of them.
type call struct {
	id     string
	peer   string // who was asked, folded
	done   chan outcome
	broken atomic.Bool // the stream broke meanwhile
}

type outcome struct {
	resp *Response
	err  error
}

// SendIQ implements Requester.
func (c *Component) SendIQ(ctx context.Context, call Call) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	w, err := c.start(call, deadline, false)
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, w)
}

// StartIQ implements Requester.
func (c *Component) StartIQ(call Call, done func(*Response, error)) error {
	deadline := time.Now().Add(c.cfg.CallTimeout)
	if !c.calls.enter() {
		return ErrShutdown
	}
	waited := false
	defer func() {
		if !waited { // an error, or a payload that panicked
			c.wg.Done()
		}
	}()
	w, err := c.start(call, deadline, false)
	if err != nil {
		return err
	}
	waited = true
	go func() {
		defer c.wg.Done()
		ctx, cancel := context.WithDeadline(c.base, deadline)
		defer cancel()
		resp, err := c.wait(ctx, w)
		if done != nil {
			done(resp, err)
		}
	}()
	return nil
}

func (c *Component) wait(ctx context.Context, w *call) (*Response, error) {
	select {
	case out := <-w.done:
		return out.resp, out.err
	case <-ctx.Done():
	}
	c.calls.forget(w.id)
	select { // it came at the last moment
	case out := <-w.done:
		return out.resp, out.err
	default:
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, context.Cause(ctx)
	}
	c.stats.callTimeouts.Add(1)
	return nil, &TimeoutError{Disconnected: w.broken.Load()}
}

// start writes a request and enters it in the table first, for the reply may
// come before this returns. For an urgent one there is always room.
func (c *Component) start(call Call, deadline time.Time, urgent bool) (*call, error) {
	if call.Type == "" {
		call.Type = stanza.GetIQ
	}
	if call.Type != stanza.GetIQ && call.Type != stanza.SetIQ {
		return nil, fmt.Errorf("send IQ: type %q is neither get nor set", call.Type)
	}
	if call.Payload == nil {
		return nil, errors.New("send IQ: a request needs a payload (RFC 6120, 8.2.3)")
	}
	id := newID()
	sc := c.scratches.Get().(*scratch)
	defer c.scratches.Put(sc)
	err := c.renderOwn(sc, "iq", string(call.Type), id, call.From, call.To, call.Lang, []Payload{call.Payload})
	if err != nil {
		return nil, fmt.Errorf("send IQ: %w", err)
	}
	if !urgent && !c.room(sc) {
		return nil, ErrOverload
	}
	w, err := c.calls.add(id, call.To, urgent)
	if err != nil {
		return nil, err
	}
	c.stats.calls.Add(1)
	c.out.append(sc.buf, outItem{deadline: int64(deadline.Sub(c.epoch))})
	c.out.kick()
	return w, nil
}

// Send implements Requester.
func (c *Component) Send(s Stanza) error {
	if s.Kind != "presence" && s.Kind != "message" {
		return fmt.Errorf("send: %q is neither presence nor message", s.Kind)
	}
	sc := c.scratches.Get().(*scratch)
	defer c.scratches.Put(sc)
	if err := c.renderOwn(sc, s.Kind, s.Type, s.ID, s.From, s.To, s.Lang, s.Payloads); err != nil {
		return fmt.Errorf("send %s: %w", s.Kind, err)
	}
	switch {
	case c.base.Err() != nil:
		return ErrShutdown
	case !c.room(sc):
		return ErrOverload
	}
	c.out.append(sc.buf, outItem{deadline: c.now() + int64(c.cfg.CallTimeout)})
	c.out.kick()
	return nil
}

// room reports whether the output may hold what is rendered in sc.
func (c *Component) room(sc *scratch) bool {
	return c.out.room(len(sc.buf), c.limits().MaxBufferedBytes, c.now())
}

// renderOwn makes a stanza of our own. Everything that a server would close the
// stream for is refused here.
func (c *Component) renderOwn(sc *scratch, kind, typ, id, from, to, lang string, payloads []Payload) error {
	if from == "" {
		from = c.cfg.JID
	}
	if _, own := c.addressed(from); !own {
		return fmt.Errorf("from %q is not an address of %s", from, c.cfg.JID)
	}
	if !addressable(to) {
		return fmt.Errorf("to %q is no address", to)
	}
	buf := append(append(sc.buf[:0], '<'), kind...)
	for _, a := range [...]struct{ name, val string }{{"type", typ}, {"id", id}, {"from", from}, {"to", to}, {"xml:lang", lang}} {
		if a.val == "" {
			continue
		}
		if !wire.ValidText(a.val) {
			return fmt.Errorf("%s %q holds a character that XML forbids", a.name, a.val)
		}
		buf = append(append(append(buf, ' '), a.name...), "='"...)
		buf = append(wire.AppendAttr(buf, a.val), '\'')
	}
	buf = append(buf, '>')
	for _, p := range payloads {
		out, err := encodePayload(buf, p, &sc.enc, c.encoderLimits(len(buf)))
		if err != nil {
			return err
		}
		buf = out
	}
	buf = append(append(append(buf, "</"...), kind...), '>')
	sc.buf = buf
	return c.checkSize(sc)
}

// enter counts a goroutine that waits for a reply; false: the component stops.
func (t *calls) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.c.wg.Add(1) // before close, and so before the wait that follows it
	}
	return !t.closed
}

func (t *calls) add(id, to string, urgent bool) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrShutdown
	}
	if len(t.waiting) >= mostCalls && !urgent {
		return nil, ErrOverload
	}
	w := &call{id: id, peer: fold(to), done: make(chan outcome, 1)}
	t.waiting[id] = w
	return w, nil
}

func (t *calls) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, id)
}

func (t *calls) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}
