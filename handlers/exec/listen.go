package exec

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"time"
)

const (
	mostSaid = 4 << 10               // bytes of standard error in one line of the log
	linger   = 50 * time.Millisecond // what is written within that time is one line of the log
)

// A listener gathers what a child writes to its standard error.
type listener struct {
	worker *worker
	buf    []byte
	lost   int // bytes that the log did not take
}

// listen logs what the child writes to its standard error. It reads whatever
// comes, or the child would stand still, and logs as much of it as a log can take.
// Lines that come together, such as those of a traceback, stay together.
func (c *child) listen() {
	l := &listener{worker: c.worker, buf: make([]byte, 0, mostSaid)}
	for {
		n, err := c.proc.stderr.Read(l.buf[len(l.buf):mostSaid])
		if n > 0 && len(l.buf) == 0 {
			_ = c.proc.stderr.SetReadDeadline(time.Now().Add(linger)) // without it lines come one by one
		}
		l.buf = l.buf[:len(l.buf)+n]
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			_ = c.proc.stderr.SetReadDeadline(time.Time{})
			l.log(len(l.buf))
		case err != nil:
			l.log(len(l.buf))
			return
		case len(l.buf) == mostSaid:
			l.log(bytes.LastIndexByte(l.buf, '\n') + 1)
		}
	}
}

// log logs the first n bytes, or all when there are none: that is a line that is
// too long.
func (l *listener) log(n int) {
	if n == 0 {
		n = len(l.buf)
	}
	text := bytes.TrimRight(l.buf[:n], "\r\n")
	switch {
	case len(text) == 0:
	case !l.worker.noise.Allow():
		l.lost += n
	case l.lost > 0:
		l.worker.log.Info("plugin says", slog.String("text", string(text)), slog.Int("left_out_bytes", l.lost))
		l.lost = 0
	default:
		l.worker.log.Info("plugin says", slog.String("text", string(text)))
	}
	l.buf = append(l.buf[:0], l.buf[n:]...)
}
