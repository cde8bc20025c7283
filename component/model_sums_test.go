package component_test

import (
	"slices"
	"strings"
	"time"
)

// judgeSums holds the component's own counts against what happened.
func (w *modelWorld) judgeSums(requests, answers, missing int) {
	s := w.comp.Stats()
	if int(s.Requests) != requests {
		w.fail("%d requests were read, counted are %d", requests, s.Requests)
	}
	if s.Requests != s.Results+s.Errors+s.Unanswered {
		w.fail("the sum of the fates is not that of the requests: %+v", s)
	}
	if s.Unanswered != 0 || s.Malformed != 0 || s.TooBig != 0 {
		w.fail("requests were taken for malformed: %+v", s)
	}
	if n := missing - s.Open; n < 0 || n > int(s.Expired) {
		w.fail("%d requests have no reply, %d of them are open and at most %d have expired", missing, s.Open, s.Expired)
	}
	if w.stoppedInPeace() && (s.Open != 0 || s.Buffered != 0) || s.Open == 0 && s.Buffered > 20_000 {
		w.fail("at the end something is open or buffered: %+v", s)
	}
	if s.Pending != 0 {
		w.fail("at the end %d calls are pending", s.Pending)
	}
	if int(s.Panics) != w.cast.panics {
		w.fail("%d panics, counted are %d", w.cast.panics, s.Panics)
	}
	least, most := w.unconfirmed()
	if n := int(s.Unconfirmed); n < least+s.Open || n > most+s.Open {
		w.fail("%d unconfirmed, want from %d to %d", n, least+s.Open, most+s.Open)
	}
}

// stoppedInPeace reports whether no fault preceded the end.
func (w *modelWorld) stoppedInPeace() bool {
	return !slices.ContainsFunc(w.plan.steps, func(s modelStep) bool { return s.what == "shut down" })
}

// unconfirmed bounds how many replies the component may count as lost: those that
// it wrote to streams that it did not end itself, and of those at least the ones
// that the server has not read.
func (w *modelWorld) unconfirmed() (least, most int) {
	written := map[string]int{}
	for _, t := range w.taps {
		for _, s := range t.written {
			written[s.raw]++
		}
	}
	for _, t := range w.taps {
		for _, s := range t.written {
			if !s.isIQ("result", "error") {
				continue
			}
			if t.broken || t.closed() {
				most++
			}
			lost := w.got[s.raw] == 0 && written[s.raw] == 1 && s.el.Get("to") != domain // a check will not be missed
			if lost && (t.lost || t.closed()) && (w.stopped.IsZero() || t.down.Before(w.stopped)) {
				least++
			}
		}
	}
	return least, most
}

// judgeHandlers judges how often handlers, hooks and closers were called.
func (w *modelWorld) judgeHandlers() {
	ran := map[int]int{}
	for _, r := range w.cast.ran {
		if ran[r.n]++; ran[r.n] > 1 {
			w.fail("the handler of request %d was called twice", r.n)
		}
		if does := w.asked[r.n].does; strings.HasPrefix(does, "hook") && w.cast.hooks[r.n] != 1 {
			w.fail("the hook of request %d ran %d times", r.n, w.cast.hooks[r.n])
		}
	}
	for _, e := range w.cast.exts {
		if e.closed > 1 {
			w.fail("extension %s was closed %d times", e.name, e.closed)
		}
	}
}

// judgeOrder judges the ordered extension: of one owner one request at a time
// runs, in order of arrival, and results leave in that order.
func (w *modelWorld) judgeOrder() {
	read := map[int]int{}
	for _, t := range w.taps {
		for _, s := range t.read {
			read[payloadNumber(s.el)] = len(read)
		}
	}
	before := map[string]*ran{}
	for _, r := range w.cast.ran {
		if r.ext.name != "urn:model:chain" {
			continue
		}
		p := before[r.owner]
		before[r.owner] = r
		if p == nil {
			continue
		}
		if read[p.n] > read[r.n] {
			w.fail("of %s request %d ran before %d", r.owner, p.n, r.n)
		}
		if (p.turn[1] == 0 || p.turn[1] > r.turn[0]) && (p.ext == r.ext || !w.gaveUp(r.start)) {
			w.fail("of %s request %d ran while %d did", r.owner, r.n, p.n)
		}
	}
	w.judgeResults(read)
}

// gaveUp reports whether a reload has waited long enough for handlers.
func (w *modelWorld) gaveUp(start time.Time) bool {
	return slices.ContainsFunc(w.reloaded, func(at time.Time) bool { return !start.Before(at.Add(w.limits().DrainTimeout)) })
}

func (w *modelWorld) judgeResults(read map[int]int) {
	before := map[string]int{}
	for _, t := range w.taps {
		for _, s := range t.written {
			n := payloadNumber(s.el)
			a, ok := w.asked[n]
			if !ok || !a.chain || !s.isIQ("result") {
				continue
			}
			owner, _, _ := strings.Cut(a.from(), "/")
			if p := before[owner]; p != 0 && read[p] > read[n] {
				w.fail("of %s the result of %d left before that of %d", owner, p, n)
			}
			before[owner] = n
		}
	}
}
