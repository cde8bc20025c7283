package component

import (
	"errors"
	"net"
	"runtime"
	"syscall"
)

// yield lets other goroutines run before the writer writes, so that their replies
// share one write with what is there already. It waits for nothing.
func yield() { runtime.Gosched() }

// A tryConn writes to a socket what the kernel takes at once, so that the
// goroutine which reads the stream can write too without ever waiting.
type tryConn struct {
	raw  syscall.RawConn
	call func(fd uintptr) bool // made once, for a closure is an allocation
	b    []byte
	n    int
	err  error
}

// newTryConn returns nil when conn is no socket. What wraps one may have reasons
// to write in another way, such as encryption, even if it passes for one.
func newTryConn(conn net.Conn) *tryConn {
	var sc syscall.Conn
	switch conn := conn.(type) {
	case *net.TCPConn:
		sc = conn
	case *net.UnixConn:
		sc = conn
	default:
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	t := &tryConn{raw: raw}
	t.call = func(fd uintptr) bool {
		t.n, t.err = syscall.Write(int(fd), t.b)
		return true
	}
	return t
}

// write is called by one goroutine at a time.
func (t *tryConn) write(b []byte) (int, error) {
	t.b = b
	err := t.raw.Write(t.call)
	t.b = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(t.err, syscall.EAGAIN), errors.Is(t.err, syscall.EINTR):
		return 0, nil
	case t.err != nil:
		return 0, t.err
	}
	return t.n, nil
}
