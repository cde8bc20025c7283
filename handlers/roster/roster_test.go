package roster_test

import (
	"path/filepath"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
)

// build returns the handler of a configuration, changed by f.
func build(t *testing.T, f func(*roster.Config)) component.Handler {
	t.Helper()
	cfg := roster.DefaultConfig()
	cfg.Store = "memory:"
	f(&cfg)
	return componenttest.Extension(extensionOf(t, cfg))
}

func extensionOf(t *testing.T, cfg roster.Config) component.Extension {
	t.Helper()
	ext, err := roster.New(cfg, component.Env{Name: "roster", StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return ext
}

// stores are the configurations of both stores.
func stores() map[string]string {
	return map[string]string{"memory": "memory:", "sqlite": "sqlite:roster.db"}
}

// Checklist 64.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.iq")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	limits := map[string]func(*roster.Config){
		"errors.iq":   func(c *roster.Config) { c.MaxName, c.MaxGroups = 8, 3 },
		"quotas.iq":   func(c *roster.Config) { c.MaxItems, c.MaxOwners = 2, 2 },
		"versions.iq": func(c *roster.Config) { c.MaxHistory = 4 },
		"sender.iq":   func(c *roster.Config) { c.PushToSender = true },
	}
	for name, store := range stores() {
		for _, file := range files {
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				h := build(t, func(c *roster.Config) {
					c.Store = store
					if f := limits[filepath.Base(file)]; f != nil {
						f(c)
					}
				})
				componenttest.Run(t, h, file)
			})
		}
	}
}

// Checklist 68: rosters that the server delegates, beside those that are asked here.
func TestDelegated(t *testing.T) {
	for name, store := range stores() {
		t.Run(name, func(t *testing.T) {
			cfg := roster.DefaultConfig()
			cfg.Store = store
			ext := extensionOf(t, cfg)
			ext.Routes[0].At = component.Domain | component.Host | component.User
			componenttest.Run(t, componenttest.Extension(ext), "testdata/delegated/*.iq")
		})
	}
}
