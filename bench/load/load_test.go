//go:build linux

package load_test

import (
	"errors"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// few is a plan that ends at once: no warm-up, some hundred requests.
func few(workload string) load.Plan {
	return load.Plan{Workload: workload, Items: 20, Window: 16, IQs: 400}
}

func TestPlansOfARightAnswerer(t *testing.T) {
	cut := few("mixed")
	cut.Cut = 5
	emoji := few("ping")
	emoji.Emoji = true
	both := few("roster-set")
	both.Cut, both.Emoji = 3, true
	one := few("ping")
	one.Window = 1
	warm := few("ping")
	warm.Warmup = time.Millisecond
	wide := few("ping")
	wide.Window, wide.IQs = 2000, 4000
	for name, plan := range map[string]load.Plan{
		"ping": few("ping"), "roster-set": few("roster-set"), "unhandled": few("unhandled"), "disco-items": few("disco-items"), "plugin": few("plugin"),
		"cut writes": cut, "emoji": emoji, "cut emoji": both, "window of one": one, "warmed up": warm, "wide window": wide,
	} {
		t.Run(name, func(t *testing.T) {
			res, err := against(t, answerer{items: 20}, plan)
			if err != nil {
				t.Fatal(err)
			}
			if res.IQs != plan.IQs || res.Others.N != plan.IQs || res.Others.P50 <= 0 || res.Others.Max < res.Others.P99 || res.Elapsed <= 0 {
				t.Errorf("result %+v of %d requests", res, plan.IQs)
			}
		})
	}
}

// The two ways to write a value are both right, and so is what XML allows besides.
func TestOtherWaysToWrite(t *testing.T) {
	for name, a := range map[string]answerer{
		"double quotes":      {quote: `"`},
		"numeric references": {numeric: true},
		"a namespace again":  {extra: " xmlns='jabber:component:accept' xml:lang='en'"},
		"an empty pair":      {pair: true},
		"spaces between":     {after: " \n"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := few("ping")
			plan.Emoji = true
			if _, err := against(t, a, plan); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWrongAnswersAreNoticed(t *testing.T) {
	at := func(n int, change func(*answer)) answerer {
		return answerer{change: func(i int, a *answer) {
			if i == n {
				change(a)
			}
		}}
	}
	for name, tc := range map[string]struct {
		a    answerer
		want error
	}{
		"answered twice":       {at(77, func(a *answer) { a.times = 2 }), load.ErrTwice},
		"the last one twice":   {at(399, func(a *answer) { a.times = 2 }), load.ErrTwice},
		"never answered":       {at(77, func(a *answer) { a.times = 0 }), load.ErrMissing},
		"a type of its own":    {at(77, func(a *answer) { a.typ = "error" }), load.ErrType},
		"to somebody else":     {at(77, func(a *answer) { a.to = "user1@example.net/other" }), load.ErrTo},
		"from somebody else":   {at(77, func(a *answer) { a.from = "example.net" }), load.ErrFrom},
		"without a from":       {at(77, func(a *answer) { a.from = "" }), load.ErrFrom},
		"an id of nobody":      {at(77, func(a *answer) { a.id = "b00000000ffff" }), load.ErrUnknownID},
		"an id of its own":     {at(77, func(a *answer) { a.id = "mine" }), load.ErrUnknownID},
		"a payload for a ping": {at(128, func(a *answer) { a.payload = "<query xmlns='urn:x'/>" }), load.ErrPayload},
		"a broken payload":     {at(128, func(a *answer) { a.payload = "<query xmlns='urn:x'>" }), load.ErrPayload},
		"a message":            {at(77, func(a *answer) { a.before = "<message/>" }), load.ErrUnexpected},
		"the end":              {at(77, func(a *answer) { a.before = "</stream:stream>" }), load.ErrEnded},
	} {
		t.Run(name, func(t *testing.T) {
			plan := few("ping")
			if tc.want == load.ErrMissing {
				plan.Patience = 200 * time.Millisecond
			}
			if _, err := against(t, tc.a, plan); !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestWrongPayloadsAreNoticed(t *testing.T) {
	const items = "<query xmlns='http://jabber.org/protocol/disco#items'>"
	for name, tc := range map[string]struct{ workload, payload string }{
		"no error":            {"unhandled", "<query xmlns='urn:bench:unknown'/>"},
		"another condition":   {"unhandled", "<error type='cancel'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"},
		"no items":            {"disco-items", items + "</query>"},
		"nothing":             {"disco-items", ""},
		"other items":         {"disco-items", items + "<item jid='a' name='Node x'/></query>"},
		"an empty roster":     {"roster-get", "<query xmlns='jabber:iq:roster'/>"},
		"the wrong namespace": {"roster-get", "<query xmlns='urn:x'/>"},
		"nothing discovered":  {"disco-info", "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
		"text not counted":    {"text-in", "<query xmlns='urn:bench:sink' items='0' len='65535'/>"},
		"nothing by a plugin": {"plugin", ""},
		"another by a plugin": {"plugin", "<query xmlns='urn:x'/>"},
		"more by a plugin":    {"plugin", "<query xmlns='urn:bench:plugin'>more</query>"},
		"items not counted":   {"tree-in", "<query xmlns='urn:bench:sink' items='599' len='0'/>"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := few(tc.workload)
			plan.IQs = 20
			a := answerer{change: func(_ int, a *answer) { a.payload = tc.payload }}
			if _, err := against(t, a, plan); !errors.Is(err, load.ErrPayload) {
				t.Errorf("error %v, want %v", err, load.ErrPayload)
			}
		})
	}
}

// The shares are exact, and the two latencies are kept apart.
func TestSleepersAreCountedApart(t *testing.T) {
	plan := few("ping")
	plan.Sleepers, plan.Share, plan.IQs = "slow", 10, 4096
	res, err := against(t, answerer{}, plan)
	if err != nil {
		t.Fatal(err)
	}
	if res.Asleep.N < 300 || res.Asleep.N > 520 || res.Asleep.N+res.Others.N != 4096 {
		t.Errorf("%d of 4096 went to the sleepers, %d to others", res.Asleep.N, res.Others.N)
	}
}

func TestPlansThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*load.Plan){
		"no such workload": func(p *load.Plan) { p.Workload = "pong" },
		"no such sleepers": func(p *load.Plan) { p.Sleepers, p.Share = "ghost", 10 },
		"no window":        func(p *load.Plan) { p.Window = 0 },
		"without an end":   func(p *load.Plan) { p.IQs = 0 },
		"no such process":  func(p *load.Plan) { p.PID = 1 << 30 },
	} {
		t.Run(name, func(t *testing.T) {
			plan := few("ping")
			change(&plan)
			if _, err := against(t, answerer{}, plan); err == nil {
				t.Error("it ran")
			}
		})
	}
}
