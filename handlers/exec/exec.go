// Package exec answers requests with child processes: plugins in any language. A
// child lives long, reads requests from its standard input and writes answers to
// its standard output, one JSON-RPC 2.0 message a line, in any order. What it
// writes to its standard error goes to the log.
//
// How to write one is in docs/plugins.md.
package exec

import (
	"cmp"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
)

// New returns an extension that hands its requests to children. They are started
// by its Run, and end with it.
func New(cfg Config, env component.Env) (component.Extension, error) {
	if err := cfg.validate(); err != nil {
		return component.Extension{}, err
	}
	prog, err := cfg.program(env.StateDir)
	if err != nil {
		return component.Extension{}, err
	}
	p := newPool(cfg, env, prog)
	ext, err := cfg.Config.Extension("exec", p)
	if err != nil {
		return component.Extension{}, err
	}
	ext.Run, ext.Health, ext.Close = p.run, p.health, p.close
	ext.Check = func() error {
		if err := cmp.Or(prog.unreadable(), prog.missing()); err != nil {
			return fmt.Errorf("command: %w", err)
		}
		return nil
	}
	return ext, nil
}
