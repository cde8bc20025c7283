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

// feedPings returns a function that has a batch of pings answered.
func feedPings(tb testing.TB, quick bool, batch int) func() {
	tb.Helper()
	mux := component.NewMux()
	if err := mux.Add(component.Extension{Name: "ping", Routes: []component.Route{{Name: xmlName("urn:xmpp:ping", "ping"), Get: component.HandlerFunc(result), Quick: quick}}}); err != nil {
		tb.Fatal(err)
	}
	return feed(tb, mux, "<ping xmlns='urn:xmpp:ping'/>", "type='result' ", "/>", batch)
}

// feed runs a component against a feeder and returns a function that has a batch
// of requests answered, each with a reply of this type and rest.
func feed(tb testing.TB, mux *component.Mux, payload, typ, rest string, batch int) func() {
	tb.Helper()
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
	in := []byte(strings.Repeat(iq("get", "abcd-1234", juliet, domain, payload), batch))
	reply := "<iq " + typ + "id='abcd-1234' from='" + domain + "' to='" + juliet + "'" + rest
	return func() { f.round(in, batch*len(reply)) }
}

// TestPingAllocates: from the reader to the reply a ping costs one copy of the
// stanza and one Request (design.md, the budget).
func TestPingAllocates(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates too: only that it runs is tested")
	}
	const batch = 200
	round := feedPings(t, true, batch)
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
				round := feedPings(b, quick, batch)
				b.ReportAllocs()
				for b.Loop() {
					round()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/IQ")
			})
		}
	}
}

func BenchmarkUnhandled(b *testing.B) {
	var meter component.Meter
	mux := component.NewMux(component.Metrics(&meter), component.Recover())
	rest := "><error type='cancel'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
	round := feed(b, mux, "<query xmlns='urn:example:none'/>", "type='error' ", rest, 100)
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/IQ")
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
