package exec_test

import (
	"context"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

// A plugin that dies says so, with the worker and how it has ended; one that runs
// is well.
func TestH11_HealthSaysHowAWorkerEnded(t *testing.T) {
	for name, tc := range map[string]struct {
		script  string
		workers int
		want    string
	}{
		"one":  {"exit 3", 1, `^worker 1 (ended|was started again) \d+s ago(, after it had ended)?: exit status 3$`},
		"many": {"exit 3", 2, `^2 of 2 workers, worker 1 (ended|was started again) \d+s ago(, after it had ended)?: exit status 3$`},
		"well": {"echo started >&2; exec cat", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := exec.DefaultConfig()
			cfg.Namespaces, cfg.Command, cfg.Workers = []string{ns}, []string{"/bin/sh", "-c", tc.script}, tc.workers
			ext, err := exec.New(cfg, component.Env{StateDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			if err := ext.Health(); err != nil {
				t.Errorf("before its start: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- ext.Run(ctx, nil) }()
			defer func() { cancel(); <-ended }()
			if tc.want == "" {
				if err := ext.Health(); err != nil {
					t.Errorf("Health() = %v", err)
				}
				return
			}
			within(t, "nobody says how it ended", func() bool {
				err := ext.Health()
				return err != nil && regexp.MustCompile(tc.want).MatchString(err.Error())
			})
		})
	}
}

// A worker whose child was started again is well once that has lived for a while.
func TestH11_HealthForgives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := exec.NewRecord()
		for _, step := range []struct {
			do   func()
			wait time.Duration
			want string
		}{
			{r.Begin, time.Second, ""},
			{r.End, 12 * time.Second, "ended 12s ago: exit status 1"},
			{r.Begin, 9 * time.Second, "was started again 9s ago, after it had ended: exit status 1"},
			{func() {}, time.Second, ""},
			{r.End, time.Second, "ended 1s ago: exit status 1"},
		} {
			step.do()
			time.Sleep(step.wait)
			if got := r.Trouble(); got != step.want {
				t.Errorf("trouble is %q, want %q", got, step.want)
			}
		}
	})
}
