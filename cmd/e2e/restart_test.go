package e2e_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// backWithin is what a component may take to be back once the server's port is
// open, and soonAfter once the server answers there: ejabberd does up to 1.4 s later,
// and more where it shares two cores with other tests.
const (
	backWithin = 2 * time.Second
	soonAfter  = time.Second
)

// TestN12Restart restarts the server ten times while requests arrive. Checklist 6.
func TestN12Restart(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t)})
		late := 0
		for round := range 10 {
			alice := srv.Login(t, "alice", "restart")
			for i := range 50 {
				alice.Send(get(srv, fmt.Sprint("r", i), "nil", ""))
			}
			before := c.Stats().Streams
			srv.Stop()
			opened := portOpens(t, srv)
			srv.StartAgain()
			open, answered := <-opened, <-opened
			realserver.Eventually(t, 30*time.Second, func() bool { return c.Stats().Streams > before && c.Status().Heard })
			took, since := time.Since(open), time.Since(answered)
			t.Logf("round %d: back after %v, %v after the server answers", round, took, since)
			if took > backWithin && since > soonAfter {
				late++
			}
			srv.WaitReady()
			alice = srv.Login(t, "alice", "after")
			if got := alice.IQ(get(srv, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
				t.Errorf("round %d: got %s", round, got)
			}
			alice.Close()
		}
		if late > 2 { // neighbours come and go
			t.Errorf("%d times of 10 it took more than %v to be back", late, backWithin)
		}
		if st := c.Stats(); st.Requests != st.Results+st.Errors+st.Unanswered {
			t.Errorf("%d requests, %d results, %d errors", st.Requests, st.Results, st.Errors)
		}
	})
}

// portOpens watches the component port and tells when it takes connections, and then
// when the server answers there.
func portOpens(t *testing.T, srv *realserver.Server) <-chan time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	times := make(chan time.Time, 2)
	go func() {
		defer close(times) // what did not come is the zero time
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for opened := false; ; {
			conn, err := net.Dial("tcp", srv.ComponentAddr())
			if err == nil {
				if !opened {
					times <- time.Now()
					opened = true
				}
				if answers(conn, srv.Component) {
					times <- time.Now()
					return
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return times
}

// answers waits until the server says something to a component that does not go on.
func answers(conn net.Conn, jid string) bool {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(conn, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", jid); err != nil {
		return false
	}
	_, err := conn.Read(make([]byte, 1))
	return err == nil
}

// TestSlowBesideFast: a handler that sleeps a second does not delay another
// sender's ping. Checklist 36.
func TestSlowBesideFast(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := testMux(t)
		const rounds = 4
		sleeper := func(round int, quick bool) string { return fmt.Sprintf("sleep-%d-%v", round, quick) }
		for i := range 2 * rounds { // new ones for each round: who is known to sleep is kept apart
			quick := i%2 == 0
			local := sleeper(i/2, quick)
			add(t, m, component.Extension{Name: local, Routes: []component.Route{{
				Name: name(local), Quick: quick,
				Get: component.HandlerFunc(func(ctx context.Context, _ *component.Request) (component.Payload, error) {
					timer := time.NewTimer(time.Second)
					defer timer.Stop()
					<-timer.C
					return nil, nil
				}),
			}}})
		}
		add(t, m, component.Extension{Name: "fast", Routes: []component.Route{{
			Name: name("fast"), Quick: true,
			Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { return nil, nil }),
		}}})
		serve(t, srv, component.Config{Handler: m})
		bob := srv.Login(t, "bob", "slow")
		alice := srv.Login(t, "alice", "fast")
		// The server and the client share two cores with the test: what iqd adds is the
		// difference, and a second of somebody else's sleep shows in it each time.
		var quiet, busy time.Duration
		for round := range rounds {
			quiet = pings(t, srv, alice, 300)
			for i := range 50 {
				bob.Send(get(srv, fmt.Sprint("z", round, "-", i), sleeper(round, i%2 == 0), ""))
			}
			busy = pings(t, srv, alice, 300)
			t.Logf("p99 of a ping through the server: %v alone, %v beside 50 sleepers", quiet, busy)
			if busy <= quiet+50*time.Millisecond {
				return
			}
			for range 50 {
				if bob.Next(10*time.Second) == "" {
					t.Fatal("a sleeper's request was not answered")
				}
			}
		}
		t.Errorf("p99 %v beside sleepers, %v without", busy, quiet)
	})
}

// pings asks n times, one after the other, and returns the 99th percentile.
func pings(t *testing.T, srv *realserver.Server, c *realserver.Client, n int) time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		c.IQ(get(srv, fmt.Sprint("f", i), "fast", ""))
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[n*99/100]
}
