package exec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// Config is the section of a handler of the kind exec.
type Config struct {
	plugin.Config
	Command []string          `toml:"command"`  // the program and its arguments; no shell reads them
	Workers int               `toml:"workers"`  // children
	Dir     string            `toml:"dir"`      // where they start; empty: the state directory
	Env     map[string]string `toml:"env"`      // their environment
	PassEnv []string          `toml:"pass_env"` // names that are taken over from iqd's own

	MaxAnswerBytes int           `toml:"max_answer_bytes"` // of a line that a child writes
	OwnIQs         int           `toml:"own_iqs"`          // requests of its own that a child may have under way; 0: none
	StopTimeout    time.Duration `toml:"stop_timeout"`     // from SIGTERM to SIGKILL
	HangTimeout    time.Duration `toml:"hang_timeout"`     // of silence while requests wait, before a child is replaced; 0: never
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{
		Workers: 1, MaxAnswerBytes: 1 << 20, OwnIQs: 16, StopTimeout: 5 * time.Second, HangTimeout: 2 * time.Minute,
	}
}

// validate checks what stands by itself.
func (c Config) validate() error {
	for _, n := range []struct {
		key              string
		val, least, most int
	}{
		{"workers", c.Workers, 1, 256}, {"max_answer_bytes", c.MaxAnswerBytes, 1024, 1 << 30}, {"own_iqs", c.OwnIQs, 0, 10000},
	} {
		if n.val < n.least || n.val > n.most {
			return fmt.Errorf("%s = %d: between %d and %d", n.key, n.val, n.least, n.most)
		}
	}
	for _, d := range []struct {
		key         string
		val, least  time.Duration
		zeroIsNever bool
	}{
		{"stop_timeout", c.StopTimeout, 0, false}, {"hang_timeout", c.HangTimeout, time.Second, true},
	} {
		if (d.val < d.least || d.val > time.Hour) && (d.val != 0 || !d.zeroIsNever) {
			return fmt.Errorf("%s = %s: between %s and 1h", d.key, d.val, d.least)
		}
	}
	return c.checkStrings()
}

// checkStrings refuses what no process can be given.
func (c Config) checkStrings() error {
	if len(c.Command) == 0 || c.Command[0] == "" {
		return errors.New(`command: name the program and its arguments, such as ["/usr/bin/python3", "weather.py"]`)
	}
	for key, list := range map[string][]string{
		"command": c.Command, "dir": {c.Dir}, "env": slices.Collect(maps.Values(c.Env)),
	} {
		if slices.ContainsFunc(list, func(s string) bool { return strings.ContainsRune(s, 0) }) {
			return fmt.Errorf("%s: a zero byte", key)
		}
	}
	for key, names := range map[string][]string{"env": slices.Collect(maps.Keys(c.Env)), "pass_env": c.PassEnv} {
		for _, name := range names {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				return fmt.Errorf("%s: %q is no name of a variable", key, name)
			}
		}
	}
	return nil
}
