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

// A series has a bucket for each bound and one for what is beyond.
type series struct {
	key     seriesKey
	nanos   atomic.Int64
	buckets [len(bucketBounds) + 1]atomic.Uint64
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
	return func(next Handler) Handler {
		var recent [len(outcomes)]atomic.Pointer[series] // of this route, which nearly always has one name
		return Observe(func(req *Request, err error, took time.Duration) {
			o := outcomeOf(err)
			sr := recent[o].Load()
			if name := req.Handler(); sr == nil || sr.key.handler != name {
				sr = m.of(seriesKey{name, outcomes[o]})
				recent[o].Store(sr)
			}
			sr.add(took)
		})(next)
	}
}

func (m *Meter) of(key seriesKey) *series {
	v, ok := m.series.Load(key)
	if !ok {
		v, _ = m.series.LoadOrStore(key, &series{key: key})
	}
	return v.(*series)
}

func (s *series) add(took time.Duration) {
	s.nanos.Add(int64(took))
	i := 0
	for i < len(bucketBounds) && took > bucketBounds[i] {
		i++
	}
	s.buckets[i].Add(1)
}

// Read returns what has been counted so far.
func (m *Meter) Read() []Measurement {
	var out []Measurement
	m.series.Range(func(k, v any) bool {
		key, s := k.(seriesKey), v.(*series)
		line := Measurement{
			Handler: key.handler, Outcome: key.outcome,
			Sum: time.Duration(s.nanos.Load()), Buckets: make(map[float64]uint64, len(bucketBounds)),
		}
		for i := range s.buckets {
			line.Count += s.buckets[i].Load()
			if i < len(bucketBounds) {
				line.Buckets[bucketBounds[i].Seconds()] = line.Count
			}
		}
		out = append(out, line)
		return true
	})
	return out
}
