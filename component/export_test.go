package component

import (
	"context"
	"time"
)

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

// Sessions returns how many commands are under way.
func Sessions(c *Component) int {
	c.sessions.mu.Lock()
	defer c.sessions.mu.Unlock()
	return len(c.sessions.byID)
}

// A SessionTable is the sessions of a component without the component.
type SessionTable struct {
	t   *sessions
	cmd *command
}

// NewSessionTable returns a table that tells of those that end by themselves.
func NewSessionTable(over func(id string)) *SessionTable {
	return &SessionTable{newSessions(func(s *session) { over(s.id) }), &command{Command: Command{Node: "x"}, inst: &instance{}}}
}

// Open begins a session, which is then not busy, and returns its id.
func (t *SessionTable) Open(from string, local bool) (string, error) {
	s := &session{id: t.t.newID(from, "x"), from: from, owner: bareOf(from), local: local, cmd: t.cmd}
	if err := t.t.open(s); err != nil {
		return "", err
	}
	t.t.release(s)
	return s.id, nil
}

// Take makes a session busy, and returns what makes it idle or ends it.
func (t *SessionTable) Take(id, from string) (release, end func(), err error) {
	s, err := t.t.take(id, from, t.cmd)
	return func() { t.t.release(s) }, func() { t.t.end(s) }, err
}

// Len returns how many there are.
func (t *SessionTable) Len() int {
	t.t.mu.Lock()
	defer t.t.mu.Unlock()
	return len(t.t.byID)
}

// EndingContext returns a context in the moment in which it has an error, and what
// waits for it has not been told, with what it waits for.
func EndingContext() (context.Context, <-chan struct{}) {
	c := (*reqContext)(&Request{})
	done := c.Done()
	c.ended.Store(ctxExpired)
	return c, done
}
