package iqdcmd_test

import (
	"os"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// What docs/operations.md says of where files are kept.
func TestStateDir(t *testing.T) {
	t.Parallel()
	root := func(other string) string {
		if os.Getuid() == 0 {
			return "/var/lib/iqd"
		}
		return other
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		want string
	}{
		"systemd":          {map[string]string{"STATE_DIRECTORY": "/var/lib/iqd-two", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/var/lib/iqd-two"},
		"several":          {map[string]string{"STATE_DIRECTORY": "/a:/b", "HOME": "/h"}, "/a"},
		"XDG":              {map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, root("/x/iqd")},
		"XDG, no absolute": {map[string]string{"XDG_STATE_HOME": "x", "HOME": "/h"}, root("/h/.local/state/iqd")},
		"neither":          {map[string]string{"HOME": "/h"}, root("/h/.local/state/iqd")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := iqdcmd.StateDir(func(key string) string { return tc.env[key] }); got != tc.want {
				t.Errorf("StateDir() = %q, want %q", got, tc.want)
			}
		})
	}
}
