package roster

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/memory"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/sqlite"
)

// Config is the [handlers.roster] section. What goes over a limit is answered
// with not-acceptable; what is in the store already can still be changed within
// the other limits, and removed.
type Config struct {
	// Store is "memory:", or "sqlite:" and a file: "sqlite:roster.db" in the state
	// directory, "sqlite:///var/lib/iqd/roster.db" anywhere.
	Store      string `toml:"store"`
	MaxItems   int    `toml:"max_items"`   // of an owner
	MaxBytes   int    `toml:"max_bytes"`   // of an owner, as XML: a roster has to fit into one reply
	MaxOwners  int    `toml:"max_owners"`  // with a roster
	MaxName    int    `toml:"max_name"`    // characters of an item's name, and of a group's
	MaxGroups  int    `toml:"max_groups"`  // of an item
	MaxHistory int    `toml:"max_history"` // changes that a resource may have missed and still get one by one

	// PushToSender has a change pushed to the resource that made it too (RFC 6121, 2.3.2).
	PushToSender bool `toml:"push_to_sender"`
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{
		Store: "sqlite:roster.db", MaxItems: 1000, MaxBytes: 400000, MaxOwners: 100000,
		MaxName: 1023, MaxGroups: 100, MaxHistory: 100,
	}
}

func (c Config) validate() error {
	for _, n := range []struct {
		key              string
		val, least, most int
	}{
		{"max_items", c.MaxItems, 1, 1e6}, {"max_bytes", c.MaxBytes, 1000, 1 << 30},
		{"max_owners", c.MaxOwners, 1, 1e9}, {"max_name", c.MaxName, 1, 1e6},
		{"max_groups", c.MaxGroups, 0, 1e6}, {"max_history", c.MaxHistory, 0, 1e6},
	} {
		if n.val < n.least || n.val > n.most {
			return fmt.Errorf("%s = %d: between %d and %d", n.key, n.val, n.least, n.most)
		}
	}
	return nil
}

func (c Config) limits() store.Limits {
	return store.Limits{MaxItems: c.MaxItems, MaxBytes: c.MaxBytes, MaxOwners: c.MaxOwners, MaxHistory: c.MaxHistory}
}

// newStore returns the store that is named, and whether it does no I/O. It opens
// nothing yet: to read a configuration makes no file.
func (c Config) newStore(stateDir string) (s Store, quick bool, err error) {
	kind, rest, ok := strings.Cut(c.Store, ":")
	switch {
	case ok && kind == "memory" && rest == "":
		return memory.New(c.limits()), true, nil
	case ok && kind == "sqlite":
		path, err := filePath(rest, stateDir)
		if err != nil {
			return nil, false, fmt.Errorf("store = %q: %w", c.Store, err)
		}
		return sqlite.New(path, c.limits()), false, nil
	}
	return nil, false, fmt.Errorf(`store = %q: "memory:", or "sqlite:" and a file`, c.Store)
}

func filePath(s, stateDir string) (string, error) {
	if host, ok := strings.CutPrefix(s, "//"); ok {
		if !strings.HasPrefix(host, "/") {
			return "", fmt.Errorf(`three slashes before an absolute path, or none: "sqlite:///%s"`, host)
		}
		s = host
	}
	switch {
	case s == "" || strings.HasSuffix(s, "/") || strings.ContainsRune(s, 0):
		return "", fmt.Errorf("no name of a file")
	case filepath.IsAbs(s):
		return filepath.Clean(s), nil
	case stateDir == "":
		return "", fmt.Errorf("no state directory is known: write an absolute path")
	}
	return filepath.Abs(filepath.Join(stateDir, s))
}
