package componenttest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
	"golang.org/x/net/nettest"
)

// The connection keeps what net.Conn promises: deadlines, concurrency, errors.
func TestPipeIsAConn(t *testing.T) {
	for name, size := range map[string]int{"roomy": 64 << 10, "narrow": 512} {
		t.Run(name, func(t *testing.T) {
			nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
				a, b = componenttest.NewPipe(size)
				return a, b, func() { a.Close(); b.Close() }, nil
			})
		})
	}
}

func TestPipeBuffers(t *testing.T) {
	a, b := componenttest.NewPipe(5)
	mustWrite(t, a, "hello") // net.Pipe would wait here for ever
	mustWrite(t, b, "world")
	wantRead(t, b, "hello")
	wantRead(t, a, "world")
}

func TestPipeHoldsBackAWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := componenttest.NewPipe(4)
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := a.Write([]byte("hello"))
		if n != 4 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write() into a full pipe = %d, %v, want 4 and an exceeded deadline", n, err)
		}
		go func() { a.SetWriteDeadline(time.Time{}); a.Write([]byte("o, world")) }()
		synctest.Wait()
		wantRead(t, b, "hell")
		synctest.Wait()
		wantRead(t, b, "o, w")
		synctest.Wait()
		wantRead(t, b, "orld")
	})
}

func TestPipeHalfClose(t *testing.T) {
	a, b := componenttest.NewPipe(100)
	mustWrite(t, a, "bye")
	if err := a.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("more")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write() after CloseWrite() = %v, want EPIPE", err)
	}
	wantRead(t, b, "bye")
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read() at the end = %v, want EOF", err)
	}
	mustWrite(t, b, "not yet")
	wantRead(t, a, "not yet")
}

func TestPipeClosed(t *testing.T) {
	a, b := componenttest.NewPipe(100)
	mustWrite(t, b, "unread")
	a.Close()
	for name, err := range map[string]error{"read": second(a.Read(make([]byte, 1))), "write": second(a.Write([]byte("x")))} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s on a closed connection = %v, want %v", name, err, net.ErrClosed)
		}
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write() to who has closed = %v, want EPIPE", err)
	}
	if got := a.RemoteAddr().String() + " " + a.LocalAddr().Network(); got != "componenttest memory" {
		t.Errorf("addresses = %q", got)
	}
}

func mustWrite(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
		t.Fatalf("Write(%q) = %d, %v", s, n, err)
	}
}

func wantRead(t *testing.T, r io.Reader, want string) {
	t.Helper()
	buf := make([]byte, 100)
	n, err := r.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), want) || n != len(want) {
		t.Fatalf("Read() = %q, %v, want %q", buf[:n], err, want)
	}
}

func second(_ int, err error) error { return err }
