package iqdcmd_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// A manager is the socket that systemd listens at.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	seen []string
}

// newManager sets $NOTIFY_SOCKET for this test.
func newManager(t *testing.T) *manager {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return &manager{t: t, conn: conn}
}

// expect reads messages until one matches the whole pattern.
func (m *manager) expect(pattern string) {
	m.t.Helper()
	re := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	buf := make([]byte, 4096)
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		m.t.Fatal(err)
	}
	for {
		n, err := m.conn.Read(buf)
		if err != nil {
			m.t.Fatalf("no message like %s: %v; there were %q", pattern, err, m.seen)
		}
		m.seen = append(m.seen, string(buf[:n]))
		if re.Match(buf[:n]) {
			return
		}
	}
}

// Checklist 77: what systemd is told in a whole life.
func TestNotifyOfALife(t *testing.T) {
	m := newManager(t)
	r := stage(t, "[handlers.ping]\n[limits]\ndrain_timeout = '7s'\n")
	r.start()
	m.expect("READY=1")
	m.expect(`STATUS=connecting to 127\.0\.0\.1:\d+`)
	m.expect(`STATUS=online as iq\.example\.net`)

	r.signals <- sigHUP
	m.expect(`RELOADING=1\nMONOTONIC_USEC=\d+`)
	m.expect(`READY=1\nSTATUS=online as iq\.example\.net`)

	r.write("nonsense")
	r.signals <- sigHUP
	m.expect(`RELOADING=1\nMONOTONIC_USEC=\d+`)
	m.expect(`READY=1\nSTATUS=online as iq\.example\.net; reload failed: .*iqd\.toml:5:.*`)

	r.signals <- sigTERM
	m.expect(`STOPPING=1\nEXTEND_TIMEOUT_USEC=12000000`)
	m.expect(`STATUS=finishing what runs.*`)
	m.expect(`STATUS=stopped.*`)
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Checklist 4, fault N01: ready although the server is away, and the status says
// what it says, in one line.
func TestN01NotifyOfAServerThatRefuses(t *testing.T) {
	m := newManager(t)
	r := stage(t, "[handlers.ping]\n")
	r.server.Reject("not-authorized", "Given token\ndoes not match")
	r.start()
	m.expect("READY=1")
	m.expect(`STATUS=not connected, next try in \S+: .*not-authorized.*`)
}

// Checklist 77, fault S06: the watchdog is fed, with the server there or away.
func TestS06NotifyFeedsTheWatchdog(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	r := stage(t, "[handlers.ping]\n")
	r.server.Refuse(-1)
	r.start()
	for range 3 {
		m.expect("WATCHDOG=1")
	}
	r.server.Refuse(0)
	r.online()
	for range 3 {
		m.expect("WATCHDOG=1")
	}
}

// Fault S06: one that is stuck is not said to be alive.
func TestS06NotifyDoesNotFeedForWhoIsStuck(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	ctx, cancel := context.WithCancel(t.Context())
	probes := 0
	alive := func(ctx context.Context) error {
		probes++
		switch {
		case probes == 3:
			cancel()
		case probes > 1:
			<-ctx.Done() // the deadline, for nothing else ends it
			return ctx.Err()
		}
		return nil
	}
	log := newLookout()
	iqdcmd.FeedWatchdog(ctx, alive, slog.New(slog.NewTextHandler(log, nil)))
	m.expect("WATCHDOG=1") // the first probe
	m.expect("WATCHDOG=1") // the third
	if n := len(m.seen); n != 2 || probes != 3 {
		t.Errorf("%d messages for %d probes, of which one failed: %q", n, probes, m.seen)
	}
	contains(t, log.String(), `level=ERROR msg="stuck: the watchdog is not fed" err="context deadline exceeded"`)
}

// Fault S07: a manager that is not there is no reason not to serve.
func TestS07NotifyWithoutAManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	r := stage(t, "[handlers.ping]\n").start().online()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Fault S07: nor is one that does not read.
func TestS07NotifyAManagerThatDoesNotRead(t *testing.T) {
	newManager(t)
	t.Setenv("WATCHDOG_USEC", "2000")
	r := stage(t, "[handlers.ping]\n").start().online()
	fill(t, os.Getenv("NOTIFY_SOCKET"))
	for range 50 {
		if got := r.ping(); !isResult(got) {
			t.Fatalf("ping was answered with %s", got)
		}
	}
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// fill sends to a socket until it takes no more.
func fill(t *testing.T, name string) {
	t.Helper()
	conn, err := net.Dial("unixgram", name)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for {
		if err := conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(strings.Repeat("x", 100))); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			return
		}
	}
}
