package exec_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

// parent is the variable that makes the test program one that has a plugin, which
// hangs.
const parent = "EXEC_TEST_PARENT"

func beParent() {
	cfg := exec.DefaultConfig()
	cfg.Namespaces, cfg.Command, cfg.Env = []string{ns}, []string{os.Args[0]}, map[string]string{mood: "hangs"}
	ext, err := exec.New(cfg, component.Env{StateDir: os.TempDir(), Log: slog.New(slog.NewTextHandler(os.Stdout, nil))})
	if err == nil {
		err = ext.Run(context.Background(), nil)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A child ends with us, however we end, though it reads nothing and heeds nobody.
func TestH11_ChildEndsWithAKilledParent(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), parent+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if m := regexp.MustCompile(`plugin started.* pid=(\d+)`).FindStringSubmatch(lines.Text()); m != nil {
			pid, _ = strconv.Atoi(m[1])
		}
	}
	if pid == 0 || gone(pid) {
		t.Fatalf("no child: %d", pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for i := 0; !gone(pid); i++ {
		if i == 1000 {
			t.Fatal("the child outlives its parent")
		}
		<-time.After(10 * time.Millisecond)
	}
}
