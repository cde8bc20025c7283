//go:build linux

package load

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// A Server waits for the component, as the component port of a server does.
type Server struct {
	ln     *net.TCPListener
	secret string
}

// Listen opens a free port of 127.0.0.1.
func Listen(secret string) (*Server, error) {
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &Server{ln: ln, secret: secret}, nil
}

// Port returns the port to connect to.
func (s *Server) Port() int { return s.ln.Addr().(*net.TCPAddr).Port }

// Close stops listening. Streams live on.
func (s *Server) Close() error { return s.ln.Close() }

// Accept waits for a component, at most so long, and opens its stream.
func (s *Server) Accept(patience time.Duration) (*Stream, error) {
	end := time.Now().Add(patience)
	if err := s.ln.SetDeadline(end); err != nil {
		return nil, fmt.Errorf("wait for the component: %w", err)
	}
	conn, err := s.ln.AcceptTCP()
	if err != nil {
		return nil, fmt.Errorf("wait for the component: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(end); err != nil {
		return nil, fmt.Errorf("open the stream: %w", err)
	}
	if err := handshake(conn, s.secret); err != nil {
		return nil, fmt.Errorf("open the stream: %w", err)
	}
	return raw(conn)
}

// raw takes the socket away from the runtime's poller: one goroutine that blocks
// in read(2) is woken with one system call less.
func raw(conn *net.TCPConn) (*Stream, error) {
	file, err := conn.File()
	if err != nil {
		return nil, fmt.Errorf("take the socket: %w", err)
	}
	fd := int(file.Fd())
	tick := syscall.NsecToTimeval(int64(tick))
	if err := syscall.SetNonblock(fd, false); err != nil {
		return nil, fmt.Errorf("make the socket block: %w", err)
	}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &tick); err != nil {
		return nil, fmt.Errorf("bound the reads: %w", err)
	}
	return newStream(file, fd), nil
}

func newStream(file *os.File, fd int) *Stream {
	return &Stream{
		wire:  wire{file: file, fd: fd, in: make([]byte, bufferSize), out: make([]byte, 0, 2*bufferSize), random: 1},
		epoch: time.Now(),
		slots: make([]slot, maxWindow),
	}
}
