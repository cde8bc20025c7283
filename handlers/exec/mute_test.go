package exec_test

import (
	"strings"
	"testing"
	"time"
)

// A child that answers and does not flush looks like one that hangs. Who has
// written it reads in the log what to look for, and reads it once.
func TestHintOfAMissingFlush(t *testing.T) {
	r := start(t, "hangs", func(s *setting) { s.timeout = 100 * time.Millisecond })
	for range 2 {
		r.wants(r.ask("get", "there?"), "remote-server-timeout")
	}
	r.logged("level=WARN", "plugin has written nothing yet", "flush")
	if n := strings.Count(r.log.String(), "written nothing"); n != 1 {
		t.Errorf("%d lines, want one\n%s", n, r.log)
	}
	r.unharmed()
}

// One that has said anything before flushes.
func TestNoHintOfAFlush(t *testing.T) {
	r := start(t, "", func(s *setting) {
		s.timeout = 500 * time.Millisecond
		s.cfg.Command = []string{"/bin/sh", "-c", "echo hello; exec sleep 60"}
	})
	r.logged("plugin wrote what is no message")
	r.wants(r.ask("get", "there?"), "remote-server-timeout")
	r.unharmed()
	if strings.Contains(r.log.String(), "written nothing") {
		t.Errorf("a hint for a child that writes\n%s", r.log)
	}
}
