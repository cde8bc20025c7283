//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// children is how many of them answer many requests at a time.
const children = 4

// builtIn is who answers a plugin's namespace without a plugin.
const builtIn = "built-in"

// node is where Debian has it; iqd finds it there too.
const node = "/usr/bin/node"

// A plugin is a program that answers for iqd, and what it takes to have it.
type plugin struct {
	peer
	command []string
}

// plugins returns the languages that there are children in, the one with a goal
// first.
func plugins() []plugin {
	child := filepath.Join(outDir, "gochild")
	return []plugin{
		{peer{name: goChild, steps: [][]string{{"go", "build", "-trimpath", "-o", child, "./bench/plugins/gochild"}}}, []string{child}},
		{peer{name: "Python", steps: [][]string{{python, "--version"}}, needs: "python3"}, []string{python, "bench/plugins/echo.py"}},
		{peer{name: "Node", steps: [][]string{{node, "--version"}}, needs: "nodejs"}, []string{node, "bench/plugins/echo.js"}},
	}
}

// goChild is the plugin in Go.
const goChild = "Go"

// with returns a component that leaves the namespace to so many of its children.
func (p plugin) with(component peer, workers int) (peer, error) {
	command, err := json.Marshal(p.command)
	if err != nil {
		return peer{}, fmt.Errorf("name the plugin: %w", err)
	}
	p.peer.command = component.command
	p.env = []string{"BENCH_PLUGIN=" + string(command), "BENCH_PLUGIN_WORKERS=" + strconv.Itoa(workers)}
	return p.peer, nil
}

// pluginRounds asks our component and each plugin for the same, one request after
// the other and many at a time. Requests pass through three processes and more then,
// so all of them run where the kernel likes.
func (b *bench) pluginRounds(ctx context.Context) error {
	i := slices.IndexFunc(b.peers, func(p peer) bool { return p.name == "iqd" && p.steps != nil })
	if i < 0 {
		fmt.Println("plugins are left out: there is no iqd to start them")
		return nil
	}
	alone, full, err := pluginPeers(ctx, b.peers[i])
	if err != nil {
		return err
	}
	return b.cores.loose(func() error {
		for r := range b.sleepers {
			plan := load.Plan{Workload: "plugin", Items: 1, Window: 1, Warmup: b.duration, Duration: b.duration}
			if err := b.turn(ctx, stagePluginAlone, r, alone, plan); err != nil {
				return err
			}
			plan.Window = 256
			if err := b.turn(ctx, stagePluginFull, r, full, plan); err != nil {
				return err
			}
		}
		return nil
	})
}

// pluginPeers returns the component without a plugin and with each that there is:
// with one child, and with several.
func pluginPeers(ctx context.Context, component peer) (alone, full []peer, err error) {
	component.name = builtIn
	alone, full = []peer{component}, []peer{component}
	for _, p := range plugins() {
		ready, err := p.build(ctx)
		if err != nil {
			fmt.Printf("the plugin in %s is left out: %v\n", p.name, err)
			continue
		}
		p.peer = ready
		one, err := p.with(component, 1)
		if err != nil {
			return nil, nil, err
		}
		some, err := p.with(component, children)
		if err != nil {
			return nil, nil, err
		}
		alone, full = append(alone, one), append(full, some)
	}
	return alone, full, nil
}
