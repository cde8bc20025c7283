// Package static gives each request the same answer, from the configuration or a
// file.
package static

import (
	"context"
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/fragment"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// Config is the section of a static answer. It is either in a file or in the
// section itself. Without types only gets are answered, without namespaces those
// in the namespace of the answer.
type Config struct {
	plugin.Config

	Payload string `toml:"payload"` // one element
	File    string `toml:"file"`    // one element; relative to the state directory
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config { return Config{} }

// New returns an extension that gives one answer. The file that the configuration
// names is read here, once.
func New(cfg Config, env component.Env) (component.Extension, error) {
	answer, err := cfg.answer(env.StateDir)
	if err != nil {
		return component.Extension{}, err
	}
	if len(cfg.Types) == 0 {
		cfg.Types = []string{"get"}
	}
	if len(cfg.Namespaces) == 0 {
		cfg.Namespaces = []string{answer.Name().Space}
	}
	ext, err := cfg.Serve("static", component.HandlerFunc(
		func(context.Context, *component.Request) (component.Payload, error) { return answer, nil },
	))
	for i := range ext.Routes {
		ext.Routes[i].Quick = true
	}
	ext.Access = component.Anybody
	return ext, err
}

// answer returns the one that the configuration says.
func (c Config) answer(dir string) (component.Element, error) {
	switch {
	case c.Payload != "" && c.File != "":
		return component.Element{}, errors.New("file and payload exclude one another")
	case c.File != "":
		el, err := fragment.Read(dir, c.File)
		if err != nil {
			return el, err
		}
		if _, err := plugin.ParsePayload(el.XML()); err != nil {
			return el, fmt.Errorf("file %s: %w", c.File, err)
		}
		return el, nil
	case c.Payload != "":
		el, err := fragment.Parse(c.Payload)
		if err != nil {
			return el, fmt.Errorf("payload: %w", err)
		}
		return plugin.ParsePayload(el.XML())
	}
	return component.Element{}, errors.New("payload: is missing, and so is file")
}
