package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestHostileBesideLoad sends each hostile stanza while two others keep the server
// busy with pings: theirs are answered, once each, and in the end the books add
// up. Checklist 19 to 21, 28.
func TestHostileBesideLoad(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		mux := testMux(t)
		mux.HandleGet("urn:xmpp:ping", "ping", func(context.Context, *component.Request) (component.Payload, error) { return nil, nil })
		c := serve(t, srv, component.Config{Handler: mux})
		loads := []*pinger{
			{c: srv.Login(t, "alice", "one"), to: srv.Component, window: 100},
			{c: srv.Login(t, "alice", "two"), to: srv.Component, window: 100},
		}
		var wg sync.WaitGroup
		for _, p := range loads {
			wg.Go(func() { p.run(4000) })
		}
		bob := srv.Login(t, "bob", "hostile")
		for i, tc := range hostile() {
			if bob.Closed() {
				bob = srv.Login(t, "bob", "hostile") // the server's own view of what a client may send
			}
			bob.Send(filled(srv, tc.raw, fmt.Sprint("h", i)))
			fence := fmt.Sprint("fence", i)
			bob.Send(get(srv, fence, "nil", ""))
			awaitFence(t, bob, fence)
		}
		wg.Wait()
		for _, p := range loads {
			if p.err != nil {
				t.Error(p.err)
			}
		}
		realserver.Eventually(t, 10*time.Second, func() bool { return c.Stats().Open == 0 })
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 || st.Requests != st.Results+st.Errors+st.Unanswered {
			t.Errorf("the books do not balance: %+v", st)
		}
	})
}
