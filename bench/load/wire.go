//go:build linux

package load

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	bufferSize = 256 << 10             // of input and of output; about what stays in a core's cache
	tick       = 50 * time.Millisecond // no wait is longer
)

// A wire is the socket and its two buffers.
type wire struct {
	file   *os.File // keeps fd open
	fd     int
	in     []byte
	start  int // of what has not been looked at
	end    int // of what has been read
	out    []byte
	sent   int // of out
	cut    int
	random uint64
}

// draw returns the next random number of xorshift, which costs next to nothing.
func (w *wire) draw() uint64 {
	w.random ^= w.random << 13
	w.random ^= w.random >> 7
	w.random ^= w.random << 17
	return w.random
}

// flush writes what the kernel takes at once: waiting here for a component that
// waits for us to read would be the end of both.
func (w *wire) flush() error {
	for w.sent < len(w.out) {
		piece := w.out[w.sent:]
		if w.cut > 0 {
			piece = piece[:min(len(piece), 1+int(w.draw()%uint64(w.cut)))]
		}
		n, err := unix.SendmsgN(w.fd, piece, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("%w: write: %w", ErrEnded, err)
		}
		w.sent += n
	}
	w.out, w.sent = w.out[:0], 0
	return nil
}

// pending tells whether there are bytes that the kernel did not take yet.
func (w *wire) pending() bool { return w.sent < len(w.out) }

// receive waits, at most a tick, and reads what there is. It returns the number of
// bytes, zero when none came.
func (w *wire) receive() (int, error) {
	w.room()
	if w.pending() {
		ready := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN | unix.POLLOUT}}
		if _, err := unix.Poll(ready, int(tick.Milliseconds())); err != nil || ready[0].Revents&^unix.POLLOUT == 0 {
			return 0, nil // there may be room to write now; an interrupted wait begins anew
		}
	}
	n, err := unix.Read(w.fd, w.in[w.end:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("%w: read: %w", ErrEnded, err)
	case n == 0:
		return 0, ErrEnded
	}
	w.end += n
	return n, nil
}

// room makes space behind what has been read: it moves the half stanza to the
// front, and takes a larger buffer when that one fills it.
func (w *wire) room() {
	if w.start == w.end {
		w.start, w.end = 0, 0
		return
	}
	if len(w.in)-w.end >= bufferSize/2 {
		return
	}
	into := w.in
	if w.end-w.start > len(w.in)/2 {
		into = make([]byte, 2*len(w.in))
	}
	w.end = copy(into, w.in[w.start:w.end])
	w.in, w.start = into, 0
}
