package component_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// counting is a mux that notes the ids of what it was given.
func counting(t *testing.T, seen *[]string) *component.Mux {
	t.Helper()
	return muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Quick: true,
		Get: component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) {
			*seen = append(*seen, req.ID)
			return nil, nil
		}),
	}}})
}

// TestEnds: in whatever way a stream ends, we end it too, dispatch nothing that was
// not whole or came after, and are back soon (RFC 6120, 4.4).
func TestEnds(t *testing.T) {
	whole := iq("get", "late", juliet, domain, query)
	for label, tc := range map[string]struct {
		last    string // what the server sends before it closes
		answers bool   // with an end tag
	}{
		"N14 in a stanza":          {whole[:len(whole)-4], false},
		"N14 in a start tag":       {whole[:20], false},
		"N37 end tag":              {"</stream:stream>", true},
		"N39 stanza after it":      {"</stream:stream>" + whole, true},
		"N39 garbage after it":     {"</stream:stream>\x00<<&", true},
		"N39 a stream after it":    {"</stream:stream>" + rawHeader + "9'>" + whole, true},
		"N39 after a stream error": {streamErr("system-shutdown", "") + whole, true},
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen []string
				s := newRaw(t)
				comp := s.start(off(counting(t, &seen)))
				c := s.online()
				c.write(tc.last)
				if tc.answers {
					if got := c.rest(); got != "</stream:stream>" {
						t.Errorf("the component says %q", got)
					}
				}
				_ = c.Close()
				start := time.Now()
				c = s.online()
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("back after %s", took)
				}
				c.write(iq("get", "next", juliet, domain, query))
				c.until("id='next'")
				if got := strings.Join(seen, " "); got != "next" || comp.Stats().Streams != 2 {
					t.Errorf("dispatched: %s; %+v", got, comp.Stats())
				}
				go func() { _ = c.rest() }()
			})
		})
	}
}

// timeless is a connection that knows no deadlines.
type timeless struct{ net.Conn }

func (timeless) SetDeadline(time.Time) error      { return nil }
func (timeless) SetReadDeadline(time.Time) error  { return nil }
func (timeless) SetWriteDeadline(time.Time) error { return nil }

// TestReasonArrives: a server that says more behind what we cannot bear is heard out
// until it closes, though not for ever, so that nothing of our reason is lost.
func TestReasonArrives(t *testing.T) {
	for label, tc := range map[string]struct {
		closes, timeless bool
		within           time.Duration
	}{
		"it closes":                   {closes: true, within: time.Second},
		"it never does":               {within: 3 * time.Second},
		"it never does, no deadlines": {timeless: true, within: 3 * time.Second},
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRaw(t)
				cfg := off(muxOf(t))
				cfg.Dial = func(ctx context.Context) (net.Conn, error) {
					conn, err := s.dial(ctx)
					if tc.timeless {
						conn = timeless{conn}
					}
					return conn, err
				}
				s.start(cfg)
				c := s.online()
				start := time.Now()
				c.write("<?x y?>")
				if got := c.until("</stream:stream>"); !strings.Contains(got, "<restricted-xml ") {
					t.Errorf("the component says %q", got)
				}
				c.write(strings.Repeat(iq("get", "late", juliet, domain, query), 10_000))
				if tc.closes {
					_ = c.Close()
				}
				c = s.online()
				if took := time.Since(start); took > tc.within {
					t.Errorf("back after %s, want %s at most", took, tc.within)
				}
				go func() { _ = c.rest() }()
			})
		})
	}
}

// TestStreamErrors: each condition of RFC 6120, 4.9.3, in each dress, ends the
// stream with our end tag, is named with its text, and is followed by another try.
func TestStreamErrors(t *testing.T) {
	const conditions = "bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown improper-addressing " +
		"internal-server-error invalid-from invalid-namespace invalid-xml not-authorized not-well-formed policy-violation " +
		"remote-connection-failed reset resource-constraint restricted-xml see-other-host system-shutdown undefined-condition " +
		"unsupported-encoding unsupported-feature unsupported-stanza-type unsupported-version on-fire"
	const ns = " xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
	dresses := map[string]struct{ format, want string }{
		"bare":        {"<stream:error><%s" + ns + "/></stream:error>", "%s"},
		"text":        {"<stream:error><%s" + ns + "/><text xml:lang='en'" + ns + ">a&lt;b</text></stream:error>", `%s: "a<b"`},
		"application": {"<stream:error><x xmlns='urn:example:x'/><%s" + ns + ">example.org</%[1]s></stream:error></stream:stream>", "%s"},
	}
	for cond := range strings.FieldsSeq(conditions) {
		t.Run("N40 "+cond, func(t *testing.T) {
			for label, dress := range dresses {
				synctest.Test(t, func(t *testing.T) {
					s := newRaw(t)
					comp := s.start(off(muxOf(t)))
					c := s.online()
					c.write(fmt.Sprintf(dress.format, cond))
					if got := c.rest(); got != "</stream:stream>" {
						t.Errorf("%s: the component says %q", label, got)
					}
					synctest.Wait()
					if err := comp.Status().Err; err == nil || !strings.Contains(err.Error(), fmt.Sprintf(dress.want, cond)) {
						t.Errorf("%s: status %v", label, err)
					}
					c = s.online()
					go func() { _ = c.rest() }()
				})
			}
		})
	}
}

// TestN02Appears: a server that refuses is noticed within a step of the back-off
// once it is there.
func TestN02Appears(t *testing.T) {
	for label, tc := range map[string]struct{ away, within time.Duration }{
		"a restart": {time.Minute, time.Second}, "a night": {10 * time.Hour, 10 * time.Second},
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRaw(t)
				begin := time.Now()
				cfg := off(muxOf(t))
				cfg.Dial = func(ctx context.Context) (net.Conn, error) {
					if time.Since(begin) < tc.away {
						return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
					}
					return s.dial(ctx)
				}
				s.start(cfg)
				time.Sleep(tc.away)
				c := s.online()
				if late := time.Since(begin) - tc.away; late > tc.within {
					t.Errorf("connected %s after the server was there", late)
				}
				go func() { _ = c.rest() }()
			})
		})
	}
}

// TestN09HangsUp: a server that hangs up at once, before or after the handshake, is
// tried less and less often, and one that serves us for a while is forgiven.
func TestN09HangsUp(t *testing.T) {
	for label, tc := range map[string]struct {
		let  func(*rawServer) *rawConn
		most time.Duration
	}{
		"at once": {func(s *rawServer) *rawConn {
			c := s.accept()
			c.until("?>")
			return c
		}, 10 * time.Second},
		"after the handshake": {(*rawServer).online, time.Minute},
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRaw(t)
				s.start(off(muxOf(t)))
				hang := func(n int) (longest time.Duration) {
					for range n {
						start := time.Now()
						_ = tc.let(s).Close()
						longest = max(longest, time.Since(start))
					}
					return longest
				}
				first := hang(3)
				hang(300) // past the two minutes in which it may be restarting
				last := hang(20)
				if first > 3*time.Second || last < 4*time.Second || last > tc.most {
					t.Errorf("at first tried within %s, at last within %s", first, last)
				}
				c := s.online()
				time.Sleep(2 * time.Minute)
				_ = c.Close()
				if again := hang(2); again > 3*time.Second {
					t.Errorf("after a good stream tried within %s", again)
				}
			})
		})
	}
}

// TestN31OtherName: a server that calls us by another name is served, and the name
// is told.
func TestN31OtherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		cfg := off(muxOf(t))
		cfg.Log = book.info()
		s := newRaw(t)
		comp := s.start(cfg)
		c := s.accept()
		c.until("?>")
		c.until(">")
		c.write(strings.Replace(rawHeader, "from='"+domain+"'", "from='other.example.net'", 1) + "1'>")
		c.until("</handshake>")
		c.write("<handshake/>")
		synctest.Wait()
		if st := comp.Status(); st.State != component.StateOnline || !book.has("name=other.example.net") {
			t.Errorf("status %+v, log:\n%s", st, book.String())
		}
		go func() { _ = c.rest() }()
	})
}

// TestN35NoCloseNotify: TLS that ends without a word is an end like any other.
func TestN35NoCloseNotify(t *testing.T) {
	ca := newAuthority(t, "ca")
	server := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "localhost")}}
	s := newRawTCP(t)
	cfg := off(muxOf(t))
	cfg.TLS = &tls.Config{RootCAs: ca.pool(), ServerName: "localhost"}
	comp := s.start(cfg)
	online := func() net.Conn {
		c := s.accept()
		plain := c.Conn
		*c = *newRawConn(t, tls.Server(plain, server))
		c.header("1")
		c.until("</handshake>")
		c.write("<handshake/>")
		return plain
	}
	plain := online()
	waitFor(t, "it is online", func() bool { return comp.Status().State == component.StateOnline })
	_ = plain.Close()
	start := time.Now()
	plain = online()
	var se *component.StreamError
	if took := time.Since(start); took > 2*time.Second || errors.As(comp.Status().Err, &se) || comp.Stats().Lost != 1 {
		t.Errorf("back after %s: %v, %+v", took, comp.Status().Err, comp.Stats())
	}
	_ = plain.Close()
}
