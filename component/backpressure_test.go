package component_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// large is a mux whose replies are a hundred times as long as what asked for them.
func large(t *testing.T, quick bool) *component.Mux {
	t.Helper()
	p := component.Text(nsTest, "x", strings.Repeat("x", 100_000))
	return muxOf(t, component.Extension{Name: "large", Routes: []component.Route{{Name: name("q"), Get: give(p, nil), Quick: quick}}})
}

// TestN22ServerDoesNotRead: replies pile up in bounded memory; the reader pauses above
// 16 MiB and only there; when the server reads again nothing is lost (N22,
// design.md "The walk of an IQ"). Over TCP the reading goroutine writes itself what
// the kernel takes at once.
func TestN22ServerDoesNotRead(t *testing.T) {
	const n = 280
	asks := func(c *rawConn, from, to int) {
		for i := from; i < to; i++ {
			if _, err := c.Write([]byte(iq("get", fmt.Sprint(i), juliet, domain, query+strings.Repeat(" ", 3000)))); err != nil {
				return
			}
		}
	}
	bothWays(t, func(t *testing.T, quick bool) {
		t.Run("memory", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := off(large(t, quick))
				cfg.Limits.HandlerTimeout = time.Hour
				s := newRaw(t)
				comp := s.start(cfg)
				c := s.online()
				asks(c, 0, 100) // 10 MB
				synctest.Wait()
				if got := comp.Stats().Requests; got != 100 {
					t.Errorf("%d requests were read below 16 MiB, want 100", got)
				}
				go asks(c, 100, n)
				time.Sleep(time.Second)
				before := comp.Stats()
				if before.Buffered < 16<<20 || before.Buffered > 30<<20 {
					t.Errorf("%d bytes are buffered, want the pause a little above 16 MiB", before.Buffered)
				}
				time.Sleep(time.Minute)
				if got := comp.Stats().Requests; got != before.Requests {
					t.Errorf("%d requests were read while the reader pauses", got-before.Requests)
				}
				c.count("</x></iq>", n)
				synctest.Wait()
				if s := comp.Stats(); s.Results != n || s.Open != 0 || s.Buffered != 0 || s.Lost != 0 {
					t.Errorf("afterwards: %+v", s)
				}
			})
		})
		t.Run("TCP", func(t *testing.T) {
			s := newRawTCP(t)
			comp := s.start(off(large(t, quick)))
			c := s.online()
			go asks(c, 0, n)
			waitFor(t, "the pause", func() bool { return comp.Stats().Buffered > 16<<20 })
			c.count("</x></iq>", n)
			waitFor(t, "all places are free", func() bool { return comp.Stats().Open == 0 })
			if s := comp.Stats(); s.Results != n || s.Buffered != 0 || s.Lost != 0 {
				t.Errorf("afterwards: %+v", s)
			}
		})
	})
}

// A write without progress ends the stream, and what was not taken goes on the
// next one, whole (checklist 9, N22).
func TestN22WriteStall(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		synctest.Test(t, func(t *testing.T) {
			cfg := off(large(t, quick))
			cfg.Limits.HandlerTimeout = time.Hour
			s := newRaw(t)
			comp := s.start(cfg)
			c := s.online()
			for i := range 5 {
				c.write(iq("get", fmt.Sprint(i), juliet, domain, query))
				synctest.Wait()
			}
			c.until("id='0'") // half of the first
			start := time.Now()
			for comp.Stats().Lost == 0 && time.Since(start) < 3*time.Minute {
				time.Sleep(time.Second)
			}
			if took := time.Since(start); took < 80*time.Second || took > 95*time.Second {
				t.Errorf("given up after %s, want 90 s", took)
			}
			c = s.online()
			for i := range 5 {
				c.until("id='" + fmt.Sprint(i) + "'")
				c.until("</x></iq>")
			}
			synctest.Wait()
			if s := comp.Stats(); s.Open != 0 || s.Unconfirmed != 0 {
				t.Errorf("afterwards: %+v", s)
			}
		})
	})
}

// A server that reads slowly is served for as long as it takes, its checks too.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet(large(t, true))
		cfg.Limits.HandlerTimeout = time.Hour
		s := newRaw(t)
		comp := s.start(cfg)
		c := s.online()
		go func() {
			for i := range 200 {
				if _, err := c.Write([]byte(iq("get", fmt.Sprint(i), juliet, domain, query))); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 50_000)
		for got := 0; got < 200*100_000; { // half an hour
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := c.Read(buf)
			if err != nil {
				t.Fatalf("after %d bytes: %v, %+v", got, err, comp.Stats())
			}
			got += n
			time.Sleep(time.Duration(n) * 100 * time.Microsecond)
		}
		go func() { _ = c.rest() }()
	})
}

// TestN23FloodIsBounded: two hundred times more than fits is answered to the last, in bounded
// memory (checklist 39, N23).
func TestN23FloodIsBounded(t *testing.T) {
	cfg := quiet(two(t, component.Extension{MaxInFlight: 8}, false, func(context.Context, *component.Request) (component.Payload, error) {
		<-time.After(time.Millisecond)
		return nil, nil
	}))
	cfg.Limits.InFlight = 500
	r := begin(t, cfg)
	n := 100_000
	if raceEnabled || testing.Short() {
		n /= 10
	}
	for i := range n / 100 {
		var b strings.Builder
		for j := range 100 {
			b.WriteString(iq("get", fmt.Sprint("f", 100*i+j), fmt.Sprintf("u%d@example.net/x", j), domain, sleepQuery))
		}
		r.send(b.String())
	}
	var ok, over int
	for range n {
		switch got := r.nextRaw(); {
		case strings.Contains(got, "type='result'"):
			ok++
		case strings.Contains(got, "<resource-constraint"):
			over++
		default:
			t.Fatalf("got %s", got)
		}
	}
	if ok < 500 || over == 0 {
		t.Errorf("%d were served and %d refused", ok, over)
	}
	r.idle()
	r.alive()
}
