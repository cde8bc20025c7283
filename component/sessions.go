package component

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"mellium.im/xmpp/stanza"
)

const (
	sessionLife     = 10 * time.Minute // since the last step
	maxSessions     = 1000
	sessionsOfOwner = 16
	sessionBytes    = 64 << 10  // of what has been filled in
	stagesBack      = 16        // that a session remembers
	stageBytes      = 256 << 10 // of them; there is always one
)

// A session is a command that somebody has begun and not ended. While a step of
// it runs it is busy, and belongs to that step.
type session struct {
	id    string
	from  string // the full JID that it is bound to
	owner string // its bare JID
	local bool
	cmd   *command
	lang  string
	at    place
	past  []place // to go back to
	busy  bool
	gone  bool // its extension ended while a step ran
	ends  time.Time
	spot  *list.Element // in the order of use; nil while busy
}

// A place is a stage, and what was filled in when it was left.
type place struct {
	stage  *Stage
	filled Values
	size   int // in bytes, when it was shown
}

// size returns about how many bytes of its asker the session holds.
func (s *session) size() (n int) {
	for _, p := range s.past {
		n += p.filled.size()
	}
	return n
}

// sessions are the command sessions of a component: bounded in number, in all and
// for each bare JID, and each for a time.
type sessions struct {
	key    [sha256.Size]byte
	over   func(*session) // is called for each that ends by itself; does not block
	mu     sync.Mutex
	byID   map[string]*session
	owners map[string]int
	used   list.List // of those that are not busy, the one used longest ago first
	timer  *time.Timer
}

func newSessions(over func(*session)) *sessions {
	t := &sessions{over: over, byID: map[string]*session{}, owners: map[string]int{}}
	_, _ = rand.Read(t.key[:]) // never fails
	return t
}

const nonceBytes, macBytes = 12, 12

// newID returns an id that only from can have got, for this node. It needs no
// memory: what the id of a session that is over looks like, the key knows.
func (t *sessions) newID(from, node string) string {
	var nonce [nonceBytes]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(t.sign(nonce[:], from, node))
}

func (t *sessions) sign(nonce []byte, from, node string) []byte {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write(nonce)
	mac.Write([]byte(from))
	mac.Write([]byte{0}) // neither can have one
	mac.Write([]byte(node))
	return append(nonce[:nonceBytes:nonceBytes], mac.Sum(nil)[:macBytes]...)
}

// ours reports whether from has been given this id for the node.
func (t *sessions) ours(id, from, node string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	return err == nil && len(raw) == nonceBytes+macBytes && hmac.Equal(raw, t.sign(raw[:nonceBytes], from, node))
}

// take makes a session busy. XEP-0050, 4.4 tells one that never was, or is
// somebody else's, from one that is over.
func (t *sessions) take(id, from string, cmd *command) (*session, error) {
	if !t.ours(id, from, cmd.Node) {
		return nil, commandError(stanza.BadRequest, "bad-sessionid", "no such session of yours")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.byID[id]
	switch {
	case s == nil || s.cmd.inst != cmd.inst:
		return nil, commandError(stanza.NotAllowed, "session-expired", "the session is over")
	case s.busy:
		return nil, Errorf(stanza.UnexpectedRequest, "the last step is still being worked on")
	}
	t.used.Remove(s.spot)
	s.busy, s.spot = true, nil
	return s, nil
}

// open enters a session, busy, when there is room or can be made. The one to go is
// the asker's own that was used longest ago.
func (t *sessions) open(s *session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	full := len(t.byID) >= maxSessions
	if full || t.owners[s.owner] >= sessionsOfOwner {
		victim := t.victim(s)
		if victim == nil {
			return Errorf(stanza.ResourceConstraint, "too many commands are under way")
		}
		t.remove(victim)
		t.over(victim)
	}
	s.busy = true
	t.byID[s.id] = s
	t.owners[s.owner]++
	return nil
}

// victim returns the session that s takes the place of, or nil. Who has only one
// keeps it, but a stranger's goes for a local user's.
func (t *sessions) victim(s *session) *session {
	most, owner := 1, s.owner
	if t.owners[s.owner] == 0 {
		for o, n := range t.owners {
			if n > most {
				most, owner = n, o
			}
		}
	}
	var stranger *session
	for e := t.used.Front(); e != nil; e = e.Next() {
		v := e.Value.(*session)
		if v.owner == owner {
			return v
		}
		if stranger == nil && s.local && !v.local {
			stranger = v
		}
	}
	if t.owners[s.owner] >= sessionsOfOwner {
		return nil // and all of them are busy
	}
	return stranger
}

// release ends a step: the session waits for the next one, unless it has ended.
// It returns false when it ended behind the back of the step.
func (t *sessions) release(s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[s.id] != s {
		return !s.gone
	}
	s.busy = false
	s.ends = time.Now().Add(sessionLife)
	s.spot = t.used.PushBack(s)
	if t.timer == nil {
		t.timer = time.AfterFunc(sessionLife, t.expire)
	}
	return true
}

// end takes a session out, as its asker or its command wants.
func (t *sessions) end(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.gone = false
	t.remove(s)
}

func (t *sessions) remove(s *session) {
	if t.byID[s.id] != s {
		return
	}
	delete(t.byID, s.id)
	if t.owners[s.owner]--; t.owners[s.owner] == 0 {
		delete(t.owners, s.owner)
	}
	if s.spot != nil {
		t.used.Remove(s.spot)
		s.spot = nil
	}
	if len(t.byID) == 0 && t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// expire ends what has not been used for too long, and sees to it that it is
// called again when the next one is due.
func (t *sessions) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = nil
	now := time.Now()
	for e := t.used.Front(); e != nil; e = t.used.Front() {
		s := e.Value.(*session)
		if left := s.ends.Sub(now); left > 0 {
			t.timer = time.AfterFunc(left, t.expire)
			return
		}
		t.remove(s)
		t.over(s)
	}
}

// drop ends the sessions of an extension that is about to end, and returns those
// that no step is at work on.
func (t *sessions) drop(inst *instance) (idle []*session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.byID {
		if s.cmd.inst != inst {
			continue
		}
		if s.gone = s.busy; !s.busy {
			idle = append(idle, s)
		}
		t.remove(s)
	}
	return idle
}
