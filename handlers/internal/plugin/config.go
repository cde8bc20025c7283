package plugin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
)

// Config is what the sections of all kinds of plugin have in common.
type Config struct {
	Namespaces []string   `toml:"namespaces"` // that the plugin answers; required unless there are commands
	Elements   []string   `toml:"elements"`   // names of payloads; empty: each in the namespaces
	Types      []string   `toml:"types"`      // "get", "set"; empty: both
	At         []string   `toml:"at"`         // "domain", "account", "resource"; empty: domain
	Features   []string   `toml:"features"`   // advertised beside the namespaces
	Identities []Identity `toml:"identities"` // XEP-0030
	Commands   []Command  `toml:"commands"`   // XEP-0050
}

// An Identity is one of service discovery (XEP-0030, 3.1).
type Identity struct {
	Category string `toml:"category"` // from the XMPP Registrar's list
	Type     string `toml:"type"`     // likewise
	Name     string `toml:"name"`     // for people
}

// A Command is an ad-hoc command of a plugin (XEP-0050).
type Command struct {
	Node string `toml:"node"` // its name in requests
	Name string `toml:"name"` // for people; empty: the node
}

// addresses are the words of the key at.
func addresses() map[string]component.Address {
	return map[string]component.Address{
		"domain": component.Domain, "account": component.Account, "resource": component.Resource,
	}
}

// validate returns an error that begins with the first key that is wrong.
func (c Config) validate() error {
	switch {
	case len(c.Namespaces) == 0 && len(c.Commands) == 0:
		return errors.New("namespaces: at least one, or a command")
	case len(c.Namespaces) == 0 && len(c.Elements) > 0:
		return errors.New("elements: of no namespace")
	}
	for _, list := range []struct {
		key   string
		words []string
		check func(string) error
	}{
		{"namespaces", c.Namespaces, checkNamespace},
		{"elements", c.Elements, checkElement},
		{"types", c.Types, oneOf("get", "set")},
		{"at", c.At, oneOf("domain", "account", "resource")},
		{"features", c.Features, checkWord},
	} {
		if err := checkList(list.words, list.check); err != nil {
			return fmt.Errorf("%s: %w", list.key, err)
		}
	}
	return errors.Join(c.checkIdentities(), c.checkCommands())
}

// checkList checks each word, and that none is there twice.
func checkList(words []string, check func(string) error) error {
	for i, w := range words {
		if err := check(w); err != nil {
			return err
		}
		if slices.Contains(words[:i], w) {
			return fmt.Errorf("%q is there twice", w)
		}
	}
	return nil
}

// checkWord refuses what cannot be written, or says nothing.
func checkWord(s string) error {
	if s == "" {
		return errors.New("an empty string")
	}
	return check.Text(s)
}

func checkNamespace(s string) error {
	if foreign(s) {
		return fmt.Errorf("%q is no namespace of a payload", s)
	}
	return checkWord(s)
}

// checkElement refuses what is no name of an element without a prefix.
func checkElement(s string) error {
	el, err := component.ParseElement("<" + s + " xmlns='urn:x'/>")
	if err != nil || el.Name().Local != s || el.Name().Space != "urn:x" {
		return fmt.Errorf("%q is no name of an element", s)
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("%q is none of %q", s, words)
		}
		return nil
	}
}

func (c Config) checkIdentities() error {
	for _, id := range c.Identities {
		if id.Category == "" || id.Type == "" {
			return errors.New("identities: category or type is empty")
		}
		if err := check.All([2]string{"category", id.Category}, [2]string{"type", id.Type}, [2]string{"name", id.Name}); err != nil {
			return fmt.Errorf("identities: %w", err)
		}
	}
	return nil
}

func (c Config) checkCommands() error {
	var nodes []string
	for _, cmd := range c.Commands {
		nodes = append(nodes, cmd.Node)
		if err := check.Text(cmd.Name); err != nil {
			return fmt.Errorf("commands: name: %w", err)
		}
	}
	if err := checkList(nodes, checkWord); err != nil {
		return fmt.Errorf("commands: node: %w", err)
	}
	return nil
}
