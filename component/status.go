package component

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// State is where a component is in its life.
type State string

// The states of a component.
const (
	StateIdle       State = "idle"       // Run has not been called
	StateConnecting State = "connecting" // dialling, or in the handshake
	StateOnline     State = "online"     // the server has accepted the handshake
	StateWaiting    State = "waiting"    // the last try failed; the next one comes
	StateDraining   State = "draining"   // finishing what runs
	StateStopped    State = "stopped"    // Run has returned
)

// A Status is a state and why.
type Status struct {
	State State
	Since time.Time
	Err   error         // StateWaiting: why the stream is not up; wraps a *StreamError when the server said so
	Retry time.Duration // StateWaiting: until the next try
	Heard bool          // StateOnline: the stream has been seen to carry stanzas both ways

	Delegated []string // StateOnline: the namespaces that the server has delegated to us (XEP-0355)
}

// Stats are counts since New, and sizes now.
type Stats struct {
	Requests     uint64 // gets and sets read, malformed ones included
	Results      uint64 // replies queued, by kind
	Errors       uint64
	Unanswered   uint64 // read, but no reply can be addressed, or the id alone is over Limits.MaxReplyBytes
	Malformed    uint64 // answered with bad-request or jid-malformed
	TooBig       uint64 // over a limit, skipped
	Overloads    uint64 // answered with resource-constraint
	Timeouts     uint64 // answered at the deadline
	Late         uint64 // handlers that returned after the deadline
	Panics       uint64
	HandedOff    uint64 // quick calls that were not quick
	Expired      uint64 // replies dropped: no stream before their deadline
	Unconfirmed  uint64 // replies written to a stream that ended unasked, after the last sign that it was read
	Ignored      uint64 // presence, messages, unknown elements that nobody takes
	Unsolicited  uint64 // results and errors that nobody waits for
	Spoofed      uint64 // replies to our requests from somebody else
	JunkBytes    uint64 // of text between stanzas
	Streams      uint64 // handshakes accepted
	Lost         uint64 // streams that ended without our asking
	Deaf         uint64 // streams that were up and carried nothing
	Calls        uint64 // requests of our own
	CallTimeouts uint64

	Open     int // requests that have no reply in the kernel
	Buffered int // bytes of requests and unsent replies
	Pending  int // requests of our own that wait
}

// counters are the counts of Stats.
type counters struct {
	requests, results, errors, unanswered, malformed, tooBig, overloads, timeouts, late, panics, handedOff,
	unconfirmed, ignored, unsolicited, spoofed, junk, streams, lost, deaf, calls, callTimeouts atomic.Uint64
}

// Stats returns the counts and sizes of this moment.
func (c *Component) Stats() Stats {
	n := &c.stats
	return Stats{
		Requests: n.requests.Load(), Results: n.results.Load(), Errors: n.errors.Load(), Unanswered: n.unanswered.Load(),
		Malformed: n.malformed.Load(), TooBig: n.tooBig.Load(), Overloads: n.overloads.Load(), Timeouts: n.timeouts.Load(),
		Late: n.late.Load(), Panics: n.panics.Load(), HandedOff: n.handedOff.Load(), Expired: c.out.expired.Load(),
		Unconfirmed: n.unconfirmed.Load(), Ignored: n.ignored.Load(), Unsolicited: n.unsolicited.Load(),
		Spoofed: n.spoofed.Load(), JunkBytes: n.junk.Load(), Streams: n.streams.Load(), Lost: n.lost.Load(),
		Deaf: n.deaf.Load(), Calls: n.calls.Load(), CallTimeouts: n.callTimeouts.Load(),
		Open: int(c.led.open.Load()), Buffered: int(c.led.bytes.Load() + c.out.size.Load()), Pending: c.calls.len(),
	}
}

// Status returns the state of this moment.
func (c *Component) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// setStatus changes the state, logs it, and tells Config.Notify. A drain is not
// undone by what the stream does meanwhile.
func (c *Component) setStatus(s Status) {
	c.news.Lock()
	defer c.news.Unlock()
	c.mu.Lock()
	if c.status.State == StateDraining && s.State != StateStopped {
		c.mu.Unlock()
		return
	}
	s.Since = time.Now()
	c.status = s
	c.mu.Unlock()
	c.logStatus(s)
	c.notify(s)
}

// notify tells who wants to know. The lock of the news is held, that of the state
// is not: who is told may ask.
func (c *Component) notify(s Status) {
	if c.cfg.Notify != nil {
		c.cfg.Notify(s)
	}
}

// heard notes that the stream has been seen to carry stanzas to us.
func (c *Component) heard() {
	c.news.Lock()
	defer c.news.Unlock()
	c.mu.Lock()
	s := c.status
	if s.State != StateOnline || s.Heard {
		c.mu.Unlock()
		return
	}
	s.Heard = true
	c.status = s
	c.mu.Unlock()
	c.notify(s)
}

func (c *Component) logStatus(s Status) {
	log := c.cfg.Log.With("jid", c.cfg.JID)
	switch s.State {
	case StateOnline:
		c.trouble = trouble{}
		log.Info("online")
	case StateDraining:
		log.Info("shutting down")
	case StateWaiting:
		var se *StreamError
		level := slog.LevelWarn
		if errors.As(s.Err, &se) {
			level = slog.LevelError
		}
		if !c.trouble.isNew(s) {
			level = slog.LevelDebug
		}
		log.Log(c.base, level, "not connected", "err", clip(fmt.Sprint(s.Err)), "retry", s.Retry.Round(time.Millisecond), hinted(hint(s.Err)))
	}
}

// trouble is what kept us from the server the last time that it was worth a line.
type trouble struct {
	err  string
	told time.Time
}

// isNew reports whether s is another trouble, or an old one of which nothing was
// said for a minute: a server that is away is tried many times.
func (t *trouble) isNew(s Status) bool {
	err := fmt.Sprint(s.Err)
	if err == t.err && s.Since.Sub(t.told) < time.Minute {
		return false
	}
	*t = trouble{err, s.Since}
	return true
}

// hinted returns the attribute of a hint, which is none where there is no hint:
// slog's handlers leave an empty attribute out.
func hinted(text string) slog.Attr {
	if text == "" {
		return slog.Attr{}
	}
	return slog.String("hint", text)
}

// hint says what the operator may do about err.
func hint(err error) string {
	var se *StreamError
	if !errors.As(err, &se) {
		return ""
	}
	switch {
	case se.ByUs:
		return "the server sent what XMPP forbids"
	case se.Condition == "not-authorized":
		return "wrong secret, or on ejabberd a host that is not configured"
	case se.Condition == "host-unknown":
		return "the server has no such component (yet)"
	case se.Condition == "conflict" && se.Setup:
		return "another connection serves this domain; Prosody: component_conflict_resolve = \"kick_old\""
	case se.Condition == "conflict":
		return "another instance took over this domain"
	}
	return ""
}
