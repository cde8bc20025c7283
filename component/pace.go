package component

import (
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A pacer says how long to wait before the next try.
type pacer struct {
	absent   *backoff.ExponentialBackOff // the server is not there
	rejected *backoff.ExponentialBackOff // it does not want us, or drops us at once
	since    time.Time                   // of the first try that found nobody
}

const (
	absentSoon = 2 * time.Minute // after a server went it is likely to come back soon
	absentMax  = time.Second / 2
	rejectMax  = time.Minute
)

func newPacer() *pacer {
	p := &pacer{
		// The jitter is half of the interval either way: 0.1 to 0.3 s at first.
		absent: &backoff.ExponentialBackOff{InitialInterval: 200 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 1.5},
		// Twice the mean is full jitter.
		rejected: &backoff.ExponentialBackOff{InitialInterval: 500 * time.Millisecond, RandomizationFactor: 1, Multiplier: 2, MaxInterval: rejectMax / 2},
	}
	p.absent.Reset()
	p.rejected.Reset()
	return p
}

// next returns the delay after a stream, or a try at one, ended with err. routed:
// a stanza had been routed to us on it.
func (p *pacer) next(err error, routed bool, now time.Time) time.Duration {
	if routed {
		p.since = time.Time{}
		p.absent.Reset()
		p.rejected.Reset()
	}
	var se *StreamError
	switch {
	case errors.As(err, &se) && !se.ByUs:
		return p.said(se)
	case routed:
		return between(100*time.Millisecond, 300*time.Millisecond)
	case isAbsent(err):
		return p.missing(now)
	}
	p.since = time.Time{}
	return p.rejected.NextBackOff()
}

// missing grows to half a second while the server may be restarting, then further.
// ejabberd takes up to 1.4 s to answer once its port is open, and two seconds are
// what a restart may cost.
func (p *pacer) missing(now time.Time) time.Duration {
	if p.since.IsZero() {
		p.since = now
	}
	most := absentMax
	if now.Sub(p.since) > absentSoon {
		most = 10 * time.Second
	}
	p.absent.MaxInterval = most
	return min(p.absent.NextBackOff(), most)
}

// said paces the next try by what the server said.
func (p *pacer) said(e *StreamError) time.Duration {
	p.since = time.Time{}
	switch e.Condition {
	case "conflict":
		if !e.Setup { // another instance replaced us: do not kick it in turn
			return between(time.Minute, 2*time.Minute)
		}
		return min(time.Second+p.rejected.NextBackOff(), 30*time.Second)
	case "not-authorized", "host-unknown":
		return between(30*time.Second, time.Minute)
	case "system-shutdown":
		return between(100*time.Millisecond, 300*time.Millisecond)
	case "connection-timeout":
		return between(500*time.Millisecond, 1500*time.Millisecond)
	}
	return p.rejected.NextBackOff()
}

// isAbsent reports whether err says that there is no server behind the port.
func isAbsent(err error) bool {
	var op *net.OpError
	var early *earlyEndError
	var dns *net.DNSError
	return errors.As(err, &early) || errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least)
}
