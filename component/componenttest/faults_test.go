package componenttest_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

func TestCut(t *testing.T) {
	srv := newServer(t, componenttest.Options{Buffer: 4})
	c := login(t, srv)
	if err := srv.Send("<iq type='get' id='half"); err != nil {
		t.Fatal(err)
	}
	srv.Cut()
	if srv.Connections() != 0 {
		t.Error("still connected after Cut()")
	}
	c.wantEnd("<iq type='get' id='half") // what was sent arrives
	login(t, srv).wantAlive()            // and the next is welcome
}

// The server says nothing more, and takes what the component still has to say.
func TestCloseOneWay(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	closed := make(chan error, 1)
	go func() { closed <- srv.HalfClose(t.Context()) }()
	if got, err := io.ReadAll(c.conn); err != nil || len(got) > 0 {
		t.Errorf("read %q, %v, want the end", got, err)
	}
	c.send(message)
	select {
	case err := <-closed:
		t.Errorf("HalfClose() = %v before the component has closed", err)
	default:
	}
	c.conn.Close()
	if err := <-closed; err != nil || srv.Queued() != 1 {
		t.Errorf("HalfClose() = %v, %d stanzas, want the one that was sent late", err, srv.Queued())
	}
	login(t, srv).wantAlive()
}

func TestReset(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	srv.Reset()
	for name, err := range map[string]error{"Read": second(c.conn.Read(make([]byte, 1))), "Write": second(c.conn.Write([]byte("x")))} {
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s() error = %v, want %v", name, err, syscall.ECONNRESET)
		}
	}
	login(t, srv).wantAlive()
}

func TestCloseStream(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	srv.CloseStream()
	c.expect("^" + endTag + "$")
	c.send(message) // too late, and no violation
	c.send(endTag)
	c.wantEnd("")
	if srv.Queued() > 0 || len(srv.Violations()) > 0 {
		t.Errorf("%d stanzas, violations %q", srv.Queued(), srv.Violations())
	}
}

func TestStreamError(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	srv.StreamError("system-shutdown", "bye & thanks")
	c.wantEnd(streamError("system-shutdown", "bye &amp; thanks"))
}

// RFC 6120, 4.9.1.2: an error during setup comes behind a header.
func TestStreamErrorBeforeTheHeader(t *testing.T) {
	each(t, func(t *testing.T, p componenttest.Personality) {
		srv := newServer(t, componenttest.Options{Personality: p})
		c := dial(t, srv)
		srv.StreamError("internal-server-error", "")
		c.expect(`^<\?xml version='1.0'\?><stream:stream [^>]*id='[^']+'[^>]*>`)
		c.wantEnd(streamError("internal-server-error", ""))
	})
}

func TestReject(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	srv.Reject("internal-server-error", "")
	c := dial(t, srv)
	c.open(usualHeader)
	c.send(c.handshake("secret"))
	c.wantEnd(streamError("internal-server-error", ""))
	srv.Reject("", "")
	login(t, srv).wantAlive()
}

func TestRefuse(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	srv.Refuse(2)
	for range 2 {
		if _, err := srv.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial() error = %v, want %v", err, syscall.ECONNREFUSED)
		}
	}
	login(t, srv).conn.Close()
	srv.Refuse(-1)
	for range 3 {
		if _, err := srv.Dial(t.Context()); err == nil {
			t.Error("Dial() was not refused")
		}
	}
	srv.Refuse(0)
	login(t, srv).wantAlive()
}

func TestGlueAfterHandshake(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	srv.GlueAfterHandshake("<presence/>")
	c := dial(t, srv)
	c.open(usualHeader)
	c.send(c.handshake("secret"))
	buf := make([]byte, 100)
	if n, err := c.conn.Read(buf); string(buf[:n]) != "<handshake/><presence/>" {
		t.Errorf("Read() = %q, %v, want both in one piece", buf[:n], err)
	}
}

func TestFragment(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	srv.Fragment(3)
	c := login(t, srv)
	if err := srv.Send("<presence/>"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<pr", "ese", "nce", "/>"} {
		wantRead(t, c.conn, want)
	}
	srv.Fragment(0)
	if err := srv.Send("<presence/>"); err != nil {
		t.Fatal(err)
	}
	wantRead(t, c.conn, "<presence/>")
}

func TestDeaf(t *testing.T) {
	const self = "<iq type='get' id='1' from='iq.example.net' to='iq.example.net/x'><a xmlns='urn:a'/></iq>"
	const ping = "<iq type='get' id='2' from='iq.example.net' to='example.net'><ping xmlns='urn:xmpp:ping'/></iq>"
	each(t, func(t *testing.T, p componenttest.Personality) {
		srv := newServer(t, componenttest.Options{Personality: p})
		c := login(t, srv)
		srv.Deaf(true)
		if err := srv.Send("<presence/>"); !errors.Is(err, componenttest.ErrOffline) {
			t.Errorf("Send() error = %v, want %v", err, componenttest.ErrOffline)
		}
		c.send(self + ping)
		if p == componenttest.Prosody {
			c.expect(`^<iq type='error' id='1' to='iq.example.net' from='iq.example.net/x'><error type='wait'><remote-server-timeout [^>]*/></error></iq>`)
		}
		c.expect(`^<iq type='result' id='2' to='iq.example.net' from='example.net'/>$`)
		srv.Deaf(false)
		c.wantAlive()
		srv.Deafen()
		login(t, srv).wantAlive() // and no conflict
	})
}

func TestDeafFromTheStart(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	srv.Deaf(true)
	c := login(t, srv)
	if err := srv.Send("<presence/>"); !errors.Is(err, componenttest.ErrOffline) {
		t.Errorf("Send() error = %v, want %v", err, componenttest.ErrOffline)
	}
	srv.Deaf(false)
	c.wantAlive()
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, componenttest.Options{})
		srv.Mute(true)
		c := dial(t, srv)
		c.send(usualHeader)
		c.wantSilence()
		c.conn.Close()
		srv.Mute(false)
		login(t, srv).wantAlive()
	})
}

// wantSilence fails if anything comes within a minute, of a bubble's time.
func (c *rawClient) wantSilence() {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 100)
	if n, err := c.conn.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("Read() = %q, %v, want nothing", buf[:n], err)
	}
	c.conn.SetDeadline(time.Time{})
}

func TestBlackhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, componenttest.Options{})
		c := login(t, srv)
		srv.Blackhole(false, true)
		if err := srv.Send("<presence/>"); err != nil {
			t.Fatal(err)
		}
		c.send(message)
		wantStanza(t, srv, message)
		c.wantSilence()
		srv.Blackhole(true, false)
		c.expect("^<presence/>$")
		c.send(message)
		synctest.Wait()
		if srv.Queued() > 0 {
			t.Error("a stanza came through the hole")
		}
		srv.Blackhole(false, false)
		wantStanza(t, srv, message)
		c.wantAlive()
	})
}

// A Prosody that does not see the end of a stream does not take another one.
func TestBlackholeThenConflict(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	srv.Blackhole(true, true)
	c.conn.Close()
	next := dial(t, srv)
	next.open(usualHeader)
	next.send(next.handshake("secret"))
	next.wantEnd(streamError("conflict", "Component already connected"))
	srv.Cut()
	login(t, srv).wantAlive()
}

func TestStopReading(t *testing.T) {
	srv := newServer(t, componenttest.Options{Buffer: 1000})
	c := login(t, srv)
	srv.StopReading()
	for err := error(nil); !errors.Is(err, os.ErrDeadlineExceeded); { // sooner or later it is full
		c.conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err = c.conn.Write([]byte(strings.Repeat(" ", 500))); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	c.conn.SetWriteDeadline(time.Time{})
	srv.ResumeReading()
	c.wantAlive()
}

// Whatever state a server is in, Close ends it.
func TestCloseInEveryState(t *testing.T) {
	for name, fault := range map[string]func(*componenttest.Server){
		"healthy":    func(*componenttest.Server) {},
		"black hole": func(s *componenttest.Server) { s.Blackhole(true, true) },
		"stopped":    func(s *componenttest.Server) { s.StopReading() },
		"closing":    func(s *componenttest.Server) { s.CloseStream() },
		"full": func(s *componenttest.Server) {
			if err := s.Send(strings.Repeat(" ", 1000)); err != nil {
				panic(err)
			}
		},
		"full and cut": func(s *componenttest.Server) {
			if err := s.Send(strings.Repeat(" ", 1000)); err != nil {
				panic(err)
			}
			s.Cut()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
				srv := componenttest.NewServer(componenttest.Options{Buffer: 100})
				c := login(t, srv)
				fault(srv)
				c.send(message)
				srv.Close()
				if err := srv.WaitOnline(context.Background()); !errors.Is(err, componenttest.ErrServerClosed) {
					t.Errorf("WaitOnline() error = %v, want %v", err, componenttest.ErrServerClosed)
				}
			})
		})
	}
}
