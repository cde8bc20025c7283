package component_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
	"pgregory.net/rapid"
)

// A modelCall is one request of our own, and what becomes of it.
type modelCall struct {
	peer   int
	start  bool          // StartIQ
	answer []string      // that come one after the other
	after  time.Duration // the request, before the first of them, and between them
	give   time.Duration // the caller's own deadline; zero: none
	cancel time.Duration // when the caller gives up; zero: never
}

// A modelCalled is a call that was made.
type modelCalled struct {
	modelCall
	mu           sync.Mutex
	began, ended time.Time
	times        int
	resp         *component.Response
	err          error
}

func drawCall() *rapid.Generator[modelCall] {
	return rapid.Custom(func(t *rapid.T) modelCall {
		return modelCall{
			peer:   rapid.IntRange(0, 2).Draw(t, "peer"),
			start:  rapid.Bool().Draw(t, "start"),
			answer: rapid.SliceOfN(rapid.SampledFrom([]string{"result", "error", "fake", "fake error", "bare", "nobody", "request", "message"}), 0, 4).Draw(t, "answers"),
			after:  rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 9 * time.Second, 30 * time.Second}).Draw(t, "after"),
			give:   rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Minute}).Draw(t, "give"),
			cancel: rapid.SampledFrom([]time.Duration{0, 0, 0, 500 * time.Millisecond}).Draw(t, "cancel"),
		}
	})
}

// to returns who is asked, and how that one writes its address.
func (c modelCall) to() (asked, answers string) {
	switch c.peer {
	case 0:
		return juliet, juliet
	case 1:
		return "ALICE@Example.NET/Probe", "alice@example.net/Probe"
	}
	return "example.org", "example.org"
}

// call makes a call on a goroutine of its own.
func (w *modelWorld) call(c modelCall) {
	m := &modelCalled{modelCall: c, began: time.Now()}
	w.mu.Lock()
	w.called = append(w.called, m)
	n := len(w.called)
	w.mu.Unlock()
	asked, _ := c.to()
	what := component.Call{To: asked, Payload: padded(n, 0)}
	if c.start {
		if err := w.comp.StartIQ(what, m.end); err != nil {
			m.end(nil, err)
		}
		return
	}
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if c.cancel > 0 {
			defer time.AfterFunc(c.cancel, cancel).Stop()
		}
		if c.give > 0 {
			ctx, cancel = context.WithTimeout(ctx, c.give)
			defer cancel()
		}
		m.end(w.comp.SendIQ(ctx, what))
	}()
}

func (m *modelCalled) end(resp *component.Response, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.times++
	m.ended, m.resp, m.err = time.Now(), resp, err
}

// answer has the peer answer a request of the component.
func (w *modelWorld) answer(el component.Element) {
	n := payloadNumber(el)
	w.mu.Lock()
	defer w.mu.Unlock()
	if n == 0 || el.Name().Local != "iq" || el.Get("type") != "get" || n > len(w.called) {
		return
	}
	c := w.called[n-1].modelCall
	go func() {
		for _, what := range c.answer {
			time.Sleep(c.after)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			if w.srv.WaitOnline(ctx) == nil {
				_ = w.srv.Send(c.stanza(what, el.Get("id"), n))
			}
			cancel()
		}
	}()
}

// stanza returns an answer: a true one, or one that does not count.
func (c modelCall) stanza(what, id string, n int) string {
	const gone = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	_, from := c.to()
	payload := "<r xmlns='urn:model' n='" + strconv.Itoa(n) + "'/>"
	fake := "<fake xmlns='urn:model'/>"
	switch what {
	case "error":
		return iq("error", id, from, domain, gone)
	case "fake":
		return result2(id, "mallory@example.net/x", fake)
	case "fake error":
		return iq("error", id, "example.net", domain, gone)
	case "bare":
		return result2(id, strings.TrimSuffix("x."+from, "/balcony"), fake)
	case "nobody":
		return "<iq type='result' id='" + id + "' to='" + domain + "'>" + fake + "</iq>"
	case "request":
		return iq("set", id, from, domain, fake)
	case "message":
		return "<message type='error' id='" + id + "' from='" + from + "' to='" + domain + "'>" + gone + "</message>"
	}
	return result2(id, from, payload)
}

// judgeCalls judges the outcome of every call.
func (w *modelWorld) judgeCalls() {
	timeouts := 0
	for i, m := range w.called {
		m.mu.Lock()
		if m.times != 1 {
			w.fail("call %d %+v ended %d times", i+1, m.modelCall, m.times)
		}
		if why := w.badOutcome(i+1, m); why != "" {
			w.fail("call %d %+v ended after %s with %v: %s", i+1, m.modelCall, m.ended.Sub(m.began), m.err, why)
		}
		if errors.As(m.err, new(*component.TimeoutError)) {
			timeouts++
		}
		m.mu.Unlock()
	}
	if s := w.comp.Stats(); len(w.called) > 0 && int(s.CallTimeouts) != timeouts {
		w.fail("%d calls ran out of time, counted are %d", timeouts, s.CallTimeouts)
	}
}

// badOutcome says what is wrong with the outcome of a call, or nothing.
func (w *modelWorld) badOutcome(n int, m *modelCalled) string {
	const slack = 50 * time.Millisecond
	said, at := w.said(n, m)
	limit := 30 * time.Second
	if !m.start && m.give > 0 {
		limit = min(limit, m.give)
	}
	took := m.ended.Sub(m.began)
	var pe *component.PeerError
	var te *component.TimeoutError
	switch {
	case m.err == nil && (said != "result" || m.resp.Payload.Get("n") != strconv.Itoa(n)):
		return "that was not said"
	case errors.As(m.err, &pe) && (said != "error" || pe.Condition != stanza.Gone):
		return "that was not said"
	case (m.err == nil || pe != nil) && m.ended.After(at.Add(slack)):
		return "late"
	case m.err == nil, pe != nil:
		return ""
	case said != "" && at.Before(m.ended.Add(-slack)):
		return "although there was an answer: " + said
	case errors.As(m.err, &te) && (took < limit || took > limit+slack):
		return "not at the deadline"
	case errors.As(m.err, &te):
		return w.badBreak(m, te)
	case errors.Is(m.err, component.ErrShutdown) && !w.stopped.IsZero() && !m.ended.Before(w.stopped):
		return ""
	case errors.Is(m.err, context.Canceled) && !m.start && m.cancel > 0 && took >= m.cancel:
		return ""
	}
	return "no such outcome"
}

// said returns what the peer said first, and when the component was handed it.
func (w *modelWorld) said(n int, m *modelCalled) (what string, at time.Time) {
	asked, from := m.to()
	id := ""
	for _, t := range w.taps {
		for _, s := range t.written {
			if s.isIQ("get") && s.el.Get("to") == asked && payloadNumber(s.el) == n {
				id = s.el.Get("id")
			}
		}
		i := slices.IndexFunc(t.read, func(s seen) bool {
			return id != "" && s.isIQ("result", "error") && s.el.Get("id") == id && s.el.Get("from") == from
		})
		if i >= 0 {
			return t.read[i].el.Get("type"), t.read[i].at
		}
	}
	return "", time.Time{}
}

// badBreak says whether it was told wrongly that the stream broke meanwhile. A
// stream that broke is of use for the good-bye yet, which takes a moment.
func (w *modelWorld) badBreak(m *modelCalled, te *component.TimeoutError) string {
	const moment, slack = 2100 * time.Millisecond, 50 * time.Millisecond
	var must, may bool
	for _, t := range w.taps {
		if !t.accepted() || t.down.IsZero() {
			continue
		}
		must = must || t.down.After(m.began.Add(moment)) && t.down.Before(m.ended.Add(-slack))
		may = may || t.down.After(m.began.Add(-slack)) && t.down.Before(m.ended.Add(moment))
	}
	if must && !te.Disconnected || te.Disconnected && !may {
		return "wrong about the stream"
	}
	return ""
}
