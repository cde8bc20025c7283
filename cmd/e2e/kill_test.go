package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// TestS05Killed: iqd is killed and started again, five times. Nothing of the one before
// is in the way of the next, Prosody lets it in at once, and what was acknowledged is
// there.
func TestS05Killed(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	path, dir := buildDaemon(t), t.TempDir()
	alice := srv.Login(t, "alice", "balcony")
	query := fmt.Sprintf(" to='%s'><query xmlns='jabber:iq:roster'>", srv.Component)
	n := 0
	ask := func(typ, inner string, patience time.Duration) (string, bool) {
		n++
		id := fmt.Sprint("n", n)
		alice.Send(fmt.Sprintf("<iq type='%s' id='%s'%s%s</query></iq>", typ, id, query, inner))
		got, _ := alice.Take(realserver.Answers(id), patience)
		return got, realserver.Parse(got).Type == "result"
	}
	for round := range 5 {
		began := time.Now()
		cmd := runDaemon(t, srv, path, dir, "[handlers.roster]\n")
		var got string
		// Prosody answers until the daemon is there. It may have given a request to the one just
		// killed, whose end it has not seen yet: then nothing comes.
		realserver.Eventually(t, 20*time.Second, func() (ok bool) {
			got, ok = ask("get", "", 2*time.Second)
			return ok
		})
		t.Logf("round %d: serves after %v", round, time.Since(began).Round(time.Millisecond))
		if items := strings.Count(got, "<item "); items != round {
			t.Errorf("round %d: %d items are there: %s", round, items, got)
		}
		if got, ok := ask("set", fmt.Sprintf("<item jid='c%d@example.net' name='Name %d'/>", round, round), 20*time.Second); !ok {
			t.Errorf("round %d: got %s", round, got)
		}
		killed(cmd)
	}
}
