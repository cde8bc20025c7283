//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

const secret = "bench"

// measure starts a component, has it answer one ping and then the plan, and ends it.
func (b *bench) measure(ctx context.Context, p peer, plan load.Plan) (res load.Result, first time.Duration, err error) {
	runtime.GC()
	srv, err := load.Listen(secret)
	if err != nil {
		return res, 0, err
	}
	defer srv.Close()
	log, err := os.Create(filepath.Join(outDir, p.name+".log"))
	if err != nil {
		return res, 0, fmt.Errorf("keep what the component says: %w", err)
	}
	defer log.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Env = append(os.Environ(), "BENCH_PORT="+strconv.Itoa(srv.Port()), "BENCH_SECRET="+secret,
		"BENCH_JID="+load.Domain, "BENCH_ROSTER_ITEMS="+strconv.Itoa(plan.Items))
	cmd.Env = append(cmd.Env, p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	if err := b.cores.start(cmd); err != nil {
		return res, 0, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer end(cmd, cancel)
	stream, err := srv.Accept(10 * time.Second)
	if err != nil {
		return res, 0, err
	}
	if _, err := stream.Run(load.Plan{Workload: "ping", Items: plan.Items, Window: 1, IQs: 1}); err != nil {
		return res, 0, errors.Join(err, stream.Close())
	}
	first = time.Since(began)
	plan.PID = cmd.Process.Pid
	res, err = stream.Run(plan)
	return res, first, errors.Join(err, stream.Close())
}

// end waits for a component whose stream has ended, but not for long.
func end(cmd *exec.Cmd, cancel context.CancelFunc) {
	late := time.AfterFunc(time.Second, cancel)
	defer late.Stop()
	_ = cmd.Wait() // how it ends is not what is measured
}
