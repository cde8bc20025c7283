//go:build linux

package load

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// A Stream is the stream of one component. One goroutine uses it.
type Stream struct {
	wire
	epoch    time.Time
	plan     Plan
	people   []requester
	kinds    []kind
	table    []uint8 // kinds to draw from
	slots    []slot
	free     []uint32 // slots
	next     uint16   // requester
	answered uint64
	others   histogram
	asleep   histogram
}

// Run carries a plan out and returns what was measured. After an error the stream
// is of no more use.
func (s *Stream) Run(p Plan) (Result, error) {
	if err := s.warm(p); err != nil {
		return Result{}, fmt.Errorf("warm up: %w", err)
	}
	if err := s.prepare(p); err != nil {
		return Result{}, err
	}
	s.others, s.asleep = histogram{}, histogram{}
	before, err := readMeters(p.PID)
	if err != nil {
		return Result{}, err
	}
	if err := s.pump(cmp.Or(p.Duration, time.Hour), p.IQs); err != nil {
		return Result{}, err
	}
	after, err := readMeters(p.PID)
	if err != nil {
		return Result{}, err
	}
	res := after.since(before)
	res.Others, res.Asleep = s.others.summary(), s.asleep.summary()
	res.IQs = s.others.n + s.asleep.n
	return res, nil
}

// warmWindow is what a warm-up has open: who is slow has little left to answer when
// it ends.
const warmWindow = 32

func (s *Stream) warm(p Plan) error {
	if p.Warmup == 0 {
		return nil
	}
	p.Window = min(p.Window, warmWindow)
	p.Duration = p.Warmup
	if err := s.prepare(p); err != nil {
		return err
	}
	return s.pump(p.Duration, 0)
}

func (s *Stream) prepare(p Plan) error {
	if p.Window < 1 || p.Window > maxWindow {
		return fmt.Errorf("a window of %d: not from 1 to %d", p.Window, maxWindow)
	}
	if p.Duration == 0 && p.IQs == 0 {
		return errors.New("a plan without an end")
	}
	p.Patience = cmp.Or(p.Patience, 10*time.Second)
	s.kinds = kinds(p.Items)
	table, err := deal(p, s.kinds)
	if err != nil {
		return err
	}
	s.plan, s.table, s.people, s.cut = p, table, people(p.Emoji), p.Cut
	s.free = s.free[:0]
	for i := range p.Window {
		s.free = append(s.free, uint32(i))
	}
	return nil
}

// pump keeps the window full for that long or until so many have been asked, and
// then waits for the answers that are due.
func (s *Stream) pump(d time.Duration, limit int) error {
	now := s.now()
	end, heard := now+int64(d), now
	for asked := 0; ; {
		for ; now < end && len(s.free) > 0 && (limit == 0 || asked < limit) && len(s.out) < bufferSize; asked++ {
			s.ask(now)
		}
		if len(s.free) == s.plan.Window && !s.pending() {
			return nil
		}
		if err := s.flush(); err != nil {
			return err
		}
		n, err := s.receive()
		if err != nil {
			return s.lost(err)
		}
		now = s.now()
		if n > 0 {
			heard = now
		} else if now-heard > int64(s.plan.Patience) {
			return s.lost(nil)
		}
		if err := s.collect(now); err != nil {
			return err
		}
	}
}

// now is the time since the stream began.
func (s *Stream) now() int64 { return int64(time.Since(s.epoch)) }

// lost is the error for answers that will not come any more.
func (s *Stream) lost(err error) error {
	return errors.Join(fmt.Errorf("%w: %d", ErrMissing, s.plan.Window-len(s.free)), err)
}

// collect settles all the answers that have come.
func (s *Stream) collect(now int64) error {
	var r reply
	for {
		for s.start < s.end && s.in[s.start] <= ' ' { // RFC 6120, 4.6.1: between stanzas a stream may have spaces
			s.start++
		}
		n, err := r.scan(s.in[s.start:s.end])
		if n == 0 || err != nil {
			return err
		}
		if err := s.settle(&r, now); err != nil {
			return err
		}
		s.start += n
	}
}

// Close ends the stream and reads what may still come: an answer now is one too
// many. It does not wait for a component that does not end its side.
func (s *Stream) Close() error {
	defer s.file.Close()
	s.out = append(s.out, "</stream:stream>"...)
	err := s.flush()
	for end := s.now() + int64(20*tick); err == nil && s.now() < end; {
		if _, err = s.receive(); err == nil {
			err = s.collect(s.now())
		}
	}
	if errors.Is(err, ErrEnded) {
		return nil
	}
	return err
}
