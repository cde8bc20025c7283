package e2e_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// A proxy lies between a component and its server, one connection at a time, and
// ends each some time after the server has accepted the handshake: a busy Prosody may
// take longer than that to do so, and a component that is never let in shows nothing.
type proxy struct {
	t      *testing.T
	srv    *realserver.Server
	listen net.Listener
	life   time.Duration // of a connection, once the handshake is accepted
	reset  bool          // ends it with resets, and else in order
	broken atomic.Int64  // connections ended by us
	calm   chan struct{} // closed when no more are to be ended
}

func newProxy(t *testing.T, srv *realserver.Server, life time.Duration, reset bool) *proxy {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, srv: srv, listen: l, life: life, reset: reset, calm: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.pass(conn.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return p
}

// pass forwards both ways until the connection's time has come, or an end hangs up.
func (p *proxy) pass(near *net.TCPConn) {
	defer near.Close()
	conn, err := net.Dial("tcp4", p.srv.ComponentAddr())
	if err != nil {
		return
	}
	defer conn.Close()
	far := conn.(*net.TCPConn)
	var both sync.WaitGroup
	up, down := make(chan struct{}), make(chan struct{})
	server := &mortal{Reader: far, life: p.life, over: make(chan struct{})}
	both.Go(func() { defer close(up); _, _ = io.Copy(far, near) })
	both.Go(func() { defer close(down); _, _ = io.Copy(near, server) })
	defer both.Wait()
	select {
	case <-server.over:
		select {
		case <-p.calm:
		default:
			p.broken.Add(1)
			p.end(near, far, up, down)
			return
		}
	case <-up:
	case <-down:
	}
	select { // the side that is left ends by itself
	case <-up:
		_ = far.CloseWrite()
		<-down
	case <-down:
		_ = near.CloseWrite()
		<-up
	}
}

// A mortal is a server's side, and says when some time has passed since it let the
// component in.
type mortal struct {
	io.Reader
	life time.Duration
	once sync.Once
	over chan struct{}
}

func (m *mortal) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	if bytes.Contains(b[:n], []byte("<handshake")) {
		m.once.Do(func() { time.AfterFunc(m.life, func() { close(m.over) }) })
	}
	return n, err
}

// end breaks the connection. In order: what the server sent is forwarded no more,
// the component gets a FIN, what it wrote is forwarded to its end, and then the
// server's side is closed. With resets: what the component writes is left lying for
// a moment, and then both sides are gone.
func (p *proxy) end(near, far *net.TCPConn, up, down <-chan struct{}) {
	past := time.Unix(1, 0)
	if p.reset {
		_ = near.SetReadDeadline(past)
		<-up
		<-time.After(30 * time.Millisecond)
		for _, c := range []*net.TCPConn{near, far} {
			_ = c.SetLinger(0)
			_ = c.Close()
		}
		<-down
		return
	}
	_ = far.SetReadDeadline(past)
	<-down
	_ = near.CloseWrite()
	<-up
	_ = far.CloseWrite()
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.Copy(io.Discard, far) // until the server has closed too
}
