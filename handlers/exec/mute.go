package exec

import (
	"context"
	"errors"
	"log/slog"
)

// noteMute logs, once for a child, that it let a call run out of time and has never
// written a line. That is how a child looks that does not flush: its answers are in
// a buffer of its own.
func (c *child) noteMute(ctx context.Context) {
	if c.spoke.Load() || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	c.mute.Do(func() {
		c.worker.log.Warn("plugin has written nothing yet", slog.String("hint", "does it flush its standard output after each line?"))
	})
}
