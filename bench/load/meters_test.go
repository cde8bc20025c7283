//go:build linux

package load

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// The time of a component's children is known, and is not that of other programs.
func TestChildrenAreMeasured(t *testing.T) {
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; read _")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if !slices.Contains(childrenOf(os.Getpid()), cmd.Process.Pid) {
		t.Fatalf("children %v, want %d among them", childrenOf(os.Getpid()), cmd.Process.Pid)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	m, err := readMeters(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if m.children <= 0 {
		t.Errorf("a child that has counted to 20000 took %v", m.children)
	}
	if r := m.since(meters{at: m.at.Add(-1e9), busy: m.busy - m.component - m.self - m.children}); r.ChildCPU != m.children || r.Foreign != 0 {
		t.Errorf("%v of children and %v of other programs, want %v and none", r.ChildCPU, r.Foreign, m.children)
	}
}
