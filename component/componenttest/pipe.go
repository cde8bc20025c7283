package componenttest

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A pipeConn is one end of a connection in memory. Unlike net.Pipe it buffers as
// a kernel does, so that two ends that both write do not wait for each other.
type pipeConn struct {
	in, out *half
}

// newPipe returns the two ends of a connection that holds up to size bytes each
// way.
func newPipe(size int) (a, b *pipeConn) {
	x, y := newHalf(size), newHalf(size)
	return &pipeConn{in: x, out: y}, &pipeConn{in: y, out: x}
}

// A half is one direction of a pipe.
type half struct {
	mu      sync.Mutex
	cond    *sync.Cond // of mu: anything below has changed
	buf     []byte
	size    int   // the most that buf holds
	segment int   // the most that a Read returns; zero: no such limit
	fin     bool  // nothing more will be written
	gone    bool  // nobody will read
	reset   error // ends both at once

	read, write struct { // what the ends have done to themselves
		closed   bool
		deadline deadline
	}
}

// A deadline is a timer that is set anew, and what has become of it.
type deadline struct {
	timer  *time.Timer
	set    int // counts settings: a timer that was late knows that it is an old one
	passed bool
}

func newHalf(size int) *half {
	h := &half{size: size}
	h.cond = sync.NewCond(&h.mu)
	return h
}

// change calls f under the lock and wakes who waits.
func (h *half) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	h.cond.Broadcast()
}

// Read reads what the other end wrote: all of it before an EOF, none of it after
// a reset.
func (c *pipeConn) Read(p []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.read.closed:
			return 0, pipeError("read", net.ErrClosed)
		case h.reset != nil:
			return 0, pipeError("read", h.reset)
		case h.read.deadline.passed:
			return 0, pipeError("read", os.ErrDeadlineExceeded)
		case len(p) == 0:
			return 0, nil
		case len(h.buf) > 0:
			return h.take(p), nil
		case h.fin:
			return 0, io.EOF
		}
		h.cond.Wait()
	}
}

func (h *half) take(p []byte) int {
	if h.segment > 0 && len(p) > h.segment {
		p = p[:h.segment]
	}
	n := copy(p, h.buf)
	h.buf = h.buf[n:]
	h.cond.Broadcast()
	return n
}

// Write hands p to the other end. It waits while the buffer is full.
func (c *pipeConn) Write(p []byte) (n int, err error) {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.write.closed:
			return n, pipeError("write", net.ErrClosed)
		case h.reset != nil:
			return n, pipeError("write", h.reset)
		case h.fin || h.gone:
			return n, pipeError("write", syscall.EPIPE)
		case h.write.deadline.passed:
			return n, pipeError("write", os.ErrDeadlineExceeded)
		}
		if room := min(h.size-len(h.buf), len(p)-n); room > 0 {
			h.buf = append(h.buf, p[n:n+room]...)
			n += room
			h.cond.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		h.cond.Wait()
	}
}

// CloseWrite sends a FIN: the other end reads what was written and then an EOF.
func (c *pipeConn) CloseWrite() error {
	c.out.change(func() { c.out.fin = true })
	return nil
}

// Close closes both directions. What was written before can still be read.
func (c *pipeConn) Close() error {
	c.out.change(func() {
		c.out.fin, c.out.write.closed = true, true
		c.out.write.deadline.stop()
	})
	c.in.change(func() {
		c.in.gone, c.in.read.closed = true, true
		c.in.read.deadline.stop()
	})
	return nil
}

// abort ends both directions at once, as a TCP reset does: what was on its way
// is lost.
func (c *pipeConn) abort() {
	for _, h := range []*half{c.in, c.out} {
		h.change(func() {
			if h.reset == nil {
				h.reset = syscall.ECONNRESET
			}
			h.buf = nil
		})
	}
}

// cut makes the other end receive at most n bytes with each Read.
func (c *pipeConn) cut(n int) { c.out.change(func() { c.out.segment = n }) }

// SetDeadline sets the deadline of reading and writing.
func (c *pipeConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets until when a Read waits. The zero time is for ever.
func (c *pipeConn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.arm(&c.in.read.deadline, t) })
	return nil
}

// SetWriteDeadline sets until when a Write waits. The zero time is for ever.
func (c *pipeConn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.arm(&c.out.write.deadline, t) })
	return nil
}

func (h *half) arm(d *deadline, t time.Time) {
	d.stop()
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if d.passed = wait <= 0; d.passed {
		return
	}
	set := d.set
	d.timer = time.AfterFunc(wait, func() {
		h.change(func() { d.passed = d.passed || d.set == set })
	})
}

func (d *deadline) stop() {
	d.set++
	d.passed = false
	if d.timer != nil {
		d.timer.Stop()
	}
}

// LocalAddr returns an address that says what this is.
func (c *pipeConn) LocalAddr() net.Addr { return pipeAddr{} }

// RemoteAddr returns an address that says what this is.
func (c *pipeConn) RemoteAddr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "memory" }
func (pipeAddr) String() string  { return "componenttest" }

func pipeError(op string, err error) error {
	return &net.OpError{Op: op, Net: "memory", Addr: pipeAddr{}, Err: err}
}

// hungUp reports whether the other end has closed the connection.
func (c *pipeConn) hungUp() bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.fin || c.in.reset != nil
}
