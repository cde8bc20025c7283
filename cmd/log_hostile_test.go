package iqdcmd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostileText is what XML lets a peer write: a line of its own in each format of
// the log, what turns a terminal's line around, and what it takes for a command.
const hostileText = "x\n{\"level\":\"INFO\",\"msg\":\"forged\"}\r\nlevel=INFO msg=forged\n12:00:00 INF forged\u202eodd\u2066\u009b31m\u0085\u2028\x7f\\x1b[31m"

var inAttribute = strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&apos;", "\n", "&#10;", "\r", "&#13;").Replace

// A liar is a server, or who speaks through it, that says what it likes.
type liar struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

// takesIn accepts the next connection and lets it in.
func takesIn(t *testing.T, l net.Listener) *liar {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := &liar{conn, t, bufio.NewReader(conn)}
	c.until("accept'")
	c.say("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='" + inAttribute(hostileText) + "'>")
	c.until("</handshake>")
	c.say("<handshake/>")
	return c
}

func (c *liar) say(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.t.Fatalf("say %.100s: %v", raw, err)
	}
}

// until reads up to and with end.
func (c *liar) until(end string) string {
	c.t.Helper()
	var b strings.Builder
	for !strings.HasSuffix(b.String(), end) {
		x, err := c.in.ReadByte()
		if err != nil {
			c.t.Fatalf("%q did not come: %v\n%s", end, err, b.String()[max(0, b.Len()-1500):])
		}
		b.WriteByte(x)
	}
	return b.String()
}

// lies has the daemon write every line that a peer can have a part in.
func (c *liar) lies(long string) {
	bad := inAttribute(hostileText)
	to := "to='iq.example.net'"
	iq := func(typ, id, from, payload string) {
		c.say("<iq type='" + typ + "' id='" + id + "' from='" + from + "' " + to + ">" + payload + "</iq>")
	}
	c.say(bad + long + "<foo xmlns='" + bad + "'/>")
	for _, from := range []string{"juliet@example.net/" + bad, "juliet@example.net/" + long[:1000], bad} {
		for _, id := range []string{bad, long} {
			iq("get", id, from, "<query xmlns='urn:example:fail'/>")
			iq("get", id, from, "<query xmlns='urn:example:stuck'/>")
			iq("get", id, from, "<query xmlns='"+bad+"'/>")
			iq(bad, id, from, "")
		}
	}
	c.say("<presence type='subscribe' from='" + bad + "' " + to + "/>")
	for _, from := range []string{"juliet@example.net/a", "juliet@example.net/b"} {
		iq("get", "asks", from, "<query xmlns='jabber:iq:roster'/>")
	}
	iq("set", "sets", "juliet@example.net/a", "<query xmlns='jabber:iq:roster'><item jid='romeo@example.net'/></query>")
	id, of := c.push()
	iq("result", id, bad, "")
	iq("error", id, of, "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"+
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>"+bad+long+"</text></error>")
}

var pushed = regexp.MustCompile(`<iq type='set' id='([^']+)' from='[^']+' to='([^']+)'>`)

// push waits for a roster push and returns its id and whom it is for.
func (c *liar) push() (id, of string) {
	c.t.Helper()
	for {
		if m := pushed.FindStringSubmatch(c.until("</query></iq>")); m != nil {
			return m[1], m[2]
		}
	}
}

// TestS10HostileLogs: nothing that a peer says is taken for ours in the log, obeyed
// by a terminal, or longer than somebody reads, in any format.
func TestS10HostileLogs(t *testing.T) {
	lines := map[string]*regexp.Regexp{
		"json": regexp.MustCompile(`^\{"time":"[^"]+","level":"[A-Z]+","msg":"[a-z][^"]*".*\}$`),
		"text": regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg=\S`),
		"tint": regexp.MustCompile(`^\d\d:\d\d:\d\d (DBG|INF|WRN|ERR) [a-z]`),
	}
	for format, line := range lines {
		t.Run(format, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			r := stage(t, "")
			r.env["addr"], r.env["NO_COLOR"] = l.Addr().String(), "1"
			r.write(fmt.Sprintf("[handlers.fail]\n[handlers.stuck]\ntimeout = '10ms'\n[handlers.roster]\nstore = 'memory:'\n[log]\nlevel = 'debug'\nformat = '%s'\n", format))
			r.start()
			c := takesIn(t, l)
			c.lies(strings.Repeat("long", 1<<18))
			c.say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" +
				inAttribute(hostileText) + strings.Repeat("long", 1<<18) + "</text></stream:error></stream:stream>")
			for _, want := range []string{"by another name", "text between stanzas", "unknown element", "handler failed", "did not answer in time",
				"who was not asked", "no pushes until it asks again", "not connected"} {
				r.log.wait(t, want)
			}
			checkLines(t, r.log.String(), line)
		})
	}
}

// checkLines holds each line of a log to the form that is ours.
func checkLines(t *testing.T, text string, ours *regexp.Regexp) {
	t.Helper()
	text = text[:strings.LastIndexByte(text, '\n')+1]
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case !ours.MatchString(line) && !strings.HasPrefix(line, "goroutine ") && !strings.HasPrefix(line, "\t"):
			t.Errorf("a line that is not ours: %.300q", line)
		case strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }):
			t.Errorf("a terminal would obey: %.600q", line)
		case len(line) > 8<<10:
			t.Errorf("a line of %d bytes: %.300q", len(line), line)
		}
	}
}
