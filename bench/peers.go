//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// outDir is where everything goes that is made here.
const outDir = "build/bench"

// A peer is a component to measure: how it is built, how it is started, and what
// Debian calls what it needs.
type peer struct {
	name    string
	steps   [][]string // to build it, or to see whether it is there
	command []string
	needs   string
	env     []string // besides what all get
}

// peers returns those that there are, iqd first: the others are compared with it.
func peers() []peer {
	bin := func(name string) string { return filepath.Join(outDir, name) }
	goBuild := func(name, pkg string) [][]string {
		return [][]string{{"go", "build", "-trimpath", "-o", bin(name), pkg}}
	}
	cc := func(name, source string, libs ...string) [][]string {
		return [][]string{append([]string{"cc", "-O2", "-o", bin(name), source}, libs...)}
	}
	return []peer{
		{"iqd", goBuild("iqd", "./bench/iqd"), []string{bin("iqd")}, "", nil},
		{"floor", cc("floor", "bench/peers/floor/floor.c"), []string{bin("floor")}, "gcc libc6-dev", nil},
		{"libstrophe", cc("strophe", "bench/peers/strophe/strophe.c", "-lstrophe"), []string{bin("strophe")}, "gcc libc6-dev libstrophe-dev", nil},
		{"mellium", goBuild("mellium", "./bench/peers/mellium"), []string{bin("mellium")}, "", nil},
		{"slixmpp", [][]string{{python, "-c", "import slixmpp"}}, []string{python, "bench/peers/slixmpp/component.py"}, "python3-slixmpp python3-slixmpp-lib", nil},
	}
}

// python is Debian's, which has Debian's packages.
const python = "/usr/bin/python3"

// build makes the peer ready. What fails says what to install.
func (p peer) build(ctx context.Context) (peer, error) {
	for _, step := range p.steps {
		out, err := exec.CommandContext(ctx, step[0], step[1:]...).CombinedOutput()
		switch {
		case err != nil && p.needs != "":
			return p, fmt.Errorf("it wants %s (apt-get install %[1]s): %s", p.needs, firstLine(out, err))
		case err != nil:
			return p, errors.New(firstLine(out, err))
		case strings.Contains(string(out), "slower stringprep"):
			p.needs = "faster with its C part: apt-get install python3-slixmpp-lib"
			return p, nil
		}
	}
	p.needs = ""
	return p, nil
}

// firstLine is what a person reads of the output of a program that failed.
func firstLine(out []byte, err error) string {
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "Traceback") && !strings.HasPrefix(line, "File ") {
			return line
		}
	}
	return err.Error()
}
