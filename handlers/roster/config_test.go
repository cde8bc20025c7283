package roster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
)

func TestConfigErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		change   func(*roster.Config)
		stateDir string
		want     string
	}{
		"no store":        {func(c *roster.Config) { c.Store = "" }, "/state", `store = ""`},
		"unknown store":   {func(c *roster.Config) { c.Store = "redis:x" }, "/state", `store = "redis:x": "memory:", or "sqlite:" and a file`},
		"memory file":     {func(c *roster.Config) { c.Store = "memory:x" }, "/state", `store = "memory:x"`},
		"no colon":        {func(c *roster.Config) { c.Store = "memory" }, "/state", `store = "memory"`},
		"no file":         {func(c *roster.Config) { c.Store = "sqlite:" }, "/state", "no name of a file"},
		"a directory":     {func(c *roster.Config) { c.Store = "sqlite:///var/lib/" }, "/state", "no name of a file"},
		"two slashes":     {func(c *roster.Config) { c.Store = "sqlite://roster.db" }, "/state", `"sqlite:///roster.db"`},
		"no state":        {func(c *roster.Config) {}, "", "write an absolute path"},
		"max_items":       {func(c *roster.Config) { c.MaxItems = 0 }, "/state", "max_items = 0"},
		"max_bytes":       {func(c *roster.Config) { c.MaxBytes = -1 }, "/state", "max_bytes = -1"},
		"max_owners":      {func(c *roster.Config) { c.MaxOwners = 0 }, "/state", "max_owners = 0"},
		"max_name":        {func(c *roster.Config) { c.MaxName = 1 << 30 }, "/state", "max_name = 1073741824: between 1 and 1000000"},
		"max_groups":      {func(c *roster.Config) { c.MaxGroups = -1 }, "/state", "max_groups = -1"},
		"max_history":     {func(c *roster.Config) { c.MaxHistory = -1 }, "/state", "max_history = -1"},
		"negative memory": {func(c *roster.Config) { c.Store, c.MaxItems = "memory:", -5 }, "", "max_items = -5"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := roster.DefaultConfig()
			tc.change(&cfg)
			if _, err := roster.New(cfg, component.Env{StateDir: tc.stateDir}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New() error = %v, want %q", err, tc.want)
			}
		})
	}
}

// Where the rosters are kept, and that reading a configuration makes no file.
func TestStorePath(t *testing.T) {
	for name, tc := range map[string]struct {
		store func(dir string) string
		file  string
	}{
		"default":      {func(string) string { return roster.DefaultConfig().Store }, "state/roster.db"},
		"relative":     {func(string) string { return "sqlite:sub/r.db" }, "state/sub/r.db"},
		"three":        {func(dir string) string { return "sqlite://" + dir + "/r.db" }, "r.db"},
		"absolute":     {func(dir string) string { return "sqlite:" + dir + "/r.db" }, "r.db"},
		"odd name":     {func(dir string) string { return "sqlite://" + dir + "/r ä?%41#&.db" }, "r ä?%41#&.db"},
		"not yet made": {func(dir string) string { return "sqlite://" + dir + "/a/b/r.db" }, "a/b/r.db"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := roster.DefaultConfig()
			cfg.Store = tc.store(dir)
			ext, err := roster.New(cfg, component.Env{StateDir: filepath.Join(dir, "state")})
			if err != nil {
				t.Fatal(err)
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
				t.Fatalf("New made %v, %v", list, err)
			}
			got := componenttest.Ask(t, componenttest.Extension(ext), `<iq type='set' id='1' from='juliet@example.net' to='iq.example.net'>`+
				`<query xmlns='jabber:iq:roster'><item jid='a@example.net'/></query></iq>`)
			if !strings.Contains(got, "type='result'") {
				t.Errorf("set was answered %s", got)
			}
			info, err := os.Stat(filepath.Join(dir, tc.file))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("file: %v, %v; want one that nobody else reads", info, err)
			}
		})
	}
}
