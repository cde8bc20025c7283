package exec

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

const (
	readBuffer  = 64 << 10 // that of a pipe
	mostGarbage = 100      // lines that are no message, before a child is replaced
)

// read reads messages until the child says no more.
func (c *child) read() {
	lines := bufio.NewScanner(c.proc.stdout)
	most := c.worker.pool.cfg.MaxAnswerBytes
	lines.Buffer(make([]byte, min(readBuffer, most+2)), most+2) // the end of the line is two bytes at most
	for lines.Scan() {
		c.spoke.Store(true)
		if err := c.hear(lines.Bytes()); err != nil && c.complain(err) {
			return
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		c.fail(fmt.Errorf("it has written a line of more than max_answer_bytes = %d", most))
	}
}

// hear acts on one line. The error says what is wrong with it. Who waits for the
// answer that it was to be gets that error.
func (c *child) hear(line []byte) error {
	m, err := plugin.Decode(line)
	switch number := m.Number(); {
	case err == nil && m.Method != "":
		return c.serveOwn(&m)
	case err == nil:
		return c.deliver(number, outcome{m: m})
	case number != 0 && m.Method == "":
		return errors.Join(err, c.deliver(number, outcome{err: err}))
	}
	return err
}

// complain logs what a child must not say, and reports whether that was once too
// often.
func (c *child) complain(err error) bool {
	if c.worker.noise.Allow() {
		c.worker.log.Warn("plugin wrote what is no message", slog.Any("err", err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.garbage++
	if c.garbage < mostGarbage {
		return false
	}
	c.failLocked(fmt.Errorf("it has written %d lines that are no messages", c.garbage))
	return true
}
