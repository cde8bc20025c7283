package disco_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/disco"
)

func TestConfigErrors(t *testing.T) {
	type C = disco.Config
	for name, tc := range map[string]struct {
		change func(*C)
		err    string
	}{
		"no category":            {func(c *C) { c.Category = "" }, "category or type is empty"},
		"no type":                {func(c *C) { c.Type = "" }, "category or type is empty"},
		"no page size":           {func(c *C) { c.MaxItems = 0 }, "max_items = 0: at least 1"},
		"no language":            {func(c *C) { c.Lang = "en_US" }, `lang: "en_US"`},
		"name not for XML":       {func(c *C) { c.Name = "a\x00b" }, "name: "},
		"contact is no URI":      {func(c *C) { c.Contact.Admin = []string{"admin@example.net"} }, `contact.admin: "admin@example.net"`},
		"second contact is none": {func(c *C) { c.Contact.Status = []string{"https://example.net/", "https://"} }, "contact.status: "},
		"item at no address":     {func(c *C) { c.Items = []disco.Item{{JID: "@example.net"}} }, `items[0]: jid "@example.net"`},
		"item twice":             {func(c *C) { c.Items = []disco.Item{{Node: "a"}, {JID: "IQ.example.net", Node: "a"}} }, "items[1]: is there already"},
		"item is the component":  {func(c *C) { c.Items = []disco.Item{{Name: "me"}} }, "items[0]: the component is no item of itself"},
		"item not for XML":       {func(c *C) { c.Items = []disco.Item{{Node: "a", Name: "\x00"}} }, "items[0]: name: "},
		"node without a name":    {func(c *C) { c.Nodes = []disco.Node{{}} }, "nodes[0]: node is empty"},
		"node twice":             {func(c *C) { c.Nodes = []disco.Node{{Node: "a"}, {Node: "a"}} }, `nodes[1]: node "a" is there already`},
		"half an identity":       {func(c *C) { c.Nodes = []disco.Node{{Node: "a", Type: "leaf"}} }, "nodes[0]: category and type go together"},
		"empty feature":          {func(c *C) { c.Nodes = []disco.Node{{Node: "a", Features: []string{""}}} }, "nodes[0]: features: "},
		"node not for XML":       {func(c *C) { c.Nodes = []disco.Node{{Node: "\x01"}} }, "nodes[0]: node: "},
		"item of a node": {func(c *C) { c.Nodes = []disco.Node{{Node: "a", Items: []disco.Item{{JID: "a@b@c"}}}} },
			`nodes[0]: items[0]: jid "a@b@c"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := disco.DefaultConfig()
			tc.change(&cfg)
			_, err := disco.New(cfg, component.Env{JID: "iq.example.net"})
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("New() error = %v, want %q", err, tc.err)
			}
		})
	}
}
