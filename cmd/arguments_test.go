package iqdcmd_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// What a stranger types first is answered with what to type instead.
func TestArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	file := configFile(t, closedPort(t))
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"version":               {[]string{"--version"}, iqdcmd.ExitDone, "iqd " + iqdcmd.Version() + " go"},
		"check FILE":            {[]string{"check", "my.toml"}, iqdcmd.ExitMistake, `unexpected argument "my.toml": use -c my.toml`},
		"run FILE":              {[]string{"run", file}, iqdcmd.ExitMistake, "use -c " + file},
		"no server":             {[]string{"server-config"}, iqdcmd.ExitMistake, "say which server: prosody or ejabberd"},
		"two servers":           {[]string{"server-config", "prosody", "ejabberd"}, iqdcmd.ExitMistake, "one server at a time"},
		"a typo":                {[]string{"server-config", "Prosodi"}, iqdcmd.ExitMistake, "did you mean prosody?"},
		"neither":               {[]string{"server-config", "openfire"}, iqdcmd.ExitMistake, "prosody or ejabberd"},
		"no file":               {[]string{"check", "-c", filepath.Join(t.TempDir(), "none")}, iqdcmd.ExitMistake, "make one from config.example.toml"},
		"no file, doctor":       {[]string{"doctor", "-c", filepath.Join(t.TempDir(), "none")}, iqdcmd.ExitMistake, "make one from config.example.toml"},
		"the codes of check":    {[]string{"check", "--help"}, iqdcmd.ExitDone, "Exit code: 0 no mistakes"},
		"doctor, as typed":      {[]string{"doctor", "--connect", "-c", file}, iqdcmd.ExitFailed, "After the change: iqd doctor -c " + file + " --connect\n"},
		"doctor, with patience": {[]string{"doctor", "--wait", "7s", "-c", file}, iqdcmd.ExitFailed, " --wait 7s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := iqd(t, "", tc.args...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			contains(t, out+errs, tc.want)
		})
	}
}

// The secret is not for everybody to read.
func TestPermissionDenied(t *testing.T) {
	t.Parallel()
	err := iqdcmd.Advised(fmt.Errorf("read secret: %w", fs.ErrPermission), false)
	contains(t, err.Error(), "read secret: permission denied: run it with sudo")
}
