package realserver

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// answerTimeout is how long Client waits for what must come.
const answerTimeout = 10 * time.Second

// Client is a client session that writes the bytes it is given and hands out the bytes it got, a
// stanza at a time. What arrives is kept until it is taken with Next, Expect or IQ.
type Client struct {
	JID string // the full one, as the server named it

	t    testing.TB
	conn net.Conn

	mu      sync.Mutex
	stanzas []string
	closed  bool
	news    chan struct{} // closed and made anew at each arrival
}

// Stanza is what tests look at in a received stanza.
type Stanza struct {
	XMLName xml.Name
	Type    string `xml:"type,attr"`
	ID      string `xml:"id,attr"`
	From    string `xml:"from,attr"`
	To      string `xml:"to,attr"`
	Inner   string `xml:",innerxml"`
}

// Parse reads a stanza as Client returns it. One that is no XML gives an empty Stanza.
func Parse(raw string) Stanza {
	var s Stanza
	if err := xml.Unmarshal([]byte(raw), &s); err != nil {
		return Stanza{}
	}
	return s
}

// Login opens a session for a user; an empty resource lets the server choose one.
func (s *Server) Login(t testing.TB, user, resource string) *Client {
	t.Helper()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.C2SPort))
	conn, err := net.DialTimeout("tcp4", addr, answerTimeout)
	if err != nil {
		t.Fatalf("connect as %s: %v", user, err)
	}
	c := &Client{t: t, conn: conn, news: make(chan struct{})}
	t.Cleanup(c.Close)
	in, err := c.login(s.Domain, user, resource)
	if err != nil {
		t.Fatalf("log in as %s: %v", user, err)
	}
	go c.read(in)
	return c
}

// login goes through RFC 6120's SASL and resource binding, and returns what arrives from then on.
func (c *Client) login(domain, user, resource string) (*splitter, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	in, err := c.openStream(domain)
	if err != nil {
		return nil, err
	}
	token := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + Password))
	c.Send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>` + token + `</auth>`)
	answer, err := in.next()
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	if Parse(answer).XMLName.Local != "success" {
		return nil, fmt.Errorf("authenticate: %s", answer)
	}
	// RFC 6120, 6.4.6: a new stream replaces the one that ended with success.
	if in, err = c.openStream(domain); err != nil {
		return nil, err
	}
	if c.JID, err = c.bind(in, resource); err != nil {
		return nil, err
	}
	return in, c.conn.SetDeadline(time.Time{})
}

// openStream opens a stream and reads up to the server's features.
func (c *Client) openStream(domain string) (*splitter, error) {
	c.Send(`<?xml version='1.0'?><stream:stream xmlns='jabber:client' ` +
		`xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='` + domain + `'>`)
	in := newSplitter(c.conn)
	if _, err := in.next(); err != nil {
		return nil, fmt.Errorf("read stream features: %w", err)
	}
	return in, nil
}

func (c *Client) bind(in *splitter, resource string) (jid string, err error) {
	name := ""
	if resource != "" {
		name = "<resource>" + html.EscapeString(resource) + "</resource>"
	}
	c.Send(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>` + name + `</bind></iq>`)
	answer, err := in.next()
	if err != nil {
		return "", fmt.Errorf("bind %q: %w", resource, err)
	}
	var bound struct {
		JID string `xml:"bind>jid"`
	}
	if err := xml.Unmarshal([]byte(answer), &bound); err != nil || bound.JID == "" {
		return "", fmt.Errorf("bind %q: %s", resource, answer)
	}
	return bound.JID, nil
}

// read takes in stanzas until the connection ends. It never waits for whoever takes them out.
func (c *Client) read(in *splitter) {
	for {
		stanza, err := in.next()
		c.mu.Lock()
		if err != nil {
			c.closed = true
		} else {
			c.stanzas = append(c.stanzas, stanza)
		}
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Send writes the bytes as they are. That the connection is gone shows in what is awaited next.
func (c *Client) Send(raw string) { _, _ = c.conn.Write([]byte(raw)) }

// Presence makes the session available.
func (c *Client) Presence() { c.Send("<presence/>") }

// Close ends the stream and the connection.
func (c *Client) Close() {
	c.Send("</stream:stream>")
	c.conn.Close()
}

// Closed reports whether the connection has ended.
func (c *Client) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Next takes the oldest stanza, or returns nothing when none comes within the timeout.
func (c *Client) Next(timeout time.Duration) string {
	stanza, _ := c.Take(func(string) bool { return true }, timeout)
	return stanza
}

// Expect takes the oldest stanza that matches and leaves the others. It fails the test when none comes.
func (c *Client) Expect(match func(stanza string) bool, timeout time.Duration) string {
	c.t.Helper()
	stanza, ok := c.Take(match, timeout)
	if !ok {
		c.t.Fatalf("%s waited %v for a stanza in vain; not taken: %q", c.JID, timeout, c.kept())
	}
	return stanza
}

// IQ sends a request and takes the result or error with its id. It fails the test when none comes.
func (c *Client) IQ(raw string) string {
	c.t.Helper()
	id := Parse(raw).ID
	if id == "" {
		c.t.Fatalf("a request needs an id: %s", raw)
	}
	c.Send(raw)
	return c.Expect(Answers(id), answerTimeout)
}

// Answers matches the result or the error of a request, for Expect.
func Answers(id string) func(stanza string) bool {
	return func(raw string) bool {
		s := Parse(raw)
		return s.XMLName.Local == "iq" && s.ID == id && (s.Type == "result" || s.Type == "error")
	}
}

func (c *Client) kept() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.stanzas)
}

// Take takes the oldest stanza that matches and leaves the others. It waits until the timeout or the end of the
// connection, and reports whether one came.
func (c *Client) Take(match func(string) bool, timeout time.Duration) (string, bool) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for seen := 0; ; {
		c.mu.Lock()
		news, closed := c.news, c.closed
		for i := seen; i < len(c.stanzas); i++ {
			if stanza := c.stanzas[i]; match(stanza) {
				c.stanzas = slices.Delete(c.stanzas, i, i+1)
				c.mu.Unlock()
				return stanza, true
			}
		}
		seen = len(c.stanzas)
		c.mu.Unlock()
		if closed {
			return "", false
		}
		select {
		case <-news:
		case <-timer.C:
			return "", false
		}
	}
}
