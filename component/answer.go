package component

import (
	"fmt"
	"log/slog"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

// answer gives a reply to the one who waits for it. It counts only from the peer
// that was asked (RFC 6120, 8.1.2): anybody may guess that we ask. It returns
// false when nobody waits for one with this id.
func (t *calls) answer(st *wire.Stanza) bool {
	t.mu.Lock()
	w := t.waiting[st.ID]
	switch {
	case w == nil:
		t.mu.Unlock()
		t.c.stats.unsolicited.Add(1)
		return false
	case !t.from(w, st.From):
		t.mu.Unlock()
		t.c.stats.spoofed.Add(1)
		t.c.cfg.Log.LogAttrs(t.c.base, slog.LevelWarn, "reply from somebody who was not asked",
			slog.String("from", clip(st.From)), slog.String("asked", clip(w.peer)))
		return true
	}
	delete(t.waiting, st.ID)
	t.mu.Unlock()
	w.done <- t.outcome(st)
	return true
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
		return outcome{err: fmt.Errorf("component: reply from %q dropped: %w", clip(st.From), st.Skipped)}
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
			case usualType(stanza.Condition(name.Local)) != "":
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
