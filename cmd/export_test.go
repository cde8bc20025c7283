package iqdcmd

import (
	"context"
	"log/slog"
)

// FeedWatchdog lets a test say whether the daemon is alive.
func FeedWatchdog(ctx context.Context, alive func(context.Context) error, log *slog.Logger) {
	n := newNotifier("", "")
	defer n.close()
	n.feedWatchdog(ctx, alive, log)
}

// StateDir lets a test say what the environment is.
func StateDir(getenv func(string) string) string { return stateDir(getenv) }
