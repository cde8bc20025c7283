package e2e_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// foundWithin is what it may take to find that packets vanish: two checks, and the
// time that a server which stalls is given.
const foundWithin = 3 * time.Minute

// TestBlackHole: a network that swallows what either side sends on a connection, or
// both, without ending it, is found, and requests are answered again on a new one. It
// takes its time, so all holes are dug at once.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	var holes []*hole
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		domains := map[string]string{"in.localhost": "x", "out.localhost": "x"}
		srv := realserver.Start(t, kind, realserver.Options{Components: domains})
		holes = append(holes,
			digHole(t, "N17 both ways, ", srv, srv.Component, true, true),
			digHole(t, "N18 inbound, ", srv, "in.localhost", true, false),
			digHole(t, "N18 outbound, ", srv, "out.localhost", false, true))
	}
	for _, h := range holes {
		t.Run(h.label, h.found)
	}
}

// A hole is a component whose packets vanish.
type hole struct {
	label string
	srv   *realserver.Server
	at    *realserver.Server // the same, for the component
	comp  *component.Component
	since time.Time
}

func digHole(t *testing.T, label string, srv *realserver.Server, domain string, in, out bool) *hole {
	t.Helper()
	h := &hole{label: label + srv.Kind, srv: srv, at: &realserver.Server{Component: domain, Secret: srv.Components[domain]}}
	w := newSwallower(t, srv.ComponentAddr())
	h.comp = serve(t, h.at, component.Config{Server: w.listen.Addr().String(), Handler: testMux(t), CheckInterval: time.Second})
	w.swallow(in, out)
	h.since = time.Now()
	return h
}

// found waits until the hole has been found and left.
func (h *hole) found(t *testing.T) {
	c := h.comp
	realserver.Eventually(t, foundWithin, func() bool { return c.Stats().Streams == 2 && c.Status().Heard })
	t.Logf("back %v after it was there", time.Since(h.since).Round(time.Second))
	alice := h.srv.Login(t, "alice", h.at.Component)
	if got := alice.IQ(get(h.at, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
		t.Errorf("got %s", got)
	}
	realserver.Eventually(t, 10*time.Second, func() bool { return c.Stats().Open == 0 })
	if st := c.Stats(); st.Lost != 1 || st.Requests != st.Results+st.Errors+st.Unanswered {
		t.Errorf("the books do not balance: %+v", st)
	}
}

// A swallower is a proxy that can lose what it is given, in either direction.
type swallower struct {
	listen net.Listener
	server string
	copies sync.WaitGroup
	mu     sync.Mutex
	lost   []*[2]atomic.Bool // of each connection: inbound to the component, outbound
}

func newSwallower(t *testing.T, server string) *swallower {
	t.Helper()
	listen, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &swallower{listen: listen, server: server}
	w.copies.Go(w.accept)
	t.Cleanup(func() {
		listen.Close()
		w.copies.Wait()
	})
	return w
}

// swallow makes vanish what comes over the connections that are up.
func (w *swallower) swallow(in, out bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, lost := range w.lost {
		lost[0].Store(in)
		lost[1].Store(out)
	}
}

func (w *swallower) accept() {
	for {
		near, err := w.listen.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp4", w.server)
		if err != nil {
			near.Close()
			continue
		}
		lost := new([2]atomic.Bool)
		w.mu.Lock()
		w.lost = append(w.lost, lost)
		w.mu.Unlock()
		// A side that is gone is no hole: the other one learns of it.
		w.copies.Go(func() { leak(near, far, &lost[0]) })
		w.copies.Go(func() { leak(far, near, &lost[1]) })
	}
}

// leak copies what is not to vanish until one side is gone, and closes the other.
func leak(to io.WriteCloser, from io.Reader, lost *atomic.Bool) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if lost.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
