package component_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
)

// Books say what was asked since the last comparison and what came of it.
type books struct {
	mu      sync.Mutex
	next    int
	asked   map[string]kind
	got     map[string]int
	answers int // distinct ones, ever
	missing int // read and not answered: all of them excused
}

func newBooks() *books { return &books{asked: map[string]kind{}, got: map[string]int{}} }

// ask enters a request and returns its id.
func (b *books) ask(k kind) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := strconv.Itoa(b.next)
	b.asked[id] = k
	return id
}

// answer enters a reply and returns its id.
func (b *books) answer(t *testing.T, raw string) string {
	t.Helper()
	r := parseReply(t, raw)
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.asked[r.id]
	switch b.got[r.id]++; {
	case !ok:
		t.Errorf("a reply to nothing, or of an earlier round: %.300s", raw)
	case b.got[r.id] > 1:
		t.Errorf("%s was answered %d times", r.id, b.got[r.id])
	case !k.accepts(r):
		t.Errorf("%s was answered with %.300s", k, raw)
	}
	return r.id
}

// accepts reports whether a reply is one that a request of the kind may get. Any
// may be refused: no room, or none of the places that late handlers hold.
func (k kind) accepts(r reply) bool {
	what := r.cond
	if r.typ == "result" {
		what = "result"
	}
	return what == "resource-constraint" || what == "remote-server-timeout" || slices.Contains(k.replies(), what)
}

// compare closes a round: each request that was read has its answer, but for those
// that are counted as unconfirmed or expired.
func (b *books) compare(t *testing.T, s component.Stats) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers += len(b.got)
	b.missing = int(s.Requests-s.Unanswered) - b.answers
	if s.Requests != s.Results+s.Errors+s.Unanswered {
		t.Errorf("the sums are wrong: %+v", s)
	}
	if b.missing < 0 || b.missing > int(s.Unconfirmed+s.Expired) {
		t.Errorf("%d requests were read and %d answered, %d unconfirmed, %d expired", s.Requests-s.Unanswered, b.answers, s.Unconfirmed, s.Expired)
	}
	clear(b.asked)
	clear(b.got)
}
