package load_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

const (
	rosterOnDisk = "[handlers.roster]\nstore = 'sqlite:roster.db'\n"
	people       = 256
	each         = 40 // items that one of them sets in a round
)

// TestRosterSetsOnDisk: 256 people change their rosters at once, and everything
// is on the disk before it is answered. The goal is 5,000 changes a second in all.
// The disk and the processors may be busy with something else, so the best of
// some rounds counts, and less than half of the goal is a failure only; were each
// change to wait for a commit of its own it would be less than that by far. In the
// end the process is killed, and what was answered has to be there.
func TestRosterSetsOnDisk(t *testing.T) {
	const goal, least = 5000, 2000
	path, dir, srv := build(t, "cmd/iqd"), t.TempDir(), listen(t)
	p := daemon(t, path, srv, dir, rosterOnDisk)
	l := srv.accept()
	best, rounds := 0.0, 0
	for ; rounds < 4 && best < goal; rounds++ {
		before := p.cpu()
		rate := l.setRosters(rounds)
		t.Logf("%.0f changes a second, each for %v of a processor", rate, (p.cpu()-before)/(people*each))
		best = max(best, rate)
	}
	if best < least {
		t.Errorf("%.0f changes a second, want %d", best, goal)
	}
	p.kill()
	daemon(t, path, srv, dir, rosterOnDisk)
	srv.accept().checkRosters(rounds - 1)
}

// setRosters has everybody set their items, and returns how many were set in a
// second.
func (l *link) setRosters(round int) float64 {
	l.t.Helper()
	began := time.Now()
	l.run(load{n: people * each, window: people, users: people, ask: func(i int) (typ, payload string) {
		return "set", fmt.Sprintf("<query xmlns='jabber:iq:roster'><item jid='friend%d@example.net' name='%s'><group>Friends</group></item></query>",
			i/people, itemName(round, i))
	}})
	return float64(people*each) / time.Since(began).Seconds()
}

// checkRosters looks for what the last round has set.
func (l *link) checkRosters(round int) {
	l.t.Helper()
	l.run(load{n: people, window: people, users: people, ask: getRoster, look: func(i int, raw []byte) {
		for k := range each {
			if want := "name='" + itemName(round, k*people+i) + "'"; !bytes.Contains(raw, []byte(want)) {
				l.t.Fatalf("%s was answered, and is not there after a kill:\n%s", want, raw)
			}
		}
	}})
}

func itemName(round, i int) string { return fmt.Sprintf("Friend %d of round %d", i, round) }

func getRoster(int) (typ, payload string) { return "get", "<query xmlns='jabber:iq:roster'/>" }
