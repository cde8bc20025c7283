package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestS01Drain: a component that is told to end while requests run lets finish what
// does so in time, answers the others, and ends; each client has one answer to each.
func TestS01Drain(t *testing.T) {
	const each, drain = 20, 2 * time.Second
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := testMux(t)
		m.HandleGet(nsTest, "slow", component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) {
			<-time.After(drain / 4)
			return nil, nil
		}))
		c, err := component.New(component.Config{
			JID: srv.Component, Secret: srv.Secret, Server: srv.ComponentAddr(), Handler: m, Log: quiet(),
			Limits: component.Limits{DrainTimeout: drain},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		online(t, c)
		alice := srv.Login(t, "alice", "balcony")
		var b strings.Builder
		for i := range each {
			b.WriteString(get(srv, fmt.Sprint("slow", i), "slow", "") + get(srv, fmt.Sprint("hang", i), "hang", ""))
		}
		alice.Send(b.String())
		realserver.Eventually(t, 20*time.Second, func() bool { return c.Stats().Open == 2*each })
		began := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
		if took := time.Since(began); took > drain+3*time.Second {
			t.Errorf("ended after %v", took)
		}
		answered := map[string]int{}
		for range 2 * each {
			s := realserver.Parse(alice.Expect(func(s string) bool { return strings.Contains(s, "<iq") }, 10*time.Second))
			want := map[bool]string{true: "result", false: "service-unavailable"}[strings.HasPrefix(s.ID, "slow")]
			if got := s.Type + s.Inner; !strings.Contains(got, want) {
				t.Errorf("%s was answered with %s, want %s", s.ID, got, want)
			}
			answered[s.ID]++
		}
		if len(answered) != 2*each || alice.Next(time.Second) != "" {
			t.Errorf("%d of %d are answered, or some twice", len(answered), 2*each)
		}
	})
}

// TestN10RestartLoop: a Prosody that comes up only to go again, killed or in order, is
// served each time, and what was under way is accounted for.
func TestN10RestartLoop(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	c := serve(t, srv, component.Config{Handler: testMux(t), Limits: component.Limits{HandlerTimeout: 2 * time.Second}})
	for round := range 12 {
		alice := srv.Login(t, "alice", "loop")
		for i := range 20 {
			alice.Send(get(srv, fmt.Sprint("h", i), []string{"hang", "nil"}[i%2], ""))
		}
		realserver.Eventually(t, 20*time.Second, func() bool { return c.Stats().Open > 0 })
		before := c.Stats().Streams
		if round%2 == 0 {
			srv.Kill()
		} else {
			srv.Stop()
		}
		srv.StartAgain()
		realserver.Eventually(t, 30*time.Second, func() bool { return c.Stats().Streams > before && c.Status().Heard })
		srv.WaitReady()
	}
	realserver.Eventually(t, 20*time.Second, func() bool { return c.Stats().Open == 0 && c.Stats().Buffered == 0 })
	if st := c.Stats(); st.Requests != st.Results+st.Errors+st.Unanswered || st.Pending > 1 {
		t.Errorf("the books do not balance: %+v", st)
	}
	alice := srv.Login(t, "alice", "after")
	if got := alice.IQ(get(srv, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
		t.Errorf("got %s", got)
	}
}
