package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const asked = "<iq type='get' id='b1' from='user1@example.net/balcony' to='iq.example.net'><query xmlns='urn:bench:plugin'/></iq>"

// All who answer the namespace answer the same.
func TestAnswersAreTheSame(t *testing.T) {
	own := component.NewMux()
	own.HandleGet(nsPlugin, "query", answerItself)
	want := componenttest.Ask(t, own, asked)
	if !strings.Contains(want, "type='result'") || !strings.Contains(want, "<query xmlns='urn:bench:plugin'/>") {
		t.Fatalf("answered %s", want)
	}
	child := filepath.Join(t.TempDir(), "gochild")
	for name, tc := range map[string]struct{ program, command string }{
		"Go":     {"go", `["` + child + `"]`},
		"Python": {"/usr/bin/python3", `["/usr/bin/python3", "../plugins/echo.py"]`},
		"Node":   {"/usr/bin/node", `["/usr/bin/node", "../plugins/echo.js"]`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(tc.program); err != nil {
				missing(t, err)
			}
			if name == "Go" {
				if out, err := exec.Command("go", "build", "-o", child, "../plugins/gochild").CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			mux := component.NewMux()
			mux.HandleGet(nsPlugin, "query", running(t, tc.command).ServeIQ)
			for range 3 {
				if got := componenttest.Ask(t, mux, asked); got != want {
					t.Errorf("answered %s\nwant     %s", got, want)
				}
			}
		})
	}
}

// missing fails the test where everything ought to be there.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// running returns the handler of a plugin that runs until the test ends.
func running(t *testing.T, command string) component.Handler {
	t.Helper()
	ext, err := newPlugin(command, "1", component.Env{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var life sync.WaitGroup
	life.Go(func() { _ = ext.Run(ctx, nil) })
	t.Cleanup(func() {
		cancel()
		life.Wait()
	})
	return ext.Routes[0].Get
}

func TestPluginThatCannotBe(t *testing.T) {
	for name, tc := range map[string]struct{ command, workers, err string }{
		"no list":     {"./gochild", "1", "BENCH_PLUGIN: "},
		"no number":   {`["/bin/cat"]`, "many", "BENCH_PLUGIN_WORKERS: "},
		"no workers":  {`["/bin/cat"]`, "0", "workers = 0"},
		"no program":  {`["../plugins/none"]`, "1", "no such file"},
		"no commands": {`[]`, "1", "command"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newPlugin(tc.command, tc.workers, component.Env{}); err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}
