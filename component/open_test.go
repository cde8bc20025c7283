package component_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// TestHandshake: whatever way a server writes its side, the component proves that
// it knows the secret, and says nothing before it is accepted (checklist 1, 2, 27,
// N25 to N27, MUST table).
func TestHandshake(t *testing.T) {
	ping := "<iq xmlns='jabber:component:accept' type='get' id='glued' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>"
	for label, tc := range map[string]struct{ header, id, behind string }{
		"usual":            {rawHeader + "abc'>", "abc", "<handshake/>"},
		"other prefix":     {"<s:stream id=\"abc\" xmlns:s='" + nsStreams + "' xmlns='jabber:component:accept' foo='bar'>", "abc", "<handshake/>"},
		"default prefix":   {"<stream xmlns='" + nsStreams + "' id='abc'>", "abc", "<handshake xmlns='jabber:component:accept'/>"},
		"entities":         {rawHeader + "a&amp;b&lt;&#x20AC;'>", "a&b<€", "<handshake/>"},
		"byte order mark":  {"\ufeff" + rawHeader + "abc'>", "abc", "<handshake/>"},
		"no declaration":   {strings.TrimPrefix(rawHeader, "<?xml version='1.0'?>") + "abc'>", "abc", "<handshake></handshake>"},
		"zero in the hash": {rawHeader + "57'>", "57", "<handshake/>"},
		"stanza glued":     {rawHeader + "abc'>", "abc", "<handshake/>" + ping},
		"stanzas before":   {rawHeader + "abc'>", "abc", iq("get", "early", juliet, domain, query) + "text<foo/><handshake/>" + ping},
	} {
		for _, piece := range []int{0, 1} {
			t.Run(label, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newRaw(t)
					comp := s.start(off(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: give(nil, nil)}}})))
					c := s.accept()
					if got, want := c.until("?>")+c.until(">"), "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='"+nsStreams+"' to='"+domain+"'>"; got != want {
						t.Errorf("the component opens with %q", got)
					}
					c.pieces(tc.header, piece)
					if got, want := c.until("</handshake>"), proof(tc.id, "secret"); got != want {
						t.Errorf("handshake %q, want %q", got, want)
					}
					c.pieces(tc.behind, piece)
					if !strings.HasSuffix(tc.behind, ping) {
						c.pieces(ping, piece)
					}
					if got := c.until("/>"); !strings.Contains(got, "id='glued'") {
						t.Errorf("got %q", got)
					}
					if st := comp.Status(); st.State != component.StateOnline {
						t.Errorf("status %+v", st)
					}
					go func() { _ = c.rest() }()
				})
			})
		}
	}
}

// pieces writes s n bytes at a time; zero: all at once.
func (c *rawConn) pieces(s string, n int) {
	c.t.Helper()
	for n > 0 && len(s) > n {
		c.write(s[:n])
		s = s[n:]
	}
	c.write(s)
}

// TestOpeningFails: each way in which a server may not let us in is named, costs no
// more than the time it is given, and is tried again (checklist 3, 9, N06 to N09,
// N28 to N32).
func TestOpeningFails(t *testing.T) {
	for label, tc := range map[string]struct {
		serve func(*rawConn)
		err   string
		after time.Duration
	}{
		"N06 silence":            {func(c *rawConn) { c.until("?>") }, "silent", 10 * time.Second},
		"N07 no acknowledgement": {func(c *rawConn) { c.header("1"); c.until("</handshake>") }, "silent", 10 * time.Second},
		"N08 trickle":            {func(c *rawConn) { c.until("?>"); c.until(">"); c.trickle(rawHeader) }, "silent", 10 * time.Second},
		"EOF":                    {func(c *rawConn) { c.until("?>"); _ = c.Close() }, "closed the connection before its stream header", 0},
		"N14 half a header":      {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("<?xml version="); _ = c.Close() }, "before its stream header", 0},
		"closed in handshake":    {func(c *rawConn) { c.header("1"); c.until("</handshake>"); _ = c.Close() }, "during the handshake", 0},
		"ended in handshake":     {func(c *rawConn) { c.header("1"); c.until("</handshake>"); c.write("</stream:stream>") }, "during the handshake", 0},
		"N32 HTTP":               {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("HTTP/1.1 400 Bad Request\r\n\r\n") }, "no XMPP component port", 0},
		"N32 SMTP":               {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("220 mail ESMTP\r\n") }, "no XMPP component port", 0},
		"N32 TLS":                {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("\x15\x03\x01\x00\x02\x02\x16") }, "no XMPP component port", 0},
		"N32 HTML":               {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("<html><body/></html>") }, "no XMPP component port", 0},
		"UTF-16":                 {func(c *rawConn) { c.until("?>"); c.until(">"); c.write("<?xml version='1.0' encoding='utf-16'?>") }, "no XMPP component port", 0},
		"N28 bad secret":         {func(c *rawConn) { c.header("1"); c.until("</handshake>"); c.write(streamErr("not-authorized", "no")) }, `not-authorized: "no"`, 0},
		"N30 no id, then why":    {func(c *rawConn) { c.header(""); c.write(streamErr("host-unknown", "who?")) }, `host-unknown: "who?"`, 0},
		"N30 no id, no word":     {func(c *rawConn) { c.header("") }, "silent", 10 * time.Second},
		"error first": {func(c *rawConn) {
			c.until("?>")
			c.until(">")
			c.write(rawHeader + "'>" + streamErr("internal-server-error", ""))
		}, "internal-server-error", 0},
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRaw(t)
				// The next try may follow at once, so that looking at the status now and then
				// could miss that this one has failed.
				failed := make(chan component.Status, 100)
				cfg := off(muxOf(t))
				cfg.Notify = func(s component.Status) {
					if s.State == component.StateWaiting {
						failed <- s
					}
				}
				s.start(cfg)
				c := s.accept()
				start := time.Now()
				served := make(chan struct{})
				go func() {
					defer close(served)
					tc.serve(c)
				}()
				st := <-failed
				if took := st.Since.Sub(start); took > tc.after+time.Second || took < tc.after {
					t.Errorf("given up after %s, want %s", took, tc.after)
				}
				if st.Err == nil || !strings.Contains(st.Err.Error(), tc.err) {
					t.Errorf("status %v, want %q", st.Err, tc.err)
				}
				<-served
				if got := c.rest(); strings.Contains(got, "<handshake") && strings.HasPrefix(label, "N30") {
					t.Errorf("a handshake was tried without an id: %q", got)
				}
				c = s.online() // and comes back
				go func() { _ = c.rest() }()
			})
		})
	}
}

func streamErr(cond, text string) string {
	return "<stream:error><" + cond + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" + text + "</text></stream:error></stream:stream>"
}

// trickle writes a byte a second until the component has enough.
func (c *rawConn) trickle(s string) {
	for i := range len(s) {
		if _, err := c.Write([]byte{s[i]}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// A server that ends the connection without a word in the middle of the handshake is
// overrun or restarts, and does not refuse us: it is tried again soon, every time, and
// less often only when that has gone on for minutes. One that closes the stream in
// words is tried ever more seldom.
func TestN10EndsInHandshake(t *testing.T) {
	for label, tc := range map[string]struct {
		last  string
		least time.Duration // the longest delay in the first minute
		most  time.Duration
	}{"bare EOF": {"", 0, time.Second / 2}, "end tag": {"</stream:stream>", 2 * time.Second, time.Minute}} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var longest atomic.Int64
				cfg := off(muxOf(t))
				cfg.Notify = func(s component.Status) { longest.Store(max(longest.Load(), int64(s.Retry))) }
				s := newRaw(t)
				s.start(cfg)
				for begun := time.Now(); time.Since(begun) < time.Minute; {
					c := s.accept()
					c.header("1")
					c.until("</handshake>")
					if tc.last != "" {
						c.write(tc.last)
					}
					_ = c.Close()
				}
				if d := time.Duration(longest.Load()); d < tc.least || d > tc.most {
					t.Errorf("the next try came after up to %s, want from %s to %s", d, tc.least, tc.most)
				}
				c := s.online()
				go func() { _ = c.rest() }()
			})
		})
	}
}

// A connection that is reset before the header is a server that restarts: it is
// tried again soon, every time.
func TestResetBeforeHeader(t *testing.T) {
	srv := componenttest.NewServer(componenttest.Options{Domain: domain})
	addr, err := srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	srv.Refuse(-1)
	cfg := quiet(muxOf(t))
	cfg.Server = addr
	s := newSolo(t, cfg, func(o *componenttest.Options) { *o = componenttest.Options{Domain: domain} })
	t.Cleanup(srv.Close)
	start := time.Now()
	tries, last := 0, time.Time{}
	waitFor(t, "five tries", func() bool {
		if st := s.comp.Status(); st.State == component.StateWaiting && st.Since != last {
			last = st.Since
			tries++
			if st.Retry > time.Second {
				t.Fatalf("next try in %s after %v", st.Retry, st.Err)
			}
		}
		return tries >= 5
	})
	t.Logf("five tries in %s", time.Since(start))
}

// The secret is in no log and in no status, whatever happens (N28).
func TestN28SecretStaysSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book logbook
		cfg := quiet(muxOf(t))
		cfg.Log = book.logger()
		s := newSolo(t, cfg, func(o *componenttest.Options) { o.Secret = "another" })
		time.Sleep(5 * time.Minute)
		if st := s.comp.Status(); strings.Contains(st.Err.Error(), "\"secret\"") || book.has("secret\"") || !book.has("wrong secret") {
			t.Errorf("status %v, log:\n%s", st.Err, book.String())
		}
	})
}

// A server may listen on a Unix socket or at an address of IPv6 (N41).
func TestN41Addresses(t *testing.T) {
	for label, tc := range map[string]struct{ network, at, prefix string }{
		"Unix socket": {"unix", filepath.Join(t.TempDir(), "s"), "unix:"}, "IPv6": {"tcp6", "[::1]:0", ""},
	} {
		t.Run(label, func(t *testing.T) {
			l, err := net.Listen(tc.network, tc.at)
			if err != nil && tc.network == "tcp6" {
				t.Skipf("this machine has none: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			s := newRaw(t)
			s.addr = tc.prefix + l.Addr().String()
			go s.take(l)
			s.start(off(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: give(nil, nil), Quick: true}}})))
			c := s.online()
			c.write(iq("get", "1", juliet, domain, query))
			c.until("id='1'")
		})
	}
}

// A connection that wraps a socket, to encrypt or to count, is written to in no
// other way than by its own Write.
func TestWrappedSocket(t *testing.T) {
	s := newRawTCP(t)
	cfg := off(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: give(nil, nil), Quick: true}}}))
	addr := s.addr
	s.addr = ""
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return &tilde{c.(*net.TCPConn)}, nil
	}
	s.start(cfg)
	c := s.accept()
	c.until("?>")
	c.until(">")
	c.write(rawHeader + "1'>")
	c.until("</handshake>")
	c.write("<handshake/>" + iq("get", "1", juliet, domain, query))
	if got := c.until("/>"); !strings.HasPrefix(got, "~<iq") {
		t.Errorf("got %q: the wrapper was passed by", got)
	}
}

// tilde is a socket whose Write does something of its own.
type tilde struct{ *net.TCPConn }

func (u *tilde) Write(b []byte) (int, error) {
	if _, err := u.TCPConn.Write(append([]byte("~"), b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}
