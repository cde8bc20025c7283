package component

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
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
	w, err := c.start(call, deadline)
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, w)
}

// StartIQ implements Requester.
func (c *Component) StartIQ(call Call, done func(*Response, error)) error {
	deadline := time.Now().Add(c.cfg.CallTimeout)
	w, err := c.start(call, deadline)
	if err != nil {
		return err
	}
	c.wg.Add(1)
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
// come before this returns.
func (c *Component) start(call Call, deadline time.Time) (*call, error) {
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
	w, err := c.calls.add(id, call.To)
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
	c.out.append(sc.buf, outItem{deadline: c.now() + int64(c.cfg.CallTimeout)})
	c.out.kick()
	return nil
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

func (t *calls) add(id, to string) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrShutdown
	}
	if len(t.waiting) >= mostCalls {
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

// answer gives a reply to the one who waits for it. It counts only from the peer
// that was asked (RFC 6120, 8.1.2): anybody may guess that we ask.
func (t *calls) answer(st *wire.Stanza) {
	t.mu.Lock()
	w := t.waiting[st.ID]
	switch {
	case w == nil:
		t.mu.Unlock()
		t.c.stats.unsolicited.Add(1)
		return
	case !t.from(w, st.From):
		t.mu.Unlock()
		t.c.stats.spoofed.Add(1)
		t.c.cfg.Log.LogAttrs(t.c.base, slog.LevelWarn, "reply from somebody who was not asked",
			slog.String("from", clip(st.From)), slog.String("asked", clip(w.peer)))
		return
	}
	delete(t.waiting, st.ID)
	t.mu.Unlock()
	w.done <- t.outcome(st)
}

// from reports whether an answer from this address is one of the peer's: Prosody
// answers with the normalised address. No from at all is the server's own word
// (RFC 6120, 8.1.2.1), which is ours only where the server was asked.
func (t *calls) from(w *call, from string) bool {
	if from == "" {
		return t.c.local(w.peer) && domainOf(w.peer) == w.peer
	}
	return from == w.peer || fold(from) == w.peer
}

func (t *calls) outcome(st *wire.Stanza) outcome {
	if st.Skipped != nil {
		return outcome{err: fmt.Errorf("component: reply from %q dropped: %w", st.From, st.Skipped)}
	}
	if st.Type == "error" {
		return outcome{err: peerError(st)}
	}
	return outcome{resp: &Response{From: st.From, Payload: Element{st.First()}}}
}

// peerError reads a stanza error, however odd it is.
func peerError(st *wire.Stanza) *PeerError {
	e := &PeerError{From: st.From, Condition: stanza.UndefinedCondition}
	for c := range st.Element().Children() {
		if c.Name().Local != "error" {
			continue
		}
		e.Element = Element{c}
		typ, _ := c.Attr("type")
		e.Type = stanza.ErrorType(typ)
		for d := range c.Children() {
			switch name := d.Name(); {
			case name.Space != nsStanzas:
			case name.Local == "text":
				e.Text = d.Text()
			case errorTypes[stanza.Condition(name.Local)] != "":
				e.Condition = stanza.Condition(name.Local)
			}
		}
	}
	return e
}

// broke notes that the stream broke while these waited.
func (t *calls) broke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.waiting {
		w.broken.Store(true)
	}
}

// close ends all that wait.
func (t *calls) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for id, w := range t.waiting {
		delete(t.waiting, id)
		w.done <- outcome{err: ErrShutdown}
	}
}
