package component_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestH09SlowQueries: ten thousand queries of a second each at once, of which 64
// run: the queue is bounded, the rest are told at once, and a fast handler does not
// wait for any of them (CVE-2010-0305: a queue without a limit).
func TestH09SlowQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, queue = 10_000, 2_000
		cfg := quiet(two(t, component.Extension{MaxInFlight: 64}, false, func(context.Context, *component.Request) (component.Payload, error) {
			time.Sleep(time.Second) // the bubble's clock: this is what the handler does, not a wait
			return nil, nil
		}))
		cfg.Limits.InFlight = queue + 100
		cfg.Limits.PerSender = 100 // 20 senders: room is kept for who has none of it
		r := begin(t, cfg)
		r.proven()
		r.idle()
		start := time.Now()
		for i := range n / 100 {
			var b strings.Builder
			for j := range 100 {
				b.WriteString(iq("get", fmt.Sprint("s", 100*i+j), fmt.Sprintf("u%d@example.net/x", j%20), domain, sleepQuery))
			}
			r.send(b.String())
		}
		count := map[string]int{}
		for range n - queue {
			got := r.next()
			count[got.cond+" "+got.errTyp]++
		}
		if took := time.Since(start); count["resource-constraint wait"] != n-queue || took > 100*time.Millisecond {
			t.Errorf("told after %s: %v", took, count)
		}
		r.ask(romeo).wants(t, "result")
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the fast one was answered after %s", took)
		}
		clear(count)
		for range queue {
			got := r.next()
			count[got.typ+" "+got.cond]++
		}
		// 64 a second until the deadline of 20 s: who waits longer is told to come again.
		if served := count["result "]; served < 19*64 || served > 21*64 || served+count["error remote-server-timeout"]+count["error resource-constraint"] != queue {
			t.Errorf("of those that waited: %v", count)
		}
		if took := time.Since(start); took > 22*time.Second {
			t.Errorf("the last was answered after %s", took)
		}
	})
}

// TestH13NothingGrows: of requests, failures, calls and presence nothing stays
// behind: after each round as much memory is in use as before, and as many
// goroutines run.
func TestH13NothingGrows(t *testing.T) {
	const rounds, each = 9, 2_000
	h := func(ctx context.Context, req *component.Request) (component.Payload, error) {
		switch len(req.ID) % 3 {
		case 0:
			panic("on fire")
		case 1:
			context.AfterFunc(ctx, func() {})
			req.AfterReply(func(context.Context, component.Requester) {})
		}
		return req.Payload(), nil
	}
	r := begin(t, quiet(two(t, component.Extension{}, false, h)))
	var heap []int64
	var routines []int
	for round := range rounds {
		for i := range each {
			from := fmt.Sprintf("u%d-%d@example.net/%d", round, i, i)
			r.send(iq("get", fmt.Sprint(strings.Repeat("i", i%3), i), from, domain, sleepQuery) +
				"<presence from='" + from + "' to='" + domain + "'/>" + iq("result", fmt.Sprint(i), from, domain, ""))
		}
		for range each {
			r.nextRaw()
		}
		for range each / 10 {
			q, done := r.call(juliet)
			r.send(result2(q.id, juliet, query))
			<-done
		}
		r.idle()
		heap, routines = append(heap, heapInUse()), append(routines, runtime.NumGoroutine())
	}
	t.Logf("bytes in use: %d, goroutines: %d", heap, routines)
	if grown := slices.Min(heap[rounds-3:]) - heap[rounds-5]; grown > 256<<10 { // the tables have their size by then
		t.Errorf("%d bytes more in use: %d", grown, heap)
	}
	if grown := slices.Min(routines[rounds-3:]) - routines[rounds-5]; grown > 5 {
		t.Errorf("%d goroutines more: %d", grown, routines)
	}
}

// TestH13HoursOfService: six hours of requests at some pace, with silences that want
// checks and a server that restarts each hour, leave nothing behind. The time of a
// bubble passes at once.
func TestH13HoursOfService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hours, busy = 6, 50 * time.Minute
		r := begin(t, quiet(two(t, component.Extension{}, false, func(context.Context, *component.Request) (component.Payload, error) {
			<-time.After(500 * time.Millisecond)
			return nil, nil
		})))
		var heap []int64
		var routines []int
		for hour := range hours {
			r.proven()
			for begun := time.Now(); time.Since(begun) < busy; {
				r.send(iq("get", r.id(), fmt.Sprintf("u%d@example.net/x", r.n), domain, query))
				r.send(iq("get", r.id(), fmt.Sprintf("u%d@example.net/x", r.n), domain, sleepQuery))
				r.next().wants(t, "result")
				r.next().wants(t, "result")
				time.Sleep(time.Second)
			}
			time.Sleep(time.Hour - busy) // silence
			r.srv.Cut()
			r.streams(hour + 2)
			r.idle()
			synctest.Wait()
			heap, routines = append(heap, heapInUse()), append(routines, runtime.NumGoroutine())
		}
		t.Logf("bytes in use: %d, goroutines: %d; %d requests, %d streams, %d calls",
			heap, routines, r.comp.Stats().Requests, r.comp.Stats().Streams, r.comp.Stats().Calls)
		if grown := slices.Min(heap[hours-3:]) - heap[1]; grown > 256<<10 {
			t.Errorf("%d bytes more in use: %d", grown, heap)
		}
		if grown := slices.Min(routines[hours-3:]) - routines[1]; grown > 5 {
			t.Errorf("%d goroutines more: %d", grown, routines)
		}
		if s := r.comp.Stats(); s.Deaf > 0 || s.Timeouts > 0 || s.Overloads > 0 || s.Streams != hours+1 {
			t.Errorf("in quiet hours: %+v", s)
		}
	})
}
