package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// TestN21TwoInstances: of two instances at a Prosody that lets the newer one in, the
// older one leaves it its place for a good while and says why, and what is asked
// meanwhile is answered.
func TestN21TwoInstances(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{KickOld: true})
	var log journal
	old := serve(t, srv, component.Config{Handler: testMux(t), Log: log.logger()})
	alice := srv.Login(t, "alice", "balcony")
	young := serve(t, srv, component.Config{Handler: testMux(t)})
	realserver.Eventually(t, 10*time.Second, func() bool { return old.Status().State == component.StateWaiting })
	var se *component.StreamError
	if s := old.Status(); !errors.As(s.Err, &se) || se.Condition != "conflict" || s.Retry < 30*time.Second {
		t.Errorf("the older one tries again in %v after %v", s.Retry, s.Err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range 50 {
		if got := alice.IQ(get(srv, fmt.Sprint("n", i), "nil", "")); realserver.Parse(got).Type != "result" {
			t.Fatalf("got %s", got)
		}
		<-tick.C
	}
	if a, b := old.Stats().Streams, young.Stats().Streams; a != 1 || b != 1 {
		t.Errorf("the older one was let in %d times, the younger one %d times: they kick each other", a, b)
	}
	if n := log.count("another instance took over this domain"); n != 1 {
		t.Errorf("the older one says why %d times:\n%s", n, &log)
	}
}

// TestN30NoStreamID: Prosody answers a domain that it does not know with a header
// whose id is empty, and then says so. No proof of the secret is given for that.
func TestN30NoStreamID(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	rec := &recorder{}
	c, err := component.New(component.Config{
		JID: "iqx.localhost", Secret: srv.Secret, Handler: testMux(t), Log: quiet(),
		Dial: func(ctx context.Context) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", srv.ComponentAddr())
			return &recorded{conn, rec}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	realserver.Eventually(t, 10*time.Second, func() bool { return c.Status().State == component.StateWaiting })
	var se *component.StreamError
	if s := c.Status(); !errors.As(s.Err, &se) || se.Condition != "host-unknown" || !se.Setup || s.Retry < 10*time.Second {
		t.Errorf("again in %v after %v, want host-unknown and a slow try", s.Retry, s.Err)
	}
	sent, got := rec.text()
	if !bytes.Contains(got, []byte("id=''")) || bytes.Contains(sent, []byte("<handshake")) {
		t.Errorf("to the header %s\nthe component says %s", got, sent)
	}
}

// A recorder keeps what goes over connections.
type recorder struct {
	mu        sync.Mutex
	sent, got []byte
}

func (r *recorder) text() (sent, got []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.sent), bytes.Clone(r.got)
}

// A recorded is a connection with its recorder.
type recorded struct {
	net.Conn
	rec *recorder
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.rec.mu.Lock()
	defer c.rec.mu.Unlock()
	c.rec.got = append(c.rec.got, p[:n]...)
	return n, err
}

func (c *recorded) Write(p []byte) (int, error) {
	c.rec.mu.Lock()
	c.rec.sent = append(c.rec.sent, p...)
	c.rec.mu.Unlock()
	return c.Conn.Write(p)
}
