package component_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
	"pgregory.net/rapid"
)

// A sessionOp is one thing that happens to the table of sessions.
type sessionOp struct {
	what  string
	owner int
	which int // of the sessions that ever were
	n     int
	pause time.Duration
}

func drawSessionOps() *rapid.Generator[[]sessionOp] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sessionOp {
		return sessionOp{
			what:  rapid.SampledFrom([]string{"open", "open", "crowd", "take", "take", "steal", "release", "end", "sleep"}).Draw(t, "what"),
			owner: rapid.IntRange(0, 4).Draw(t, "owner"), which: rapid.IntRange(0, 5000).Draw(t, "which"),
			n: rapid.IntRange(1, 400).Draw(t, "n"), pause: time.Duration(rapid.IntRange(1, 700).Draw(t, "pause")) * time.Second,
		}
	}), 1, 40)
}

// A knownSession is what the model knows of one.
type knownSession struct {
	from         string
	local, alive bool
	used         time.Time
	release, end func() // while it is busy
}

func (k *knownSession) owner() string { return bare(k.from) }

func bare(from string) string {
	s, _, _ := strings.Cut(from, "/")
	return s
}

// A sessionModel is the table beside what it has to be.
type sessionModel struct {
	table  *component.SessionTable
	mu     sync.Mutex
	byID   map[string]*knownSession
	ids    []string
	over   []string // since it was last looked at
	wrong  []string
	opened int
}

// TestSessionTable: whatever happens, no bound is passed, nobody gets at a session
// of somebody else, and none ends but for a reason.
func TestSessionTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ops := drawSessionOps().Draw(rt, "ops")
		var wrong []string
		synctest.Test(t, func(*testing.T) {
			m := &sessionModel{byID: map[string]*knownSession{}}
			m.table = component.NewSessionTable(func(id string) {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.over = append(m.over, id)
			})
			for _, op := range ops {
				m.do(op)
			}
			wrong = m.wrong
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

func (m *sessionModel) do(op sessionOp) {
	from := fmt.Sprintf("u%d@example.net/%d", op.owner, op.n)
	switch op.what {
	case "open":
		m.open(from, true)
	case "crowd":
		for range op.n {
			m.open(fmt.Sprintf("s%d@elsewhere.example/x", m.opened), false)
		}
	case "sleep":
		time.Sleep(op.pause)
		m.settle(nil)
	default:
		if len(m.ids) > 0 {
			id := m.ids[op.which%len(m.ids)]
			m.use(op.what, id, m.byID[id])
		}
	}
	m.count()
}

func (m *sessionModel) open(from string, local bool) {
	m.opened++
	before := m.table.Len()
	id, err := m.table.Open(from, local)
	asker := &knownSession{from: from, local: local, alive: true, used: time.Now()}
	m.settle(asker)
	switch {
	case err == nil:
		m.byID[id] = asker
		m.ids = append(m.ids, id)
	case before < 1000 && m.owned(asker.owner()) < 16:
		m.fail("%s was refused with %d sessions in the table: %v", from, before, err)
	}
}

func (m *sessionModel) use(what, id string, k *knownSession) {
	switch {
	case what == "steal":
		m.take(id, k.from+"x", "bad-request")
	case what == "take" && !k.alive:
		m.take(id, k.from, "not-allowed")
	case what == "take" && k.release != nil:
		m.take(id, k.from, "unexpected-request")
	case what == "take":
		k.release, k.end = m.take(id, k.from, "")
	case k.release == nil:
	case what == "release":
		k.release()
		k.release, k.used = nil, time.Now()
	case what == "end":
		k.end()
		k.release()
		k.release, k.alive = nil, false
	}
	m.settle(nil)
}

// take expects an error of that condition, or none.
func (m *sessionModel) take(id, from, want string) (release, end func()) {
	release, end, err := m.table.Take(id, from)
	var e *component.Error
	errors.As(err, &e)
	if got := e; got == nil && want != "" || got != nil && got.Condition != stanza.Condition(want) {
		m.fail("%s took %s and got %v, want %q", from, id, err, want)
	}
	return release, end
}

// settle looks at what has ended by itself: because it was not used for ten
// minutes, or to make room for asker.
func (m *sessionModel) settle(asker *knownSession) {
	synctest.Wait()
	m.mu.Lock()
	over := m.over
	m.over = nil
	m.mu.Unlock()
	for _, id := range over {
		k := m.byID[id]
		idle := time.Since(k.used) >= 10*time.Minute
		room := asker != nil && (k.owner() == asker.owner() || m.owned(k.owner()) > 1 || asker.local && !k.local)
		if !k.alive || k.release != nil || !idle && !room {
			m.fail("session of %s has ended, last used %s ago, busy: %v", k.from, time.Since(k.used), k.release != nil)
		}
		k.alive = false
	}
}

// owned returns how many sessions somebody has.
func (m *sessionModel) owned(owner string) (n int) {
	for _, k := range m.byID {
		if k.alive && k.owner() == owner {
			n++
		}
	}
	return n
}

func (m *sessionModel) count() {
	alive, owners := 0, map[string]int{}
	for _, k := range m.byID {
		if !k.alive {
			continue
		}
		alive++
		if owners[k.owner()]++; owners[k.owner()] > 16 {
			m.fail("%s has more than 16", k.owner())
		}
		if k.release == nil && time.Since(k.used) > 10*time.Minute {
			m.fail("session of %s lives on, last used %s ago", k.from, time.Since(k.used))
		}
	}
	if n := m.table.Len(); n != alive || n > 1000 {
		m.fail("%d in the table, want %d and at most 1000", n, alive)
	}
}

func (m *sessionModel) fail(format string, args ...any) {
	m.wrong = append(m.wrong, fmt.Sprintf(format, args...))
}
