package component_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A modelKey is all that a reply tells of its request.
type modelKey struct{ id, from, to string }

// A modelCase is what happened to the requests of one key.
type modelCase struct {
	read    []modelRead
	replies []modelReply
}

type modelRead struct {
	n  int
	at time.Time
}

type modelReply struct {
	reply
	n  int // of the request, or zero where the reply does not tell
	at time.Time
}

// judge holds what happened against what is promised.
func (w *modelWorld) judge() []string {
	cases, requests, answers := w.collect()
	missing := 0
	for key, c := range cases {
		missing += w.judgeCase(key, c)
	}
	w.judgeSums(requests, answers, missing)
	w.judgeHandlers()
	w.judgeOrder()
	w.judgeCalls()
	return append(w.wrong, w.cast.wrong...)
}

// collect finds all requests that the component was handed and all replies that
// it got rid of.
func (w *modelWorld) collect() (cases map[modelKey]*modelCase, requests, answers int) {
	cases = map[modelKey]*modelCase{}
	at := func(k modelKey) *modelCase {
		if cases[k] == nil {
			cases[k] = &modelCase{}
		}
		return cases[k]
	}
	for _, t := range w.taps {
		t.digest()
		for _, s := range t.read {
			if s.isIQ("get", "set") {
				requests++
				el := unwrapped(s.el)
				c := at(modelKey{el.Get("id"), el.Get("from"), el.Get("to")})
				c.read = append(c.read, modelRead{payloadNumber(el), s.at})
			}
		}
		for _, s := range t.written {
			if s.isIQ("result", "error") {
				answers++
				el := unwrapped(s.el)
				c := at(modelKey{el.Get("id"), el.Get("to"), el.Get("from")})
				r := replyOf(el)
				r.raw = s.raw
				c.replies = append(c.replies, modelReply{reply: r, n: payloadNumber(el), at: s.at})
			}
		}
	}
	return cases, requests, answers
}

// unwrapped returns what is delegated in a stanza, or the stanza itself.
func unwrapped(el component.Element) component.Element {
	for _, version := range []string{ejabber, prosody} {
		if in := el.Child(version, "delegation").Child("urn:xmpp:forward:0", "forwarded").Child("jabber:client", "iq"); !in.IsZero() {
			return in
		}
	}
	return el
}

// payloadNumber returns the number that the first child bears, or zero.
func payloadNumber(el component.Element) int {
	for c := range unwrapped(el).Children() {
		n, _ := strconv.Atoi(c.Get("n"))
		return n
	}
	return 0
}

// judgeCase judges the requests of one key, and returns how many of them have no
// reply.
func (w *modelWorld) judgeCase(key modelKey, c *modelCase) int {
	order := func(a, b time.Time) int { return a.Compare(b) }
	slices.SortStableFunc(c.read, func(a, b modelRead) int { return order(a.at, b.at) })
	slices.SortStableFunc(c.replies, func(a, b modelReply) int { return order(a.at, b.at) })
	if len(c.replies) > len(c.read) {
		w.fail("%v: %d requests, %d replies", key, len(c.read), len(c.replies))
		return 0
	}
	told := map[int]bool{}
	for i, r := range c.replies {
		if r.at.Before(c.read[i].at) {
			w.fail("%v: reply before the request", key)
		}
		if r.n == 0 {
			continue
		}
		if told[r.n] || !slices.ContainsFunc(c.read, func(q modelRead) bool { return q.n == r.n }) {
			w.fail("%v: result of %d, twice or out of place", key, r.n)
		}
		told[r.n] = true
	}
	if len(c.read) == 1 && c.read[0].n != 0 {
		w.judgeOne(c)
	}
	return len(c.read) - len(c.replies)
}

// judgeOne judges a request that bears an id of its own.
func (w *modelWorld) judgeOne(c *modelCase) {
	const slack = 50 * time.Millisecond
	q := c.read[0]
	a := w.asked[q.n]
	deadline := q.at.Add(a.timeout())
	if len(c.replies) == 0 {
		stopped := !w.stopped.IsZero() && w.stopped.Before(deadline)
		if w.writable(deadline) && !stopped {
			w.fail("request %d %+v: no reply, although there was a stream at its deadline", q.n, a)
		}
		return
	}
	r := c.replies[0]
	if r.at.After(deadline.Add(slack)) && w.writable(deadline) {
		w.fail("request %d %+v: answered %s after its deadline", q.n, a, r.at.Sub(deadline))
	}
	if why := w.unexpected(a, r, q.at, deadline); why != "" {
		w.fail("request %d %+v, read at %s: %s: %s", q.n, a, q.at.Format("4:05.000"), why, clipped(r.raw))
	}
}

// writable reports whether there was a stream that took what was written.
func (w *modelWorld) writable(at time.Time) bool {
	return slices.ContainsFunc(w.taps, func(t *tap) bool { return t.healthy(at) })
}

// unexpected says what is wrong with a reply, or nothing.
func (w *modelWorld) unexpected(a modelAsk, r modelReply, read, deadline time.Time) string {
	got := r.cond
	if r.typ == "result" {
		got = "result"
	}
	reloaded := len(w.reloaded) > 0 && !r.at.Before(w.reloaded[0])
	stopping := !w.stopped.IsZero() && !r.at.Before(w.stopped)
	switch {
	case got == "remote-server-timeout":
		if r.at.Before(deadline) {
			return "timeout before the deadline"
		}
		return ""
	case got == "resource-constraint":
		if w.plan.places == 0 && w.plan.share == 0 && w.plan.inFlight == 0 {
			return "refused, although there was room"
		}
		return ""
	case got == "service-unavailable" && (reloaded || stopping), got == "feature-not-implemented" && reloaded:
		return ""
	case got == "internal-server-error" && a.does == "asks" && (stopping || len(w.taps) > 1 || !r.at.Before(deadline.Add(-time.Second))):
		return "" // what it asked had no answer
	case got == "internal-server-error" && a.does == "patient" && a.sleep > time.Second:
		return "" // the context ended it
	}
	if want := a.wants(); got != want {
		return "want " + want
	}
	if got == "result" && r.n != payloadNumber(r.el) {
		return "foreign result"
	}
	return ""
}

// wants is what the handler of a request makes of it when nothing interferes.
func (a modelAsk) wants() string {
	switch a.does {
	case "panic", "goexit", "fail", "bad", "twin", "large":
		return "internal-server-error"
	case "deny":
		return "forbidden"
	case "unknown":
		return "feature-not-implemented"
	}
	return "result"
}

func clipped(s string) string { return fmt.Sprintf("%.300s", s) }
