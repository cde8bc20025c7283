package component_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A rawServer is a component port of which the test writes and reads each byte.
type rawServer struct {
	t     *testing.T
	conns chan net.Conn
	addr  string
}

// newRaw returns a raw server in memory, for a bubble of synctest.
func newRaw(t *testing.T) *rawServer { return &rawServer{t: t, conns: make(chan net.Conn, 100)} }

// newRawTCP returns a raw server on a real socket.
func newRawTCP(t *testing.T) *rawServer {
	t.Helper()
	return newRawAt(t, "127.0.0.1:0")
}

func newRawAt(t *testing.T, addr string) *rawServer {
	t.Helper()
	s := newRaw(t)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s.addr = l.Addr().String()
	go s.take(l)
	return s
}

// take accepts connections until the listener is closed.
func (s *rawServer) take(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.conns <- c
	}
}

func (s *rawServer) dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	s.conns <- far
	return near, nil
}

// start runs a component against the server until the test ends.
func (s *rawServer) start(cfg component.Config) *component.Component {
	s.t.Helper()
	if cfg.Server = s.addr; s.addr == "" && cfg.Dial == nil {
		cfg.Dial = s.dial
	}
	cfg.JID, cfg.Secret, cfg.Hosts = domain, "secret", []string{"example.net"}
	if cfg.Limits.DrainTimeout == 0 {
		cfg.Limits.DrainTimeout = time.Second
	}
	comp, err := component.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- comp.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run() = %v", err)
		}
		close(s.conns)
		for c := range s.conns {
			_ = c.Close()
		}
	})
	return comp
}

// A rawConn is the server's end of one stream.
type rawConn struct {
	net.Conn
	t  *testing.T
	br *bufio.Reader
}

// accept returns the next connection, before anything was said.
func (s *rawServer) accept() *rawConn {
	s.t.Helper()
	select {
	case c := <-s.conns:
		s.t.Cleanup(func() { _ = c.Close() })
		return newRawConn(s.t, c)
	case <-time.After(5 * time.Minute):
		s.t.Fatal("the component does not connect")
		return nil
	}
}

func newRawConn(t *testing.T, c net.Conn) *rawConn { return &rawConn{c, t, bufio.NewReader(c)} }

// online returns the next connection, its handshake accepted.
func (s *rawServer) online() *rawConn {
	s.t.Helper()
	c := s.accept()
	c.header("id-7")
	c.until("</handshake>")
	c.write("<handshake/>")
	return c
}

const rawHeader = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='" + nsStreams + "' from='" + domain + "' id='"

// header takes the component's header and answers with an id.
func (c *rawConn) header(id string) {
	c.t.Helper()
	if got := c.until("?>") + c.until(">"); !strings.Contains(got, " to='"+domain+"'") || !strings.Contains(got, " xmlns='jabber:component:accept'") {
		c.t.Errorf("the component opens with %q", got)
	}
	c.write(rawHeader + id + "'>")
}

func (c *rawConn) write(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatalf("write %.100q: %v", s, err)
	}
}

// until reads up to and with end.
func (c *rawConn) until(end string) string {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute))
	var b []byte
	for !bytes.HasSuffix(b, []byte(end)) {
		x, err := c.br.ReadByte()
		if err != nil {
			c.t.Fatalf("read up to %q: %v, got %.300q", end, err, b)
		}
		b = append(b, x)
	}
	return string(b)
}

// rest reads what comes until the component closes.
func (c *rawConn) rest() string {
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute))
	b, _ := io.ReadAll(c.br)
	return string(b)
}

// count reads until want has come n times, at most one every 16 KiB that it is long.
func (c *rawConn) count(want string, n int) {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Minute))
	buf := make([]byte, 64<<10)
	keep := 0
	for n > 0 {
		k, err := c.br.Read(buf[keep:])
		if err != nil {
			c.t.Fatalf("%d times %q are missing: %v", n, want, err)
		}
		b := buf[:keep+k]
		n -= bytes.Count(b, []byte(want))
		keep = min(len(want)-1, len(b))
		if i := bytes.LastIndex(b, []byte(want)); i >= 0 {
			keep = min(keep, len(b)-i-len(want))
		}
		copy(buf, b[len(b)-keep:])
	}
}

func proof(id, secret string) string {
	sum := sha1.Sum([]byte(id + secret))
	return "<handshake>" + hex.EncodeToString(sum[:]) + "</handshake>"
}

// off is quiet with no checks of the stream that would be in the way.
func off(h component.Handler) component.Config {
	cfg := quiet(h)
	cfg.Liveness = component.LivenessOff
	return cfg
}
