package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestReconnectsUnderLoad has a thousand requests a second from clients that stay
// online, and ends the component's connection 200 ms after each has begun, ten times
// and for five seconds. In order: each request that was read is answered once. With
// resets: none twice, and no more are unanswered than the counter of unconfirmed
// replies says (issue 4, N14 to N16).
func TestReconnectsUnderLoad(t *testing.T) {
	for label, reset := range map[string]bool{"N14 closed in order": false, "N16 reset": true} {
		t.Run(label, func(t *testing.T) {
			bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
				p := newProxy(t, srv, 200*time.Millisecond, reset)
				read := &readings{seen: map[string]int{}}
				var ends endings
				comp := serve(t, srv, component.Config{Server: p.listen.Addr().String(), Handler: read.mux(t), Notify: ends.note})
				asked := pour(t, srv, 5*time.Second, func() bool { return p.broken.Load() >= 10 })
				close(p.calm)
				settleAll(t, srv, comp)
				report := tally(asked, read)
				st := comp.Stats()
				t.Logf("%d connections ended; %d asked, %d read, %d answered by us, %d read and unanswered, %d unconfirmed, %d expired",
					p.broken.Load(), report.asked, report.read, report.answered, report.missing, st.Unconfirmed, st.Expired)
				allowed := 0
				if reset {
					allowed = int(st.Unconfirmed)
				}
				if report.twice > 0 || report.missing > allowed {
					t.Errorf("%d answered twice; %d read and unanswered, want at most %d", report.twice, report.missing, allowed)
				}
				if p.broken.Load() < 10 || report.answered < 30 {
					t.Errorf("that was no test: %d connections ended, %d answered;%s", p.broken.Load(), report.answered, ends.String())
				}
			})
		})
	}
}

// Endings are when and why there was no stream, and how long the component meant to
// wait then.
type endings struct {
	mu   sync.Mutex
	last time.Time
	text strings.Builder
}

func (e *endings) note(s component.Status) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fmt.Fprintf(&e.text, "\n%v after %v", s.State, s.Since.Sub(e.last).Round(time.Millisecond))
	if e.last = s.Since; s.State == component.StateWaiting {
		fmt.Fprintf(&e.text, ", again in %v: %v", s.Retry.Round(time.Millisecond), s.Err)
	}
}

func (e *endings) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.String()
}

// Readings are the requests that handlers were given.
type readings struct {
	mu   sync.Mutex
	seen map[string]int
}

// mux answers one half at once and the other after some milliseconds.
func (r *readings) mux(t *testing.T) *component.Mux {
	t.Helper()
	m := component.NewMux()
	h := func(wait time.Duration) component.HandlerFunc {
		return func(_ context.Context, req *component.Request) (component.Payload, error) {
			r.mu.Lock()
			r.seen[req.From+" "+req.ID]++
			r.mu.Unlock()
			if wait > 0 {
				<-time.After(wait)
			}
			return component.Text(nsTest, "ours", ""), nil
		}
	}
	add(t, m, component.Extension{Name: "test", Routes: []component.Route{
		{Name: name("quick"), Quick: true, Get: h(0)}, {Name: name("slow"), Get: h(20 * time.Millisecond)},
	}})
	return m
}

// pourers is how many clients ask, a thousand times a second in all.
const pourers = 4

// pour asks for a while and until enough holds, but not for ever, without waiting for
// answers.
func pour(t *testing.T, srv *realserver.Server, d time.Duration, enough func() bool) map[*realserver.Client]int {
	t.Helper()
	asked := map[*realserver.Client]int{}
	var clients []*realserver.Client
	for i := range pourers {
		clients = append(clients, srv.Login(t, []string{"alice", "bob"}[i%2], fmt.Sprint("pour", i)))
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < d || !enough() && time.Since(begun) < 6*d; <-tick.C {
		for _, c := range clients {
			var b strings.Builder
			for range 10 / pourers {
				b.WriteString(get(srv, fmt.Sprint(asked[c]), []string{"quick", "slow"}[asked[c]%2], ""))
				asked[c]++
			}
			if asked[c]%4 < 2 { // 10 does not divide by 4
				b.WriteString(get(srv, fmt.Sprint(asked[c]), "slow", ""))
				asked[c]++
			}
			c.Send(b.String())
		}
	}
	return asked
}

// settleAll waits until the component is back and whatever it and the server have
// to say has been said. What is asked as the last connection ends gets no answer.
func settleAll(t *testing.T, srv *realserver.Server, comp *component.Component) {
	t.Helper()
	last := srv.Login(t, "alice", "last")
	n := 0
	realserver.Eventually(t, 60*time.Second, func() bool {
		if !comp.Status().Heard || comp.Stats().Open > 0 {
			return false
		}
		n++
		last.Send(get(srv, fmt.Sprint("last", n), "quick", ""))
		for raw := last.Next(2 * time.Second); raw != ""; raw = last.Next(2 * time.Second) {
			if got := realserver.Parse(raw); got.ID == fmt.Sprint("last", n) {
				return got.Type == "result" && comp.Stats().Open == 0
			}
		}
		return false
	})
}

type report struct{ asked, read, answered, missing, twice int }

// tally compares what each client got with what was read of it. The server answers
// in our place while we are away; those answers are not ours.
func tally(asked map[*realserver.Client]int, read *readings) report {
	var r report
	read.mu.Lock()
	defer read.mu.Unlock()
	for c, n := range asked {
		r.asked += n
		ours := map[string]int{}
		for raw := c.Next(time.Second); raw != ""; raw = c.Next(time.Second) {
			if s := realserver.Parse(raw); s.Type == "result" {
				ours[s.ID]++
			}
		}
		for i := range n {
			id := fmt.Sprint(i)
			seen := read.seen[c.JID+" "+id]
			r.read += min(seen, 1)
			r.answered += min(ours[id], 1)
			if seen > 1 || ours[id] > 1 {
				r.twice++
			}
			if seen > 0 && ours[id] == 0 {
				r.missing++
			}
		}
	}
	return r
}
