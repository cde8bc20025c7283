package load_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A server is the component port of a server that is faster than any component:
// it looks at no more of a reply than it needs.
type server struct {
	t *testing.T
	l net.Listener
}

func listen(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &server{t, l}
}

func (s *server) addr() string { return s.l.Addr().String() }

// A link is a stream whose handshake has been accepted.
type link struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	out  []byte // what is to be written before anything more is read
}

// accept takes the next component that connects (XEP-0114, 3). The stream is at
// an end after some minutes, whatever happens.
func (s *server) accept() *link {
	s.t.Helper()
	_ = s.l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	conn, err := s.l.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Minute))
	l := &link{t: s.t, conn: conn, in: bufio.NewReaderSize(conn, 256<<10)}
	l.until("jabber:component:accept")
	l.until(">")
	l.write("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='" + domain + "' id='7'>")
	digest := sha1.Sum([]byte("7" + secret))
	l.until("<handshake>" + hex.EncodeToString(digest[:]) + "</handshake>")
	l.write("<handshake/>")
	return l
}

// until reads up to the end of what is wanted.
func (l *link) until(want string) {
	l.t.Helper()
	var got []byte
	for !bytes.HasSuffix(got, []byte(want)) {
		c, err := l.in.ReadByte()
		if err != nil {
			l.t.Fatalf("waited for %q: %v after %q", want, err, got)
		}
		got = append(got, c)
	}
}

func (l *link) write(s string) {
	l.t.Helper()
	if _, err := l.conn.Write([]byte(s)); err != nil {
		l.t.Fatal(err)
	}
}

// reply returns the next IQ to a user. It is good until the one after it. Those
// to the component itself, which look whether the stream lives, go back to it.
func (l *link) reply() []byte {
	l.t.Helper()
	for {
		raw := l.next()
		if to := attr(raw, "to"); to != domain && !strings.HasPrefix(to, domain+"/") {
			return raw
		}
		l.out = append(l.out, raw...)
	}
}

// next returns the next IQ. What was gathered in out is written before it waits.
func (l *link) next() []byte {
	l.t.Helper()
	for size := 0; ; {
		buf, _ := l.in.Peek(l.in.Buffered())
		if n := end(buf); n > 0 {
			_, _ = l.in.Discard(n)
			return buf[:n]
		}
		l.flush()
		if size = len(buf) + 1; size > l.in.Size() {
			l.t.Fatalf("a reply does not end: %.300q", buf)
		}
		if _, err := l.in.Peek(size); err != nil {
			l.t.Fatalf("no reply: %v", err)
		}
	}
}

func (l *link) flush() {
	l.t.Helper()
	if len(l.out) > 0 {
		l.write(string(l.out))
		l.out = l.out[:0]
	}
}

// end returns where the first element of buf ends, or 0. iqd escapes > in text
// and in attributes.
func end(buf []byte) int {
	depth := 0
	for i := 0; ; {
		from := bytes.IndexByte(buf[i:], '<')
		if from < 0 {
			return 0
		}
		to := bytes.IndexByte(buf[i+from:], '>')
		if to < 0 {
			return 0
		}
		tag := buf[i+from : i+from+to+1]
		i += from + to + 1
		switch {
		case tag[1] == '/':
			depth--
		case tag[len(tag)-2] != '/':
			depth++
		}
		if depth == 0 {
			return i
		}
	}
}

// attr returns an attribute of the outermost element.
func attr(reply []byte, name string) string {
	_, after, ok := bytes.Cut(reply[:bytes.IndexByte(reply, '>')], []byte(" "+name+"="))
	if !ok || len(after) < 2 {
		return ""
	}
	value, _, _ := bytes.Cut(after[1:], after[:1])
	return string(value)
}

// A load is n requests, window of them under way at a time. The id of each is its
// number.
type load struct {
	n, window int
	users     int // who take turns in asking; 0: 1,000
	ask       func(i int) (typ, payload string)
	look      func(i int, reply []byte) // may be nil: what comes has to be a result
}

// run makes the requests and sees to it that each is answered once, properly. It
// returns how long each took.
func (l *link) run(ld load) []time.Duration {
	l.t.Helper()
	ld.users = cmp.Or(ld.users, 1000)
	sent, took := make([]time.Time, ld.n), make([]time.Duration, ld.n)
	for i := range min(ld.window, ld.n) {
		l.out, sent[i] = ld.request(l.out, i), time.Now()
	}
	for next := ld.window; next < ld.window+ld.n; next++ {
		raw := l.reply()
		i, err := strconv.Atoi(attr(raw, "id"))
		if err != nil || i >= ld.n || sent[i].IsZero() || took[i] != 0 {
			l.t.Fatalf("nobody waits for %s", raw)
		}
		took[i] = max(time.Since(sent[i]), 1)
		ld.check(l.t, i, raw)
		if next < ld.n {
			l.out, sent[next] = ld.request(l.out, next), time.Now()
		}
	}
	return took
}

func (ld *load) user(i int) string { return "user" + strconv.Itoa(i%ld.users) + "@example.net/there" }

func (ld *load) request(b []byte, i int) []byte {
	typ, payload := ld.ask(i)
	return fmt.Appendf(b, "<iq type='%s' id='%d' from='%s' to='%s'>%s</iq>", typ, i, ld.user(i), domain, payload)
}

func (ld *load) check(t *testing.T, i int, raw []byte) {
	t.Helper()
	switch {
	case attr(raw, "from") != domain || attr(raw, "to") != ld.user(i) || ld.look == nil && attr(raw, "type") != "result":
		t.Fatalf("request %d of %s was answered with %s", i, ld.user(i), raw)
	case ld.look != nil:
		ld.look(i, raw)
	}
}

const ping = "<ping xmlns='urn:xmpp:ping'/>"

// percentile returns the smallest duration that p percent are not above.
func percentile(all []time.Duration, p int) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[min(len(all)*p/100, len(all)-1)]
}
