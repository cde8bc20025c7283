package vcard

import (
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
	"github.com/iqd-xmpp/iqd/handlers/internal/fragment"
)

// Config is the [handlers.vcard] section. The card is either in a file or made of
// the other keys.
type Config struct {
	File        string `toml:"file"`        // one vCard element; relative to the state directory
	Name        string `toml:"name"`        // FN; empty: the component's domain
	URL         string `toml:"url"`         // of a page about the service
	Description string `toml:"description"` // DESC
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config { return Config{} }

// card returns what the configuration says as a payload.
func (c Config) card(env component.Env) (component.Payload, error) {
	if c.File == "" {
		return c.made(env)
	}
	if c.Name != "" || c.URL != "" || c.Description != "" {
		return nil, errors.New("file and name, url or description exclude one another")
	}
	return read(env.StateDir, c.File)
}

func (c Config) made(env component.Env) (component.Payload, error) {
	if c.URL != "" {
		if err := check.URI(c.URL); err != nil {
			return nil, fmt.Errorf("url: %w", err)
		}
	}
	if err := check.All([2]string{"name", c.Name}, [2]string{"description", c.Description}); err != nil {
		return nil, err
	}
	name := c.Name
	if name == "" {
		name = env.JID
	}
	return &card{name: name, url: c.URL, description: c.Description}, nil
}

// read takes a card from a file.
func read(dir, name string) (component.Payload, error) {
	el, err := fragment.Read(dir, name)
	if err != nil {
		return nil, err
	}
	if n := el.Name(); n.Space != NS || n.Local != "vCard" {
		return nil, fmt.Errorf("file %s: the root is %s in %q, not vCard in %q", name, n.Local, n.Space, NS)
	}
	return el, nil
}
