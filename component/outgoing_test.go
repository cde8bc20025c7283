package component_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// TestReplies: the first reply counts, all others are dropped and counted, and
// nobody waits for one for ever (checklist 47).
func TestReplies(t *testing.T) {
	bubble := func(test func(t *testing.T, r *rig)) func(*testing.T) {
		return func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, quiet(muxOf(t)))
				synctest.Wait()
				test(t, r)
			})
		}
	}
	t.Run("O07 three replies", bubble(func(t *testing.T, r *rig) {
		q, done := r.call(juliet)
		r.send(strings.Repeat(result2(q.id, juliet, ""), 3))
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
		r.alive()
		synctest.Wait()
		if s := r.comp.Stats(); s.Unsolicited != 2 || s.Pending != 0 {
			t.Errorf("got %+v", s)
		}
	}))
	for label, late := range map[string]bool{"O02 none": false, "O03 one past the deadline": true} {
		t.Run(label, bubble(func(t *testing.T, r *rig) {
			q, done := r.call(juliet)
			start := time.Now()
			o := <-done
			if took := time.Since(start).Round(time.Second); !errors.Is(o.err, context.DeadlineExceeded) || took != 30*time.Second {
				t.Errorf("got %v after %s", o.err, took)
			}
			want := uint64(0)
			if late {
				want = 1
				r.send(result2(q.id, juliet, ""))
			}
			r.alive()
			synctest.Wait()
			if s := r.comp.Stats(); s.Unsolicited != want || s.CallTimeouts != 1 || s.Pending != 0 {
				t.Errorf("got %+v", s)
			}
		}))
	}
}

// TestO10ManyPending: ten thousand requests under way, answered in whatever order,
// each have their own reply, and of none is anything left.
func TestO10ManyPending(t *testing.T) {
	const n = 9_990 // the checks of the stream have their own
	r := begin(t, quiet(muxOf(t)))
	r.proven()
	r.idle()
	base := heapInUse()
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		to := fmt.Sprintf("u%d@example.net/x", i)
		err := r.comp.StartIQ(component.Call{To: to, Payload: component.Text(nsTest, "n", fmt.Sprint(i))}, func(resp *component.Response, err error) {
			defer wg.Done()
			if err != nil || resp.From != to || resp.Payload.Text() != fmt.Sprint(i) {
				t.Errorf("call %d got %+v, %v", i, resp, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	asked := make([]reply, n)
	ids := map[string]bool{}
	for i := range asked {
		asked[i] = r.next()
		ids[asked[i].id] = true
	}
	if len(ids) != n {
		t.Errorf("%d ids of %d requests", len(ids), n)
	}
	rand.Shuffle(n, func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
	for _, q := range asked {
		r.send(result2(q.id, q.to, "<n xmlns='urn:n'>"+q.el.Child(nsTest, "n").Text()+"</n>"))
	}
	wg.Wait()
	clear(asked)
	clear(ids)
	if grown := heapInUse() - base; grown > 16<<20 {
		t.Errorf("%d bytes more in use", grown)
	}
	if s := r.comp.Stats(); s.Pending != 0 || s.Spoofed+s.Unsolicited != 0 {
		t.Errorf("%+v", s)
	}
}

// TestO13NotConnected: a request made while there is no stream waits for the next
// one, and no longer than its caller.
func TestO13NotConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, quiet(muxOf(t)))
		r.proven()
		r.idle()
		r.srv.Refuse(-1)
		r.srv.Cut()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := r.comp.SendIQ(ctx, component.Call{To: juliet, Payload: component.Text(nsTest, "q", "")})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Errorf("SendIQ() = %v after %s, want a timeout after 5 s", err, took)
		}
		done := make(chan error, 1)
		go func() {
			_, err := r.comp.SendIQ(t.Context(), component.Call{To: romeo, Payload: component.Text(nsTest, "q", "")})
			done <- err
		}()
		time.Sleep(10 * time.Second)
		r.srv.Refuse(0)
		r.streams(2)
		for q := r.next(); ; q = r.next() {
			if q.to == romeo { // the other has been given up, but may be sent
				r.send(result2(q.id, romeo, ""))
				break
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.alive()
	})
}

// TestO19IDsAreOurs: no caller chooses an id, so none is given twice, and none can
// be guessed from another (RFC 6120, 8.1.3).
func TestO19IDsAreOurs(t *testing.T) {
	r := begin(t, quiet(muxOf(t)))
	seen := map[string]bool{}
	for range 100 {
		q, done := r.call(juliet)
		if seen[q.id] || len(q.id) < 22 { // 128 bits, at six bits a character
			t.Errorf("id %q", q.id)
		}
		seen[q.id] = true
		r.send(result2(q.id, juliet, ""))
		<-done
	}
}

// TestH05SecondReply: a handler has no way to answer twice, nor past its return: a
// reply of its own making is refused to it, and nothing is written.
func TestH05SecondReply(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		refused := make(chan error, 8)
		try := func(ctx context.Context, req *component.Request, rq component.Requester) {
			ok := component.Text(nsTest, "q", "")
			for _, typ := range []stanza.IQType{stanza.ResultIQ, stanza.ErrorIQ} {
				_, err := rq.SendIQ(ctx, component.Call{Type: typ, To: req.From, Payload: ok})
				refused <- err
			}
			refused <- rq.Send(component.Stanza{Kind: "iq", Type: "result", ID: req.ID, To: req.From})
		}
		r := serve(t, quick, func(ctx context.Context, req *component.Request) (component.Payload, error) {
			try(ctx, req, req.Requester())
			req.AfterReply(func(ctx context.Context, rq component.Requester) { try(ctx, req, rq) })
			return nil, nil
		})
		r.ask(juliet).wants(t, "result")
		for range 6 {
			if err := <-refused; err == nil {
				t.Error("a second reply was not refused")
			}
		}
		r.alive()
	})
}
