//go:build linux

package load

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// sampleMask makes one answer in 128 a sample.
const sampleMask = 127

// settle judges one answer and frees the place of its request.
func (s *Stream) settle(r *reply, now int64) error {
	at, turn, ok := readID(r.id)
	sl := &s.slots[at%maxWindow]
	switch {
	case !ok || at >= maxWindow || turn == 0 || turn > sl.turn:
		return wrong(ErrUnknownID, r)
	case turn < sl.turn || !sl.open:
		return wrong(ErrTwice, r)
	}
	k := &s.kinds[sl.kind]
	if err := judge(r, k, &s.people[sl.who]); err != nil {
		return err
	}
	s.answered++
	if s.answered&sampleMask == 1 {
		if err := sample(r, k); err != nil {
			return err
		}
	}
	sl.open = false
	s.free = append(s.free, at)
	if k.asleep {
		s.asleep.add(now - sl.asked)
	} else {
		s.others.add(now - sl.asked)
	}
	return nil
}

// judge looks at what every answer must have: RFC 6120, 8.2.3.
func judge(r *reply, k *kind, who *requester) error {
	want := "result"
	if k.fails {
		want = "error"
	}
	switch {
	case string(r.typ) != want:
		return wrong(ErrType, r)
	case string(r.from) != Domain:
		return wrong(ErrFrom, r)
	case !bytes.Equal(r.to, who.written) && unescape(r.to) != who.jid:
		return wrong(ErrTo, r)
	}
	return nil
}

// sample looks at the payload, by a parser if it is none that was right before.
func sample(r *reply, k *kind) error {
	if k.right != nil && bytes.Equal(r.payload, k.right) {
		return nil
	}
	var iq element
	err := xml.Unmarshal(r.whole, &iq)
	if err == nil {
		err = k.check(iq)
	}
	if err != nil {
		return fmt.Errorf("%w: %w: %s", ErrPayload, err, excerpt(r.whole))
	}
	k.right = append([]byte{}, r.payload...)
	return nil
}

// unescape is for those who write an address in another of the right ways.
func unescape(value []byte) string {
	var s string
	if err := xml.Unmarshal([]byte("<a>"+string(value)+"</a>"), &s); err != nil {
		return ""
	}
	return s
}

func wrong(what error, r *reply) error { return fmt.Errorf("%w: %s", what, excerpt(r.whole)) }
