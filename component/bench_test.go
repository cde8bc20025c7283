package component_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A feeder is a connection whose other end costs nothing: it hands the component
// the same batch of stanzas again and again and counts the bytes of the replies.
type feeder struct {
	batches chan []byte
	rest    []byte
	wrote   chan int
	opened  bool
	done    chan struct{}
}

func newFeeder() *feeder {
	return &feeder{batches: make(chan []byte, 8), wrote: make(chan int, 4096), done: make(chan struct{})}
}

func (f *feeder) Read(p []byte) (int, error) {
	if !f.opened {
		f.opened = true
		return copy(p, rawHeader+"1'><handshake/>"), nil
	}
	if len(f.rest) == 0 {
		select {
		case f.rest = <-f.batches:
		case <-f.done:
			return 0, io.EOF
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *feeder) Write(p []byte) (int, error) { f.wrote <- len(p); return len(p), nil }
func (f *feeder) Close() error {
	select {
	case <-f.done:
	default:
		close(f.done)
	}
	return nil
}
func (f *feeder) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (f *feeder) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (f *feeder) SetDeadline(time.Time) error      { return nil }
func (f *feeder) SetReadDeadline(time.Time) error  { return nil }
func (f *feeder) SetWriteDeadline(time.Time) error { return nil }

// round feeds one batch and waits for n bytes of replies.
func (f *feeder) round(batch []byte, n int) {
	f.batches <- batch
	for n > 0 {
		n -= <-f.wrote
	}
}

// feed runs a component against a feeder and returns a function that has a batch
// of requests answered.
func feed(tb testing.TB, quick bool, batch int) func() {
	tb.Helper()
	mux := component.NewMux()
	if err := mux.Add(component.Extension{Name: "ping", Routes: []component.Route{{Name: xmlName("urn:xmpp:ping", "ping"), Get: component.HandlerFunc(result), Quick: quick}}}); err != nil {
		tb.Fatal(err)
	}
	f := newFeeder()
	cfg := off(mux)
	cfg.JID, cfg.Secret, cfg.Hosts = domain, "secret", []string{"example.net"}
	cfg.Limits.PerSender = 1 << 20
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		if f.opened {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return f, nil
	}
	comp, err := component.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- comp.Run(ctx) }()
	tb.Cleanup(func() {
		_ = f.Close()
		cancel()
		<-done
	})
	<-f.wrote // header
	<-f.wrote // handshake
	ping := iq("get", "abcd-1234", juliet, domain, "<ping xmlns='urn:xmpp:ping'/>")
	pong := "<iq type='result' id='abcd-1234' from='" + domain + "' to='" + juliet + "'/>"
	in := []byte(strings.Repeat(ping, batch))
	return func() { f.round(in, batch*len(pong)) }
}

// TestPingAllocates: from the reader to the reply a ping costs one copy of the
// stanza and one Request (design.md, the budget).
func TestPingAllocates(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates too: only that it runs is tested")
	}
	const batch = 200
	round := feed(t, true, batch)
	for range 20 {
		round()
	}
	perIQ := testing.AllocsPerRun(100, round) / batch
	t.Logf("%.2f allocations a ping", perIQ)
	if perIQ > 2.1 && !raceEnabled { // a tenth for the goroutines around it
		t.Errorf("%.2f allocations a ping, want at most 2", perIQ)
	}
}

func BenchmarkPing(b *testing.B) {
	for label, quick := range map[string]bool{"quick": true, "slow": false} {
		for _, batch := range []int{1, 100} {
			b.Run(fmt.Sprint(label, "/", batch), func(b *testing.B) {
				round := feed(b, quick, batch)
				b.ReportAllocs()
				for b.Loop() {
					round()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/IQ")
			})
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	mux := component.NewMux()
	for i := range 50 {
		mux.HandleGet(fmt.Sprint("urn:example:", i), "q", result)
	}
	req := &component.Request{Type: "get", From: juliet, To: domain, Name: xmlName("urn:example:25", "q")}
	comp, err := component.New(component.Config{JID: domain, Secret: "s", Server: "x:1", Handler: mux})
	if err != nil {
		b.Fatal(err)
	}
	component.Bind(comp, req, component.Domain)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = mux.ServeIQ(context.Background(), req)
	}
}

func BenchmarkLedger(b *testing.B) {
	line := component.Line(juliet)
	b.ReportAllocs()
	for b.Loop() {
		line()
	}
}
