package realserver

import (
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
	"time"
)

// startTimeout is what a server may take to start on a busy machine; ejabberd alone takes some four seconds.
const startTimeout = 60 * time.Second

// Eventually asks until ok says yes, and fails the test when it has not within the timeout.
func Eventually(t testing.TB, timeout time.Duration, ok func() bool) {
	t.Helper()
	if !poll(timeout, ok) {
		t.Fatalf("waited %v in vain", timeout)
	}
}

// poll asks until ok says yes, and reports whether it did within the timeout.
func poll(timeout time.Duration, ok func() bool) bool {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok() {
			return true
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return ok()
		}
	}
}

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on. It lies below the range from
// which the kernel takes ports for outgoing connections and for port 0, so that it is still free
// when a server comes back to it.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.IntN(22000)
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		l.Close()
		return port
	}
	t.Fatal("found no free port")
	return 0
}

// need skips the test when missing says that something is not installed, or fails it when CI is set.
// With -short no test needs anything.
func need(t testing.TB, what string, missing func() error) {
	t.Helper()
	if testing.Short() {
		t.Skipf("needs %s, left out with -short", what)
	}
	err := missing()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("%s is not installed, and CI is set: %v", what, err)
	default:
		t.Skipf("%s is not installed: %v", what, err)
	}
}
