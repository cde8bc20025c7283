//go:build linux

package main

import (
	"errors"
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
	all             unix.CPUSet
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
	c := cores{load: have[0], component: have[1], pinned: true, all: all}
	runtime.GOMAXPROCS(1)
	return c, bindAll(only(c.load))
}

// loose has this process, and what it starts, run on any of the cores while f does.
func (c *cores) loose(f func() error) error {
	if !c.pinned {
		return f()
	}
	if err := bindAll(c.all); err != nil {
		return err
	}
	c.pinned = false
	err := f()
	c.pinned = true
	return errors.Join(err, bindAll(only(c.load)))
}

// only is the set of one core.
func only(core int) unix.CPUSet {
	var set unix.CPUSet
	set.Set(core)
	return set
}

// bindAll keeps all threads of this process, and those to come, to some cores.
func bindAll(set unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list the threads: %w", err)
	}
	for _, t := range threads { // those to come inherit it
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return fmt.Errorf("list the threads: %w", err)
		}
		if err := bind(id, set); err != nil {
			return err
		}
	}
	return nil
}

func bind(thread int, set unix.CPUSet) error {
	if err := unix.SchedSetaffinity(thread, &set); err != nil {
		return fmt.Errorf("keep a thread to some cores: %w", err)
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
	if err := bind(0, only(c.component)); err != nil {
		return err
	}
	err := cmd.Start()
	if back := bind(0, only(c.load)); err == nil {
		err = back
	}
	return err
}
