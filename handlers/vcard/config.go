package vcard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
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
	path := c.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(env.StateDir, path)
	}
	return read(path)
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

// read takes a card from a file. What is there for the eye of who wrote it is not
// sent.
func read(path string) (component.Payload, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err) // names the file
	}
	el, err := component.ParseElement(prolog.ReplaceAllString(string(raw), ""))
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	if n := el.Name(); n.Space != NS || n.Local != "vCard" {
		return nil, fmt.Errorf("file %s: the root is %s in %q, not vCard in %q", path, n.Local, n.Space, NS)
	}
	return component.ParseElement(indent.ReplaceAllString(el.XML(), "><"))
}

var (
	prolog = regexp.MustCompile(`^(\x{FEFF})?\s*(<\?xml\s[^>]*\?>)?`)
	indent = regexp.MustCompile(`>\s+<`) // a vCard has no element with text beside other elements (XEP-0054, 9)
)
