package exec_test

import (
	"os"
	"strings"
	"testing"
)

// A child that ends at once as it would in a sandbox too narrow for it is told
// apart, where there is a sandbox.
func TestHintOfTheSandbox(t *testing.T) {
	for name, tc := range map[string]struct {
		script, invocation string
		hint               bool
	}{
		"SIGTRAP under systemd": {"kill -TRAP $$", "0123", true},
		"SIGSYS under systemd":  {"kill -SYS $$", "0123", true},
		"SIGTRAP elsewhere":     {"kill -TRAP $$", "", false},
		"killed":                {"kill -KILL $$", "0123", false},
		"exit status":           {"exit 3", "0123", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("INVOCATION_ID", tc.invocation)
			r := start(t, "", func(s *setting) { s.cfg.Command = []string{"/bin/sh", "-c", tc.script} })
			r.logged("level=ERROR", "plugin ended")
			if got := strings.Contains(r.log.String(), "iqd-plugins.conf"); got != tc.hint {
				t.Errorf("a hint: %v, want %v\n%s", got, tc.hint, r.log)
			}
		})
	}
}

// So is one that may not be started.
func TestHintOfAForbiddenStart(t *testing.T) {
	t.Setenv("INVOCATION_ID", "0123")
	file := t.TempDir() + "/script"
	if err := os.WriteFile(file, []byte("#!/tmp\n"), 0o700); err != nil { // a folder is no interpreter
		t.Fatal(err)
	}
	r := start(t, "", func(s *setting) { s.cfg.Command = []string{file} })
	r.logged("level=ERROR", "plugin ended", "permission denied", "iqd-plugins.conf")
}
