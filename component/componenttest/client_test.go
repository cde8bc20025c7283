package componenttest_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"html"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// The headers that a component may send, and what opens a usual one.
const (
	usualHeader = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
		"xmlns:stream='http://etherx.jabber.org/streams' to='iq.example.net'>"
	endTag = "</stream:stream>"
)

// A rawClient is a component that sends what it is told.
type rawClient struct {
	t      *testing.T
	conn   net.Conn
	unread string
	id     string // of the stream
}

func newServer(t *testing.T, opts componenttest.Options) *componenttest.Server {
	t.Helper()
	srv := componenttest.NewServer(opts)
	t.Cleanup(srv.Close)
	return srv
}

func dial(t *testing.T, srv *componenttest.Server) *rawClient {
	t.Helper()
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatalf("Dial() error = %v", err)
	}
	return newRawClient(t, conn)
}

func newRawClient(t *testing.T, conn net.Conn) *rawClient {
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &rawClient{t: t, conn: conn}
}

// login returns a client whose handshake was accepted.
func login(t *testing.T, srv *componenttest.Server) *rawClient {
	t.Helper()
	c := dial(t, srv)
	c.login()
	return c
}

func (c *rawClient) login() {
	c.t.Helper()
	c.open(usualHeader)
	c.send(c.handshake("secret"))
	c.expect(`^<handshake/>`)
}

func (c *rawClient) send(s string) {
	c.t.Helper()
	mustWrite(c.t, c.conn, s)
}

// open sends a header and learns the stream's id from the answer.
func (c *rawClient) open(header string) string {
	c.t.Helper()
	c.send(header)
	got := c.expect(`^<\?xml version='1.0'\?><stream:stream [^>]*>`)
	if m := regexp.MustCompile(` id='([^']*)'`).FindStringSubmatch(got); m != nil {
		c.id = html.UnescapeString(m[1])
	}
	return got
}

func (c *rawClient) handshake(secret string) string {
	sum := sha1.Sum([]byte(c.id + secret))
	return "<handshake>" + hex.EncodeToString(sum[:]) + "</handshake>"
}

// expect reads until what was not read yet matches, and returns the match.
func (c *rawClient) expect(re string) string {
	c.t.Helper()
	buf := make([]byte, 4096)
	for {
		if m := regexp.MustCompile(re).FindStringIndex(c.unread); m != nil {
			got := c.unread[m[0]:m[1]]
			c.unread = c.unread[m[1]:]
			return got
		}
		n, err := c.conn.Read(buf)
		if c.unread += string(buf[:n]); err != nil {
			c.t.Fatalf("got %q and %v, want %s", c.unread, err, re)
		}
	}
}

// rest returns all that comes until the server closes the connection.
func (c *rawClient) rest() string {
	c.t.Helper()
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		c.unread += string(buf[:n])
		if err != nil {
			if !strings.Contains(err.Error(), "EOF") {
				c.t.Fatalf("got %q and %v, want EOF", c.unread, err)
			}
			got := c.unread
			c.unread = ""
			return got
		}
	}
}

// wantEnd fails unless the server closes the stream with just these words.
func (c *rawClient) wantEnd(want string) {
	c.t.Helper()
	if got := c.rest(); got != want {
		c.t.Errorf("server's last words: %s\nwant: %s", got, want)
	}
}

// wantAlive fails unless the stream still carries stanzas both ways, and nothing
// was said before.
func (c *rawClient) wantAlive() {
	c.t.Helper()
	const self = "<iq type='get' id='alive' from='iq.example.net' to='iq.example.net/alive'><ping xmlns='urn:xmpp:ping'/></iq>"
	c.send(self)
	c.expect("^" + regexp.QuoteMeta(self))
}

// wantStanza fails unless this is what the server hands to the test next.
func wantStanza(t *testing.T, srv *componenttest.Server, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := srv.Next(ctx)
	if err != nil || got != want {
		t.Errorf("Next() = %s, %v\nwant %s", got, err, want)
	}
}

// streamError is how the servers end a stream.
func streamError(cond, text string) string {
	s := "<stream:error><" + cond + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
	if text != "" {
		s += "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" + text + "</text>"
	}
	return s + "</stream:error></stream:stream>"
}
