package exec_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// leak makes a file one that children inherit.
func leak(t *testing.T, f *os.File) {
	t.Helper()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
}
