package exec_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/exec"
)

// BenchmarkRoundTrip is what a child in Go adds to a request: from the handler's
// call to its answer, of one request after the other and of many at once.
func BenchmarkRoundTrip(b *testing.B) {
	req := caught(b)
	for _, workers := range []int{1, 4} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("workers=%d/callers=%d", workers, callers), func(b *testing.B) {
				cfg := config(b, "echo")
				cfg.Namespaces, cfg.Workers = []string{ns}, workers
				roundTrip(b, running(b, cfg), req, callers)
			})
		}
	}
}

// caught returns a request as a component hands it over.
func caught(b *testing.B) (req *component.Request) {
	b.Helper()
	mux := component.NewMux()
	mux.HandleGet(ns, "query", func(_ context.Context, r *component.Request) (component.Payload, error) {
		req = r
		return nil, nil
	})
	componenttest.Ask(b, mux, "<iq type='get' id='q1' from='alice@example.net/phone' to='iq.example.net'><query xmlns='"+ns+"'>Verona</query></iq>")
	return req
}

// running returns the handler of a plugin that runs until the benchmark ends.
func running(b *testing.B, cfg exec.Config) component.Handler {
	b.Helper()
	ext, err := exec.New(cfg, component.Env{StateDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var life sync.WaitGroup
	life.Go(func() { _ = ext.Run(ctx, nil) })
	b.Cleanup(func() {
		cancel()
		life.Wait()
	})
	return ext.Routes[0].Get
}

func roundTrip(b *testing.B, h component.Handler, req *component.Request, callers int) {
	ctx := context.Background()
	if _, err := h.ServeIQ(ctx, req); err != nil { // once it runs
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var done atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for done.Add(1) <= int64(b.N) {
				if p, err := h.ServeIQ(ctx, req); p == nil || err != nil {
					b.Errorf("answered %v, %v", p, err)
					return
				}
			}
		})
	}
	all.Wait()
}
