//go:build linux

package load

import (
	"fmt"
	"strings"
)

// requesters is how many ask in turn.
const requesters = 1000

// A requester is somebody who asks: the address as it is and as it is written, and
// the heads of a get and a set, in which only the id is left to be filled in.
type requester struct {
	jid     string
	written []byte
	heads   [2][]byte // get, set
}

// The id has a letter, because a name that begins with a digit is none for XML's
// own ids, then the slot and how often that was used.
const (
	idPrefix = "b"
	idSize   = len(idPrefix) + 12
	idAt     = len("<iq type='get' id='") + len(idPrefix)
	hexits   = "0123456789abcdef"
)

func people(emoji bool) []requester {
	out := make([]requester, requesters)
	for i := range out {
		res := "balcony"
		if emoji {
			res = "Zoë \U0001F339 & <\U0001F680>"
		}
		jid := fmt.Sprintf("user%d@example.net/%s", i, res)
		written := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;").Replace(jid)
		out[i] = requester{jid: jid, written: []byte(written)}
		for set, typ := range []string{"get", "set"} {
			out[i].heads[set] = fmt.Appendf(nil, "<iq type='%s' id='%s000000000000' from='%s' to='%s'>", typ, idPrefix, written, Domain)
		}
	}
	return out
}

// A slot is a place of the window: the request that is in it, or was.
type slot struct {
	asked int64  // when
	turn  uint32 // how often the slot was used
	who   uint16
	kind  uint8
	open  bool
}

// maxWindow is what the four digits of a slot can say.
const maxWindow = 1 << 16

// ask appends one request.
func (s *Stream) ask(now int64) {
	at := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	sl := &s.slots[at]
	*sl = slot{asked: now, turn: sl.turn + 1, who: s.next, kind: s.table[s.draw()%drawSize], open: true}
	if s.next++; s.next == requesters {
		s.next = 0
	}
	k := &s.kinds[sl.kind]
	set := 0
	if k.set {
		set = 1
	}
	from := len(s.out)
	s.out = append(s.out, s.people[sl.who].heads[set]...)
	putHex(s.out[from+idAt:from+idAt+12], uint64(at)<<32|uint64(sl.turn))
	s.out = append(s.out, k.body...)
}

// putHex writes v into all of b.
func putHex(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = hexits[v&15]
		v >>= 4
	}
}

// readID is the way back: from an id to the slot and its turn.
func readID(id []byte) (at, turn uint32, ok bool) {
	if len(id) != idSize || id[0] != idPrefix[0] {
		return 0, 0, false
	}
	var v uint64
	for _, c := range id[1:] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, 0, false
		}
		v = v<<4 | uint64(c)
	}
	return uint32(v >> 32), uint32(v), true
}
