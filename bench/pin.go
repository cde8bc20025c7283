//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores are the two that the load and the component have to themselves.
type cores struct {
	load, component int
	pinned          bool // there are two
}

// pin takes a core for this process, if there are two at least.
func pin() (cores, error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return cores{}, fmt.Errorf("count the cores: %w", err)
	}
	var have []int
	for i := range 1024 {
		if all.IsSet(i) {
			have = append(have, i)
		}
	}
	if len(have) < 2 {
		return cores{}, nil
	}
	c := cores{load: have[0], component: have[1], pinned: true}
	runtime.GOMAXPROCS(1)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return cores{}, fmt.Errorf("list the threads: %w", err)
	}
	for _, t := range threads { // those to come inherit it
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return cores{}, fmt.Errorf("list the threads: %w", err)
		}
		if err := bind(id, c.load); err != nil {
			return cores{}, err
		}
	}
	return c, nil
}

func bind(thread, core int) error {
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(thread, &set); err != nil {
		return fmt.Errorf("keep to core %d: %w", core, err)
	}
	return nil
}

// start starts a component on its core: a child has the core of the thread that
// forked it.
func (c cores) start(cmd *exec.Cmd) error {
	if !c.pinned {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := bind(0, c.component); err != nil {
		return err
	}
	err := cmd.Start()
	if back := bind(0, c.load); err == nil {
		err = back
	}
	return err
}
