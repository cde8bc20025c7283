package disco

import (
	"errors"
	"fmt"

	"github.com/iqd-xmpp/iqd/handlers/internal/check"
)

// Config is the [handlers.disco] section.
type Config struct {
	Category string  `toml:"category"`  // of the component's identity, from the XMPP Registrar's list
	Type     string  `toml:"type"`      // likewise
	Name     string  `toml:"name"`      // for people
	Lang     string  `toml:"lang"`      // of the name, such as "en"; empty: not told
	MaxItems int     `toml:"max_items"` // of a page
	Contact  Contact `toml:"contact"`
	Items    []Item  `toml:"items"` // of the component
	Nodes    []Node  `toml:"nodes"` // at the component's own address
}

// A Contact is how to reach the operator: lists of URIs (XEP-0157, 3).
type Contact struct {
	Abuse    []string `toml:"abuse"`
	Admin    []string `toml:"admin"`
	Feedback []string `toml:"feedback"`
	Sales    []string `toml:"sales"`
	Security []string `toml:"security"`
	Status   []string `toml:"status"`
	Support  []string `toml:"support"`
}

// An Item is a line of disco#items.
type Item struct {
	JID  string `toml:"jid"`  // empty: the component
	Node string `toml:"node"` // one at the component that Nodes does not describe is a leaf without items
	Name string `toml:"name"` // for people
}

// A Node is a place below the component.
type Node struct {
	Node     string   `toml:"node"`     // its name in requests
	Name     string   `toml:"name"`     // for people
	Category string   `toml:"category"` // with type; both empty: hierarchy/branch with items, else hierarchy/leaf
	Type     string   `toml:"type"`
	Features []string `toml:"features"` // beside those of service discovery
	Items    []Item   `toml:"items"`
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{Category: "component", Type: "generic", Name: "IQ service", MaxItems: 1000}
}

// validate checks what stands by itself. Nodes and items are checked where the
// tree is made of them.
func (c Config) validate() error {
	if c.Category == "" || c.Type == "" {
		return errors.New("category or type is empty")
	}
	if c.MaxItems < 1 {
		return fmt.Errorf("max_items = %d: at least 1", c.MaxItems)
	}
	if c.Lang != "" {
		if err := check.Lang(c.Lang); err != nil {
			return fmt.Errorf("lang: %w", err)
		}
	}
	for _, f := range c.Contact.fields() {
		for _, uri := range f.uris {
			if err := check.URI(uri); err != nil {
				return fmt.Errorf("contact.%s: %w", f.name, err)
			}
		}
	}
	return check.All([2]string{"category", c.Category}, [2]string{"type", c.Type}, [2]string{"name", c.Name})
}
