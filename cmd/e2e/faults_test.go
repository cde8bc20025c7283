package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// A journal keeps what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) count(s string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), s)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// TestServerGoes: a server that was killed or that was stopped in order is told of
// in a few lines, and served again once it is back.
func TestServerGoes(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		var log journal
		c := serve(t, srv, component.Config{Handler: testMux(t), Log: log.logger()})
		for label, end := range map[string]func(){"N11 SIGKILL": srv.Kill, "N12 stopped": srv.Stop} {
			t.Run(label, func(t *testing.T) {
				before, lines := c.Stats().Streams, log.count("\n")
				end()
				realserver.Eventually(t, 10*time.Second, func() bool { return c.Status().State == component.StateWaiting })
				if err := c.Status().Err; err == nil {
					t.Error("nothing is said of why there is no stream")
				}
				srv.StartAgain()
				realserver.Eventually(t, 30*time.Second, func() bool { return c.Stats().Streams > before && c.Status().Heard })
				if n := log.count("\n") - lines; n < 2 || n > 8 {
					t.Errorf("%d lines:\n%s", n, &log)
				}
				srv.WaitReady()
				alice := srv.Login(t, "alice", "after")
				defer alice.Close()
				if got := alice.IQ(get(srv, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
					t.Errorf("got %s", got)
				}
				if st := c.Stats(); st.Requests != st.Results+st.Errors+st.Unanswered || st.Pending > 1 {
					t.Errorf("the books do not balance: %+v", st)
				}
			})
		}
	})
}

// TestN19OldStreamLives: the network loses our connection, and Prosody keeps its
// side of it: it lets us in again when that is gone, and how it would do so at once
// is said one time.
func TestN19OldStreamLives(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	l := newLoser(t, srv.ComponentAddr())
	var log journal
	c := l.serve(t, srv, component.Config{Handler: testMux(t), Log: log.logger()})
	l.lose()
	realserver.Eventually(t, 20*time.Second, func() bool {
		var se *component.StreamError
		return errors.As(c.Status().Err, &se) && se.Condition == "conflict" && l.dialled() > 3
	})
	l.release()
	realserver.Eventually(t, 40*time.Second, func() bool { return c.Status().Heard && c.Stats().Streams == 2 })
	alice := srv.Login(t, "alice", "balcony")
	if got := alice.IQ(get(srv, "ok", "nil", "")); realserver.Parse(got).Type != "result" {
		t.Errorf("got %s", got)
	}
	if n := log.count("kick_old"); n != 1 {
		t.Errorf("the way out is told %d times:\n%s", n, &log)
	}
}

// A loser is a proxy between a component and its server that loses connections: the
// component's side is reset, the server's stays.
type loser struct {
	listen net.Listener
	server string
	mu     sync.Mutex
	near   []net.Conn
	far    []net.Conn
	copies sync.WaitGroup
}

func newLoser(t *testing.T, server string) *loser {
	t.Helper()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &loser{listen: listen, server: server}
	l.copies.Go(l.accept)
	t.Cleanup(func() {
		listen.Close()
		l.lose()
		l.release()
		l.copies.Wait()
	})
	return l
}

func (l *loser) accept() {
	for {
		near, err := l.listen.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.server)
		if err != nil {
			near.Close()
			continue
		}
		l.mu.Lock()
		l.near, l.far = append(l.near, near), append(l.far, far)
		l.mu.Unlock()
		l.copies.Go(func() { forward(far, near) })
		l.copies.Go(func() {
			forward(near, far)
			near.Close()
		})
	}
}

// forward copies until one side is gone, and leaves the other alone.
func forward(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (l *loser) dialled() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.far)
}

// lose resets the component's side of all connections.
func (l *loser) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.near {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// release closes the server's side of all connections.
func (l *loser) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.far {
		c.Close()
	}
}

// serve is serve by way of the proxy.
func (l *loser) serve(t *testing.T, srv *realserver.Server, cfg component.Config) *component.Component {
	t.Helper()
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.listen.Addr().String())
	}
	return serve(t, srv, cfg)
}

// TestN20HostDeactivated: a component that the operator takes down and up again is
// served again, though its stream was not ended in order.
func TestN20HostDeactivated(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	c := serve(t, srv, component.Config{Handler: testMux(t), CheckInterval: 500 * time.Millisecond})
	for _, command := range []string{"deactivate", "activate"} {
		if out, err := srv.Ctl("shell", "host", command, srv.Component); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	realserver.Eventually(t, 75*time.Second, func() bool { return c.Stats().Streams == 2 && c.Status().Heard })
	alice := srv.Login(t, "alice", "balcony")
	if got := alice.IQ(get(srv, "d1", "nil", "")); realserver.Parse(got).Type != "result" {
		t.Errorf("got %s", got)
	}
}
