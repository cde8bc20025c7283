package iqdcmd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/iqd-xmpp/iqd/component"
)

// A notifier tells systemd how we are (sd_notify(3)). READY=1 is said as soon as
// the configuration is known to be good: an XMPP server that is not up yet must
// hold up nobody's boot, so STATUS= tells whether we are connected. Without
// systemd it does nothing.
type notifier struct {
	server, jid string
	out         *lineWriter // a service manager that does not read stops nobody
	mu          sync.Mutex
	state       string
	reloadErr   string // of the last reload; empty: it was good
	ending      bool   // no reload is told of any more
}

func newNotifier(server, jid string) *notifier {
	return &notifier{server: server, jid: jid, out: newLineWriter(sdWriter{})}
}

// sdWriter sends each write as one message to $NOTIFY_SOCKET.
type sdWriter struct{}

func (sdWriter) Write(msg []byte) (int, error) {
	_, err := systemd.SdNotify(false, string(msg))
	return len(msg), err
}

func (n *notifier) send(lines ...string) { _, _ = n.out.Write([]byte(strings.Join(lines, "\n"))) }

// close waits until everything has been sent.
func (n *notifier) close() { _ = n.out.Close() }

func (n *notifier) ready() { n.send(systemd.SdNotifyReady) }

func (n *notifier) reloading() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ending {
		return
	}
	n.send(systemd.SdNotifyReloading, strings.TrimSpace(systemd.SdNotifyMonotonicUsec()))
}

// reloaded ends what reloading began.
func (n *notifier) reloaded(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ending {
		return // READY=1 would take back that we are stopping
	}
	n.reloadErr = ""
	if err != nil {
		n.reloadErr = "; reload failed: " + err.Error()
	}
	n.send(systemd.SdNotifyReady, n.line())
}

// stopping asks for the time that draining may take, so that nobody kills us in
// the middle of it.
func (n *notifier) stopping(drain time.Duration) {
	const rest = 5 * time.Second // for the stream and the handlers to be closed
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ending = true
	n.send(systemd.SdNotifyStopping, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (drain+rest).Microseconds()))
}

// status is component.Config.Notify.
func (n *notifier) status(s component.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = n.describe(s)
	n.send(n.line())
}

// line is the STATUS= line: one line, whatever a server has said.
func (n *notifier) line() string {
	clean := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	return "STATUS=" + strings.Map(clean, n.state+n.reloadErr)
}

func (n *notifier) describe(s component.Status) string {
	switch s.State {
	case component.StateConnecting:
		return "connecting to " + n.server
	case component.StateOnline:
		if !s.Heard {
			return "online as " + n.jid + ", nothing received yet"
		}
		return "online as " + n.jid
	case component.StateWaiting:
		return fmt.Sprintf("not connected, next try in %s: %v", s.Retry.Round(100*time.Millisecond), s.Err)
	case component.StateDraining:
		return "finishing what runs"
	}
	return string(s.State)
}

// feedWatchdog tells systemd that we are alive for as long as alive says so,
// twice in each period of WatchdogSec=.
func (n *notifier) feedWatchdog(ctx context.Context, alive func(context.Context) error, log *slog.Logger) {
	period, err := systemd.SdWatchdogEnabled(false)
	if err != nil || period == 0 {
		return
	}
	tick := time.NewTicker(period / 2)
	defer tick.Stop()
	for {
		probe, cancel := context.WithTimeout(ctx, period/2)
		switch err := alive(probe); {
		case err == nil:
			n.send(systemd.SdNotifyWatchdog)
		case ctx.Err() == nil:
			log.Error("stuck: the watchdog is not fed", slog.Any("err", err))
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
