package component

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// Config says what a component is and where its server is. JID, Secret, Handler
// and one of Server and Dial are required; everything else has a default.
type Config struct {
	JID     string  // the component's domain, such as "iq.example.net"
	Server  string  // host:port of the server's component port, or "unix:" and a path
	Secret  string  // the one that the server has for JID
	Handler Handler // usually a *Mux

	TLS   *tls.Config                             // nil: plain TCP; else TLS from the first byte
	Dial  func(context.Context) (net.Conn, error) // in place of Server and TLS; called anew for each stream
	Hosts []string                                // whose users are local. Nil: the parent domain of JID

	Unhandled stanza.Condition // of what no handler takes. Empty: feature-not-implemented
	Conflict  ConflictPolicy   // when another connection serves our domain
	Liveness  Liveness         // how a dead stream is found
	Limits    Limits

	CallTimeout    time.Duration // the longest that SendIQ waits for a reply; zero: 30 s
	ConnectTimeout time.Duration // for dialling, and again for the handshake; zero: 10 s
	CheckInterval  time.Duration // of silence before the stream is checked; zero: 30 s

	Log    *slog.Logger // nil: slog.Default()
	Notify func(Status) // called, one at a time, whenever the state changes; does not block; may be nil
}

// Limits bound what requests and replies may cost. A zero field is the default;
// they can be changed while the component runs.
type Limits struct {
	MaxStanzaBytes   int           // of a stanza received; 2 MiB
	MaxReplyBytes    int           // of a stanza sent; 500,000, for Prosody takes 512 KiB
	MaxBufferedBytes int           // of requests and unsent replies together; 64 MiB
	MaxDepth         int           // of elements in a stanza, both ways; 128
	InFlight         int           // requests read whose reply the kernel has not taken; 16,384
	PerSender        int           // of those of one bare JID; 1,024
	PerDomain        int           // of those of one domain that is not in Hosts; 4,096
	HandlerTimeout   time.Duration // from the reading of a request to its reply; 20 s
	DrainTimeout     time.Duration // for what runs at shutdown; 10 s
}

func (l Limits) withDefaults() Limits {
	l.MaxStanzaBytes = cmp.Or(l.MaxStanzaBytes, 2<<20)
	l.MaxReplyBytes = cmp.Or(l.MaxReplyBytes, 500000)
	l.MaxBufferedBytes = cmp.Or(l.MaxBufferedBytes, 64<<20)
	l.MaxDepth = cmp.Or(l.MaxDepth, 128)
	l.InFlight = cmp.Or(l.InFlight, 16384)
	l.PerSender = cmp.Or(l.PerSender, 1024)
	l.PerDomain = cmp.Or(l.PerDomain, 4096)
	l.HandlerTimeout = cmp.Or(l.HandlerTimeout, 20*time.Second)
	l.DrainTimeout = cmp.Or(l.DrainTimeout, 10*time.Second)
	return l
}

// Validate returns an error that names the first limit that makes no sense.
func (l Limits) Validate() error {
	for _, n := range []struct {
		name       string
		val, least int
	}{
		// RFC 6120, 13.12: no limit on a stanza below 10,000 bytes.
		{"max_stanza_bytes", l.MaxStanzaBytes, 10000}, {"max_reply_bytes", l.MaxReplyBytes, 10000},
		{"max_buffered_bytes", l.MaxBufferedBytes, 1 << 20}, {"max_depth", l.MaxDepth, 8},
		{"in_flight", l.InFlight, 1}, {"per_sender", l.PerSender, 1}, {"per_domain", l.PerDomain, 1},
	} {
		if n.val != 0 && n.val < n.least {
			return fmt.Errorf("%s = %d: at least %d", n.name, n.val, n.least)
		}
	}
	if l.HandlerTimeout < 0 || l.HandlerTimeout > time.Hour {
		return fmt.Errorf("handler_timeout = %s: between 0 and 1h", l.HandlerTimeout)
	}
	if l.DrainTimeout < 0 || l.DrainTimeout > time.Hour {
		return fmt.Errorf("drain_timeout = %s: between 0 and 1h", l.DrainTimeout)
	}
	return nil
}

// A ConflictPolicy says what another connection for our domain means.
type ConflictPolicy string

// The conflict policies.
const (
	ConflictWait  ConflictPolicy = "wait"  // try again, slowly; the default
	ConflictExit  ConflictPolicy = "exit"  // Run returns the stream error
	ConflictDrain ConflictPolicy = "drain" // another instance takes over: Run finishes what runs and returns nil
)

// Liveness says how a stream that looks alive is checked.
type Liveness string

// The kinds of liveness check.
const (
	LivenessSelf   Liveness = "self"   // an IQ to oneself through the server; the default. Finds deaf streams
	LivenessServer Liveness = "server" // a ping to the server: for several processes on one domain
	LivenessOff    Liveness = "off"    // none
)

func (c Config) withDefaults() Config {
	c.Unhandled = cmp.Or(c.Unhandled, stanza.FeatureNotImplemented)
	c.Conflict = cmp.Or(c.Conflict, ConflictWait)
	c.Liveness = cmp.Or(c.Liveness, LivenessSelf)
	c.CallTimeout = cmp.Or(c.CallTimeout, 30*time.Second)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 10*time.Second)
	c.CheckInterval = cmp.Or(c.CheckInterval, 30*time.Second)
	if c.Hosts == nil {
		if _, parent, ok := strings.Cut(c.JID, "."); ok {
			c.Hosts = []string{parent}
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Validate returns an error that names the first thing that makes no sense.
func (c Config) Validate() error {
	if err := validDomain(c.JID); err != nil {
		return fmt.Errorf("component JID: %w", err)
	}
	for _, h := range c.Hosts {
		if err := validDomain(h); err != nil {
			return fmt.Errorf("host: %w", err)
		}
	}
	switch {
	case c.Secret == "":
		return errors.New("component secret is empty")
	case c.Server == "" && c.Dial == nil:
		return errors.New("server address is empty")
	case c.Handler == nil:
		return errors.New("component has no handler")
	}
	switch c.Unhandled {
	case "", stanza.FeatureNotImplemented, stanza.ServiceUnavailable:
	default:
		return fmt.Errorf("unhandled = %q: feature-not-implemented or service-unavailable", c.Unhandled)
	}
	switch c.Conflict {
	case "", ConflictWait, ConflictExit, ConflictDrain:
	default:
		return fmt.Errorf("conflict = %q: wait, exit or drain", c.Conflict)
	}
	switch c.Liveness {
	case "", LivenessSelf, LivenessServer, LivenessOff:
	default:
		return fmt.Errorf("liveness = %q: self, server or off", c.Liveness)
	}
	return c.Limits.Validate()
}

// hasLabels reports whether each part of a domain is there and as long as the name
// service takes it (RFC 1035, 2.3.4).
func hasLabels(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || utf8.RuneCountInString(label) > 63 {
			return false
		}
	}
	return true
}

// validDomain reports what keeps s from being a domain in the form that servers
// compare with: Prosody refuses one in upper case.
func validDomain(s string) error {
	j, err := jid.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no domain: %w", s, err)
	case j.Localpart() != "" || j.Resourcepart() != "" || !hasLabels(j.String()):
		return fmt.Errorf("%q is no domain", s)
	case j.String() != s:
		return fmt.Errorf("%q has to be written %q", s, j.String())
	}
	return nil
}
