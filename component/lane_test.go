package component_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestMaxInFlight: no more run at once than may; the rest wait in order (H09).
func TestMaxInFlight(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		g := newGate()
		defer g.open()
		var running, most atomic.Int64
		r := begin(t, quiet(two(t, component.Extension{MaxInFlight: 3}, quick, func(context.Context, *component.Request) (component.Payload, error) {
			most.Store(max(most.Load(), running.Add(1)))
			<-g.ch
			running.Add(-1)
			return nil, nil
		})))
		var ids []string
		for range 3 { // a quick one counts from when it turned out not to be
			ids = append(ids, r.sleep(juliet))
			r.wait("it runs", func() bool { return running.Load() == int64(len(ids)) })
		}
		if quick { // three strikes: from here on it is treated as slow
			r.wait("the third was handed over", func() bool { return r.comp.Stats().HandedOff == 3 })
		}
		for range 50 {
			ids = append(ids, r.sleep(juliet))
		}
		r.ask(romeo).wants(t, "result")
		g.open()
		for _, id := range ids {
			r.reply(id).wants(t, "result")
		}
		if most.Load() != 3 {
			t.Errorf("%d ran at once, want 3", most.Load())
		}
		r.alive()
	})
}

// Quick calls that turn out to hang may take more places than there are. They do
// not raise the number for those that follow.
func TestMaxInFlightAfterHandOver(t *testing.T) {
	g := newGate()
	defer g.open()
	var running, most atomic.Int64
	r := begin(t, quiet(two(t, component.Extension{MaxInFlight: 1}, true, func(_ context.Context, req *component.Request) (component.Payload, error) {
		if strings.HasPrefix(req.ID, "hang") {
			<-g.ch
			return nil, nil
		}
		most.Store(max(most.Load(), running.Add(1)))
		<-time.After(2 * time.Millisecond)
		running.Add(-1)
		return nil, nil
	})))
	for i := range 3 {
		r.send(iq("get", fmt.Sprint("hang", i), juliet, domain, sleepQuery))
		r.wait("it was handed over", func() bool { return r.comp.Stats().HandedOff == uint64(i+1) })
	}
	var ids []string
	for range 50 {
		ids = append(ids, r.sleep(romeo))
	}
	r.wait("they wait", func() bool { return r.comp.Stats().Open == 53 })
	g.open()
	for _, id := range ids {
		r.reply(id).wants(t, "result")
	}
	if n := most.Load(); n != 1 {
		t.Errorf("%d ran at once, want 1", n)
	}
	for i := range 3 {
		r.reply(fmt.Sprint("hang", i)).wants(t, "result")
	}
}

// TestH03StuckHandler: when each place is held by a handler past its deadline, its
// requests are refused at once, those that wait too; others are served, and all
// is well when the handlers return (H03, H09).
func TestH03StuckHandler(t *testing.T) {
	for label, ordered := range map[string]bool{"plain": false, "ordered": true} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				synctest.Test(t, func(t *testing.T) {
					g := newGate()
					defer g.open()
					r := begin(t, quiet(two(t, component.Extension{MaxInFlight: 2, Ordered: ordered}, quick, func(context.Context, *component.Request) (component.Payload, error) {
						<-g.ch
						return nil, nil
					})))
					first, second := r.sleep(juliet), r.sleep(romeo)
					time.Sleep(10 * time.Second)
					var waiting []string
					for _, from := range []string{juliet, juliet, romeo, "tybalt@example.net/x"} {
						waiting = append(waiting, r.sleep(from))
					}
					r.reply(first).wants(t, "remote-server-timeout")
					r.reply(second).wants(t, "remote-server-timeout")
					start := time.Now()
					for _, id := range waiting {
						if got := r.reply(id); got.cond != "resource-constraint" && got.cond != "remote-server-timeout" || got.errTyp != "wait" {
							t.Errorf("got %s", got.raw)
						}
					}
					if took := time.Since(start); took > time.Second && !quick {
						t.Errorf("those that waited were told after %s", took)
					}
					if !quick {
						for range 3 {
							r.reply(r.sleep("nurse@example.net/x")).wants(t, "resource-constraint")
						}
					}
					r.ask(juliet).wants(t, "result")
					g.open()
					synctest.Wait()
					r.reply(r.sleep(juliet)).wants(t, "result")
					r.alive()
				})
			})
		})
	}
}

// TestOrdered: of one bare sender one at a time runs, in the order of arrival,
// whatever becomes of each; other senders do not wait (checklist 37).
func TestOrdered(t *testing.T) {
	for label, act := range map[string]func(i int){
		"quick":  func(int) {},
		"slow":   func(i int) { <-time.After(time.Duration(i%3) * 3 * time.Millisecond) },
		"panic":  func(i int) { panicIf(i%2 == 0) },
		"goexit": func(i int) { goexitIf(i%2 == 0) },
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				var mu sync.Mutex
				order := map[string][]string{}
				busy := map[string]bool{}
				h := func(_ context.Context, req *component.Request) (component.Payload, error) {
					who, id, _ := strings.Cut(req.ID, "/")
					mu.Lock()
					order[who] = append(order[who], id)
					if busy[who] {
						t.Errorf("two requests of %s run at once", who)
					}
					busy[who] = true
					mu.Unlock()
					defer func() {
						mu.Lock()
						busy[who] = false
						mu.Unlock()
					}()
					act(len(id))
					return nil, nil
				}
				r := begin(t, quiet(two(t, component.Extension{Ordered: true, MaxInFlight: 2}, quick, h)))
				const n = 60
				var want []string
				for i := range n {
					id := fmt.Sprint(strings.Repeat("x", i%4), i)
					want = append(want, id)
					for j, who := range []string{"a", "b", "c"} {
						r.send(iq("set", who+"/"+id, fmt.Sprintf("%s@example.net/%d", who, i*j), domain, sleepQuery))
					}
				}
				for _, who := range []string{"a", "b", "c"} {
					for _, id := range want {
						r.reply(who + "/" + id)
					}
					mu.Lock()
					if !slices.Equal(order[who], want) {
						t.Errorf("%s: ran in the order %v", who, order[who])
					}
					mu.Unlock()
				}
				r.idle()
				r.alive()
			})
		})
	}
}

func panicIf(yes bool) {
	if yes {
		panic("on fire")
	}
}

func goexitIf(yes bool) {
	if yes {
		runtime.Goexit()
	}
}

// A request that waited behind a hanging one past its deadline is never run, and
// the next of its sender is.
func TestOrderedTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		defer g.open()
		var mu sync.Mutex
		var ran []string
		r := begin(t, quiet(two(t, component.Extension{Ordered: true}, false, func(_ context.Context, req *component.Request) (component.Payload, error) {
			mu.Lock()
			ran = append(ran, req.ID)
			mu.Unlock()
			if req.ID == "hang" {
				<-g.ch
			}
			return nil, nil
		})))
		r.send(iq("get", "hang", juliet, domain, sleepQuery))
		r.send(iq("get", "waits", juliet, domain, sleepQuery))
		r.reply("hang").wants(t, "remote-server-timeout")
		r.reply("waits").wants(t, "remote-server-timeout")
		r.send(iq("get", "next", juliet, domain, sleepQuery))
		r.send(iq("get", "other", romeo, domain, sleepQuery))
		r.reply("other").wants(t, "result")
		g.open()
		r.reply("next").wants(t, "result")
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"hang", "other", "next"}; !slices.Equal(ran, want) {
			t.Errorf("ran %v, want %v", ran, want)
		}
	})
}

// What has been answered while it waited is forgotten, though the handler that it
// waited behind hangs for ever: nobody can fill the memory behind it.
func TestHangingHandlerHoldsNothing(t *testing.T) {
	for label, ordered := range map[string]bool{"plain": false, "ordered": true} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				defer g.open()
				hang := component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { <-g.ch; return nil, nil })
				mux := muxOf(t, component.Extension{Name: "x", Ordered: ordered, MaxInFlight: 1, Routes: []component.Route{
					{Name: name("hang"), Get: hang, Timeout: time.Hour},
					{Name: name("q"), Get: component.HandlerFunc(result), Timeout: time.Second},
				}})
				r := begin(t, quiet(mux))
				r.send(iq("get", "hang", juliet, domain, "<hang xmlns='"+nsTest+"'/>"))
				var peak int
				for i := range 40 {
					var ids []string
					for range 20 {
						ids = append(ids, r.get(fmt.Sprintf("u%d@example.net/x", i%2*i)), r.get(juliet))
					}
					for _, id := range ids {
						r.reply(id).wants(t, "remote-server-timeout")
					}
					peak = max(peak, component.Waiting(mux))
				}
				if peak > 500 {
					t.Errorf("%d requests are held behind one that hangs", peak)
				}
				g.open()
				r.reply("hang").wants(t, "result")
				r.reply(r.get(juliet)).wants(t, "result")
				if n := component.Waiting(mux); n != 0 {
					t.Errorf("%d requests are held although nothing hangs", n)
				}
			})
		})
	}
}
