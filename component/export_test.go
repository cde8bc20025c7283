package component

import "time"

// Waiting returns how many requests the lanes of a mux hold that do not run.
func Waiting(m *Mux) int {
	n := 0
	for _, inst := range m.table.Load().insts {
		inst.lane.mu.Lock()
		n += inst.lane.queue.size
		for _, chain := range inst.lane.chains {
			n += len(chain.list) - chain.head
		}
		inst.lane.mu.Unlock()
	}
	return n
}

// Pacer returns what says how long to wait before the next try.
func Pacer() func(err error, routed bool, now time.Time) time.Duration { return newPacer().next }

// Fold returns an address as replies are compared.
func Fold(s string) string { return fold(s) }

// Addressable reports whether a reply can be sent there.
func Addressable(s string) bool { return addressable(s) }

// Bind makes req one that c has read.
func Bind(c *Component, req *Request, at Address) *Request {
	req.comp, req.at = c, at
	return req
}

// Line returns a function that enters a request in a ledger and takes it out.
func Line(from string) func() {
	led := newLedger(func() int64 { return 0 }, func([]*Request) {})
	lim := Limits{}.withDefaults()
	req := &Request{From: from}
	req.entry.deadline = int64(time.Hour)
	return func() {
		led.open.Add(1)
		led.enter(req, &lim)
		led.done(req)
		led.free([]outItem{{account: req.entry.account, reply: true}})
	}
}
