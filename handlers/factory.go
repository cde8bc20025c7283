package handlers

import (
	"errors"

	"github.com/iqd-xmpp/iqd/component"
)

// A Factory makes an extension out of a section of the configuration. The zero
// Factory makes none; With and Plain return those that do.
type Factory struct {
	defaults func() any
	build    func(decode func(any) error, env component.Env) (component.Extension, error)
}

// With returns the Factory of a handler that has a configuration. Decoding starts
// from the defaults, so that a key that is absent keeps its own.
func With[C any](defaults func() C, build func(C, component.Env) (component.Extension, error)) Factory {
	return Factory{
		defaults: func() any { return defaults() },
		build: func(decode func(any) error, env component.Env) (component.Extension, error) {
			cfg := defaults()
			if err := decode(&cfg); err != nil {
				return component.Extension{}, err
			}
			return build(cfg, env)
		},
	}
}

// Plain returns the Factory of a handler that has no configuration of its own:
// whoever decodes refuses each key.
func Plain(build func() component.Extension) Factory {
	return With(
		func() struct{} { return struct{}{} },
		func(struct{}, component.Env) (component.Extension, error) { return build(), nil },
	)
}

// Defaults returns the configuration of an empty section: a struct whose fields
// have the tag toml. It is there to list the keys and to show their defaults.
func (f Factory) Defaults() any {
	if f.defaults == nil {
		return struct{}{}
	}
	return f.defaults()
}

// Build makes the extension. It calls decode once, with a pointer to a struct that
// holds the defaults; decode fills in what the section says and refuses keys that
// the struct does not have. The extension is called as its section is.
func (f Factory) Build(decode func(any) error, env component.Env) (component.Extension, error) {
	if f.build == nil {
		return component.Extension{}, errors.New("handler has no constructor")
	}
	ext, err := f.build(decode, env)
	if err != nil {
		return component.Extension{}, err
	}
	if env.Name != "" {
		ext.Name = env.Name
	}
	return ext, nil
}
