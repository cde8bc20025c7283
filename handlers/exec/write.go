package exec

import (
	"errors"
	"time"
)

const mostKept = 64 << 10 // bytes of a buffer that is kept for what comes next

// kick wakes up what writes.
func (c *child) kick() {
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// write writes what has gathered, all of it at once, until the child is gone. Only
// this goroutine waits for one that does not read.
func (c *child) write() {
	var buf []byte
	for {
		select {
		case <-c.wake:
		case <-c.proc.done:
			return
		}
		for buf = c.gathered(buf); len(buf) > 0; buf = c.gathered(buf) {
			if _, err := c.proc.stdin.Write(buf); err != nil {
				c.unread()
				return
			}
		}
	}
}

// gathered takes what is to be written. What has been written makes room for more,
// unless that was a lot.
func (c *child) gathered(written []byte) []byte {
	if cap(written) > mostKept {
		written = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	buf := c.out
	c.out = written[:0]
	return buf
}

// unread ends a child that has closed its standard input. One that is ending does
// that too, and it may have something to say yet.
func (c *child) unread() {
	select {
	case <-c.proc.done:
	case <-c.silent:
	case <-time.After(lastWords):
		c.fail(errors.New("it has closed its standard input"))
	}
}
