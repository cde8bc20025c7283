package component_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestSegments: how the network cuts what the server sends makes no difference.
func TestSegments(t *testing.T) {
	stanzas := map[string]string{
		"N27 two bytes":   iq("get", "é", juliet, domain, "<x xmlns='"+nsTest+"' a='é'>é</x>"),
		"N27 three bytes": iq("get", "€", "jüliet@example.net/€", domain, "<x xmlns='"+nsTest+"' a='€'>€</x>"),
		"N27 four bytes":  iq("get", "😀", "juliet@example.net/😀", domain, "<x xmlns='"+nsTest+"' a='😀'>😀</x>"),
		"N25 references":  iq("get", "&#x1F600;&amp;", juliet, domain, "<x xmlns='"+nsTest+"'>&lt;&#x20AC;&apos;</x>"),
		"N25 CDATA":       iq("get", "c", juliet, domain, "<x xmlns='"+nsTest+"'><![CDATA[<iq/>]]]]><![CDATA[>]]></x>"),
		"N25 prefixes":    "<p:iq xmlns:p='jabber:component:accept' type='get' id='p' from='" + juliet + "' to='" + domain + "'><q:x xmlns:q='" + nsTest + "' q:a='1'/></p:iq>",
		"N25 no child":    iq("get", "n", juliet, domain, ""),
		"N25 result":      iq("result", "r", juliet, domain, ""),
	}
	for label, stanza := range stanzas {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					r := begin(t, quiet(echoing(t, quick)))
					r.proven()
					r.idle()
					said := func(n int) string {
						r.srv.Fragment(n)
						r.send(stanza)
						time.Sleep(10 * time.Second) // longer than a byte at a time takes
						var b strings.Builder
						for r.srv.Queued() > 0 {
							b.WriteString(r.next().raw)
						}
						return b.String()
					}
					whole := said(0)
					for _, n := range []int{1, 2, 3, 7} {
						if got := said(n); got != whole {
							t.Errorf("%d bytes at a time it is answered with\n%s, in one go with\n%s", n, got, whole)
						}
					}
					r.srv.Fragment(0)
					if r.alive(); r.srv.Streams() != 1 {
						t.Errorf("%d streams", r.srv.Streams())
					}
				})
			})
		})
	}
}

// TestN26OneSegment: a thousand requests in one write, the first of them behind the
// acknowledgement, are dispatched and answered in their order.
func TestN26OneSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		var seen []string
		s := newRaw(t)
		s.start(off(counting(t, &seen)))
		c := s.accept()
		c.header("1")
		c.until("</handshake>")
		var all strings.Builder
		all.WriteString("<handshake/>")
		for i := range n {
			all.WriteString(iq("get", fmt.Sprint(i), juliet, domain, query))
		}
		c.write(all.String())
		for i := range n {
			if got := c.until("/>"); !strings.Contains(got, fmt.Sprintf("id='%d'", i)) {
				t.Fatalf("reply %d is %s", i, got)
			}
		}
		synctest.Wait()
		for i, id := range seen {
			if id != fmt.Sprint(i) {
				t.Fatalf("request %d was dispatched as number %d", i, i)
			}
		}
		go func() { _ = c.rest() }()
	})
}

// TestN24Latency: a long way to the server delays each request and each call once,
// however many there are.
func TestN24Latency(t *testing.T) {
	const n, way = 5000, 300 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		var carriers sync.WaitGroup
		t.Cleanup(carriers.Wait)
		s := newRaw(t)
		cfg := off(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"), Get: give(nil, nil)}}}))
		cfg.Dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := s.dial(ctx)
			return far(&carriers, conn, way), err
		}
		comp := s.start(cfg)
		c := s.online()
		start := time.Now()
		for i := range n {
			c.write(iq("get", fmt.Sprint(i), fmt.Sprintf("u%d@example.net", i), domain, query))
		}
		c.count("type='result'", n)
		if took := time.Since(start); took < 2*way || took > 3*way {
			t.Errorf("%d requests took %s, want there and back: %s", n, took, 2*way)
		}
		start = time.Now()
		failed := make(chan error, 100)
		for range cap(failed) {
			go func() {
				_, err := comp.SendIQ(t.Context(), component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")})
				failed <- err
			}()
		}
		for range cap(failed) {
			call := parseReply(t, c.until("</iq>"))
			c.write(iq("result", call.id, juliet, domain, ""))
		}
		for range cap(failed) {
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 3*way {
			t.Errorf("%d calls took %s, want there and back: %s", cap(failed), took, 2*way)
		}
		go func() { _ = c.rest() }()
	})
}

// far returns the near end of a connection on which each byte is under way for a
// while, either way.
func far(carriers *sync.WaitGroup, conn net.Conn, way time.Duration) net.Conn {
	near, end := net.Pipe()
	carriers.Go(func() { carry(conn, end, way) })
	carriers.Go(func() { carry(end, conn, way) })
	return near
}

// carry forwards what it reads, after a while.
func carry(to, from net.Conn, way time.Duration) {
	type packet struct {
		data []byte
		due  time.Time
	}
	packets := make(chan packet, 1<<16)
	go func() {
		defer close(packets)
		for {
			buf := make([]byte, 16<<10)
			n, err := from.Read(buf)
			packets <- packet{buf[:n], time.Now().Add(way)}
			if err != nil {
				return
			}
		}
	}()
	for p := range packets {
		time.Sleep(time.Until(p.due))
		_, _ = to.Write(p.data)
	}
	_ = to.Close()
}
