package iqdcmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// FuzzCheck: no text makes check panic; what it refuses it refuses as a mistake of
// the operator, each line with the file and the place in it, and it has the verdict
// of run.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		head, head + "[handlers.ping]\n[handlers.roster]\nstore = 'memory:'\n[handlers.vcard]\n", head + "[handlers.disco]\nname = 'x'\n[[handlers.disco.items]]\njid = 'a.example.net'\n",
		head + "hosts = []\nunhandled = 'service-unavailable'\nconflict = 'drain'\nliveness = 'off'\n", head + "[limits]\nhandler_timeout = '5s'\nin_flight = 10\n",
		head + "[admin]\nlisten = '127.0.0.1:0'\njids = ['a@example.net']\n[log]\nlevel = 'debug'\nformat = 'json'\n", head + "[handlers.x]\nkind = 'count'\nallow = ['@example.net']\ntimeout = '1s'\n",
		strings.Replace(head, "127.0.0.1:5347", "unix:/run/x", 1), head + "[component.tls]\nenabled = false\n", head + "[handlers.ping]\n[handlers.pong]\nkind = 'ping'\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "iqd.toml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"STATE_DIRECTORY": filepath.Dir(name)}
		code, _, errs := command(t, env, "check", "-c", name)
		run := iqdcmd.Takes(name, testRegistry(), func(k string) string { return env[k] })
		switch {
		case (code == 0) != (run == nil):
			t.Errorf("%q: check ends with %d, but run says %v", text, code, run)
		case code != 0 && code != 2:
			t.Errorf("%q: check ends with %d", text, code)
		case code == 2:
			checkPlaces(t, name, text, errs)
		}
	})
}

// placed is a line of check that names a place. The file as a whole has none, and
// neither has what is in no section that is there.
var placed = regexp.MustCompile(`^(:\d+:\d+: .|: (the file is empty|not a text file|larger than|and \d+ more|component\.[a-z]+ is missing))`)

func checkPlaces(t *testing.T, name, text, errs string) {
	t.Helper()
	for line := range strings.Lines(errs) {
		rest, ok := strings.CutPrefix(line, "iqd: "+name)
		if !ok || !placed.MatchString(rest) {
			t.Errorf("%q: a line without a place: %q", text, line)
		}
	}
	if errs == "" {
		t.Errorf("%q: refused without a word", text)
	}
}
