package component

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Meter counts requests by handler and outcome, and how long handlers took.
// The zero Meter is ready for use.
type Meter struct{ series sync.Map } // of seriesKey to *series

type seriesKey struct{ handler, outcome string }

type series struct {
	count   atomic.Uint64
	nanos   atomic.Int64
	buckets [len(bucketBounds)]atomic.Uint64
}

var bucketBounds = [...]time.Duration{
	100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
}

// A Measurement is one line of a Meter.
type Measurement struct {
	Handler string // the extension; empty: no handler took the request
	Outcome string // see Outcome
	Count   uint64
	Sum     time.Duration
	Buckets map[float64]uint64 // upper bound in seconds to how many calls took at most that long
}

// Metrics counts each call in m.
func Metrics(m *Meter) Middleware {
	return Observe(func(req *Request, err error, took time.Duration) {
		key := seriesKey{req.Handler(), Outcome(err)}
		v, ok := m.series.Load(key)
		if !ok {
			v, _ = m.series.LoadOrStore(key, new(series))
		}
		v.(*series).add(took)
	})
}

func (s *series) add(took time.Duration) {
	s.count.Add(1)
	s.nanos.Add(int64(took))
	for i, bound := range bucketBounds {
		if took <= bound {
			s.buckets[i].Add(1)
			return
		}
	}
}

// Read returns what has been counted so far.
func (m *Meter) Read() []Measurement {
	var out []Measurement
	m.series.Range(func(k, v any) bool {
		key, s := k.(seriesKey), v.(*series)
		line := Measurement{
			Handler: key.handler, Outcome: key.outcome, Count: s.count.Load(),
			Sum: time.Duration(s.nanos.Load()), Buckets: make(map[float64]uint64, len(bucketBounds)),
		}
		var sum uint64
		for i, bound := range bucketBounds {
			sum += s.buckets[i].Load()
			line.Buckets[bound.Seconds()] = sum
		}
		out = append(out, line)
		return true
	})
	return out
}
