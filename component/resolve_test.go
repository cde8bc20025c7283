package component_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"golang.org/x/net/dns/dnsmessage"
)

// TestResolve: the server's name is resolved anew for each try (checklist 5, N03 to
// N05). Its second address is dead: what is sent there vanishes.
func TestResolve(t *testing.T) {
	first, second := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	dead := netip.MustParseAddr("127.0.0.3")
	for label, steps := range map[string][][]netip.Addr{
		"N03 no such name, then there is": {nil, {first}},
		"N04 another address":             {{first}, {second}},
		"N05 the first address is dead":   {{dead, first}},
	} {
		t.Run(label, func(t *testing.T) {
			zone := resolveWith(t)
			a := newRawTCP(t)
			_, port, _ := net.SplitHostPort(a.addr)
			servers := map[netip.Addr]*rawServer{first: a, second: newRawAt(t, "127.0.0.2:"+port)}
			blackHole(t, "127.0.0.3:"+port)
			a.addr = "xmpp.example.net:" + port
			cfg := off(muxOf(t))
			cfg.ConnectTimeout = 5 * time.Second // half of it for each of two addresses
			zone.Store(&steps[0])
			comp := a.start(cfg)
			for i := range steps {
				zone.Store(&steps[i])
				if len(steps[i]) == 0 {
					waitFor(t, "the name is found missing", func() bool {
						var missing *net.DNSError
						return errors.As(comp.Status().Err, &missing)
					})
					continue
				}
				c := servers[steps[i][len(steps[i])-1]].online()
				waitFor(t, "it is online", func() bool { return comp.Status().State == component.StateOnline })
				_ = c.Close()
			}
		})
	}
}

// resolveWith has all names resolved to the addresses that are stored in what it
// returns.
func resolveWith(t *testing.T) *atomic.Pointer[[]netip.Addr] {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	zone, done := new(atomic.Pointer[[]netip.Addr]), make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(answerName(buf[:n], *zone.Load()), from)
		}
	}()
	was := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = was
		_ = conn.Close()
		<-done
	})
	return zone
}

// answerName answers a query of DNS: without addresses there is no such name.
func answerName(query []byte, addrs []netip.Addr) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	if len(addrs) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addrs {
		if q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	b, _ := m.Pack()
	return b
}

// blackHole makes an address at which nothing answers, not even with a refusal: a
// listener whose queue is full.
func blackHole(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue of a listener does not become full")
}
