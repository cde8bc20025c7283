package component_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestPace holds the delays to design.md "The connection" and servers.md 2.3:
// each case is a run of the same end, with what the first, the tenth and the last
// delay may be (checklist 5, 8, N40).
func TestPace(t *testing.T) {
	const ms = time.Millisecond
	said := func(cond string, setup bool) error { return &component.StreamError{Condition: cond, Setup: setup} }
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	type span struct{ least, most time.Duration }
	for label, tc := range map[string]struct {
		err         error
		routed      bool
		first, last span
	}{
		"refused":              {refused, false, span{100 * ms, 300 * ms}, span{0, 10 * time.Second}},
		"no such host":         {&net.DNSError{}, false, span{100 * ms, 300 * ms}, span{0, 10 * time.Second}},
		"lost after traffic":   {io.EOF, true, span{100 * ms, 300 * ms}, span{100 * ms, 300 * ms}},
		"reset after traffic":  {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true, span{100 * ms, 300 * ms}, span{100 * ms, 300 * ms}},
		"lost without any":     {io.EOF, false, span{0, time.Second}, span{0, time.Minute}},
		"conflict at the door": {said("conflict", true), false, span{time.Second, 2 * time.Second}, span{time.Second, 30 * time.Second}},
		"replaced":             {said("conflict", false), true, span{time.Minute, 2 * time.Minute}, span{time.Minute, 2 * time.Minute}},
		"wrong secret":         {said("not-authorized", true), false, span{30 * time.Second, time.Minute}, span{30 * time.Second, time.Minute}},
		"unknown host":         {said("host-unknown", true), false, span{30 * time.Second, time.Minute}, span{30 * time.Second, time.Minute}},
		"system shutdown":      {said("system-shutdown", false), true, span{100 * ms, 5 * time.Second}, span{100 * ms, 5 * time.Second}},
		"too late":             {said("connection-timeout", true), false, span{500 * ms, 1500 * ms}, span{500 * ms, 1500 * ms}},
		"our bug":              {said("not-well-formed", false), true, span{0, time.Second}, span{0, time.Minute}},
		"elsewhere":            {said("see-other-host", true), false, span{0, time.Second}, span{0, time.Minute}},
		"unheard of":           {said("on-fire", true), false, span{0, time.Second}, span{0, time.Minute}},
		"their bug":            {&component.StreamError{Condition: "restricted-xml", ByUs: true}, false, span{0, time.Second}, span{0, time.Minute}},
	} {
		for range 50 { // it is random
			next := component.Pacer()
			now := time.Now()
			for i := range 60 {
				d, want := next(tc.err, tc.routed, now), tc.last
				if i == 0 {
					want = tc.first
				}
				if d < want.least || d > want.most {
					t.Fatalf("%s: delay %d is %s, want %s to %s", label, i, d, want.least, want.most)
				}
				now = now.Add(d)
			}
		}
	}
}

// While a server may be restarting it is tried at least each second, for two
// minutes; a good stream forgives everything.
func TestPaceGrowsAndResets(t *testing.T) {
	next := component.Pacer()
	now, begun := time.Now(), time.Now()
	refused := error(&net.OpError{Op: "dial", Err: errors.New("x")})
	var longest time.Duration
	for now.Sub(begun) < 20*time.Minute {
		d := next(refused, false, now)
		if now.Sub(begun) < 2*time.Minute && d > time.Second {
			t.Fatalf("%s after %s: %s", refused, now.Sub(begun), d)
		}
		longest = max(longest, d)
		now = now.Add(d)
	}
	if longest < 5*time.Second || longest > 10*time.Second {
		t.Errorf("the longest delay is %s, want about 10 s", longest)
	}
	longest = 0
	for range 30 {
		longest = max(longest, next(io.EOF, false, now))
	}
	if longest < 15*time.Second {
		t.Errorf("a stream that carries nothing is tried each %s", longest)
	}
	next(io.EOF, true, now)
	for range 3 {
		if d := next(refused, false, now); d > 700*time.Millisecond {
			t.Errorf("after a good stream: %s", d)
		}
	}
}
