//go:build linux

// Command bench measures what a request costs iqd and its peers, in interleaved
// rounds, and prints a table for the README. See README.md beside it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	set, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		return fmt.Errorf("make room for what is built: %w", err)
	}
	// The load allocates next to nothing; a collection in a round would be noise.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	b := &bench{settings: set, began: time.Now(), here: describe()}
	for _, p := range set.peers {
		ready, err := p.build(ctx)
		if err != nil {
			fmt.Printf("%s is left out: %v\n", p.name, err)
			continue
		}
		b.peers = append(b.peers, ready)
	}
	if len(b.peers) == 0 {
		return errors.New("nothing to measure")
	}
	if b.cores, err = pin(); err != nil {
		return err
	}
	err = b.measureAll(ctx)
	b.print(os.Stdout) // what there is, when it was interrupted
	return errors.Join(err, b.save())
}
