package iqdcmd_test

import (
	"strings"
	"testing"
)

// TestC08CheckIsTheVerdictOfRun: what check says of a file, run says too, in the same
// words and with the same exit code, and neither connects to the server for it. A
// file that check takes is taken by run.
func TestC08CheckIsTheVerdictOfRun(t *testing.T) {
	for name, conf := range map[string]string{
		"syntax":            "[limits\n",
		"unknown key":       "[handlers.ping]\ntimeot = '1s'\n",
		"two mistakes":      "[log]\nlevel = 'x'\n[limits]\nmax_depth = -1\n",
		"bad handler":       "[handlers.count]\nstart = -1\n",
		"two for a request": "[handlers.ping]\n[handlers.pong]\nkind = 'ping'\n",
		"no certificate":    "[component.tls]\nenabled = true\nca_file = '/nonexistent'\n",
		"no token":          "[admin]\nlisten = '0.0.0.0:9347'\ntoken_file = '/nonexistent'\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, conf)
			code, _, said := command(t, r.env, "check", "-c", r.path)
			r.start()
			if started := r.exit(); started != code || code != 2 || r.log.String() != said {
				t.Errorf("check ends with %d:\n%srun with %d:\n%s", code, said, started, r.log)
			}
			if r.server.Connections() != 0 {
				t.Error("the server was connected to")
			}
		})
	}
	t.Run("no mistake", func(t *testing.T) {
		r := stage(t, "[handlers.ping]\n")
		if code, out, errs := command(t, r.env, "check", "-c", r.path); code != 0 || !strings.Contains(out, "no mistakes") {
			t.Errorf("check ends with %d: %s%s", code, out, errs)
		}
		if r.server.Connections() != 0 {
			t.Error("the server was connected to")
		}
		r.start().online()
	})
}
