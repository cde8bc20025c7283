package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

const nsPlugin = "urn:bench:plugin"

// answerItself answers what a plugin would: the same element, empty.
func answerItself(context.Context, *component.Request) (component.Payload, error) {
	return component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsPlugin, "query")
		e.End()
	}), nil
}

// newPlugin returns an extension that leaves the namespace to a plugin: command is
// a JSON list, and begins where we do.
func newPlugin(command, workers string, env component.Env) (component.Extension, error) {
	cfg := exec.DefaultConfig()
	cfg.Namespaces, cfg.Types = []string{nsPlugin}, []string{"get"}
	if err := json.Unmarshal([]byte(command), &cfg.Command); err != nil {
		return component.Extension{}, fmt.Errorf("BENCH_PLUGIN: %w", err)
	}
	var err error
	if cfg.Workers, err = strconv.Atoi(workers); err != nil {
		return component.Extension{}, fmt.Errorf("BENCH_PLUGIN_WORKERS: %w", err)
	}
	if cfg.Dir, err = os.Getwd(); err != nil {
		return component.Extension{}, fmt.Errorf("find the folder of the plugin: %w", err)
	}
	return exec.New(cfg, env)
}
