package exec_test

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

// A thousand lives of children, some of which leave somebody behind who holds their
// pipes open, leave no file open, no goroutine and no zombie.
func TestH11_AThousandLivesLeaveNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes what was forgotten
	live(t, "exit 3", 1)                             // what the first start leaves, a thread to wait for it, is kept
	files, routines := openFiles(t), runtime.NumGoroutine()
	for range 4 {
		live(t, "exit 3", 230)
	}
	live(t, "setsid sleep 3 & exit 3", 80)
	within(t, "files stay open", func() bool { return openFiles(t) <= files })
	within(t, "goroutines stay", func() bool { return runtime.NumGoroutine() <= routines })
	within(t, "children stay", func() bool { return !hasChildren(t) })
}

// live has so many workers run a script until each has ended once.
func live(t *testing.T, script string, workers int) {
	t.Helper()
	log := new(journal)
	cfg := exec.DefaultConfig()
	cfg.Namespaces, cfg.Command, cfg.Workers = []string{ns}, []string{"/bin/sh", "-c", script}, workers
	ext, err := exec.New(cfg, component.Env{StateDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- ext.Run(ctx, nil) }()
	within(t, "workers have not ended", func() bool { return strings.Count(log.String(), "exit status 3") >= workers })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := ext.Close(); err != nil {
		t.Error(err)
	}
}

// within waits until ok.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s after half a minute", what)
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// hasChildren reports whether a process is ours, dead or alive.
func hasChildren(t *testing.T) bool {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children"); err == nil && len(list) > 0 {
			return true
		}
	}
	return false
}
