package roster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"github.com/iqd-xmpp/iqd/handlers/roster/store/memory"
)

// A library user's store, which fails when it is told to.
type broken struct {
	*memory.Store
	mu     sync.Mutex
	err    error
	opened chan struct{}
	closed chan struct{}
}

func newBroken() *broken {
	lim := store.Limits{MaxItems: 10, MaxBytes: 10000, MaxOwners: 10, MaxHistory: 10}
	return &broken{Store: memory.New(lim), opened: make(chan struct{}), closed: make(chan struct{})}
}

func (b *broken) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *broken) state() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *broken) Roster(ctx context.Context, owner string, since int64) (store.Roster, error) {
	if err := b.state(); err != nil {
		return store.Roster{}, err
	}
	return b.Store.Roster(ctx, owner, since)
}

func (b *broken) Set(ctx context.Context, owner string, item store.Item) (int64, error) {
	if err := b.state(); err != nil {
		return 0, err
	}
	return b.Store.Set(ctx, owner, item)
}

func (b *broken) Remove(ctx context.Context, owner, jid string) (int64, error) {
	if err := b.state(); err != nil {
		return 0, err
	}
	return b.Store.Remove(ctx, owner, jid)
}

func (b *broken) Open(context.Context) error { close(b.opened); return nil }

func (b *broken) Close() error { close(b.closed); return nil }

func start(t *testing.T, h component.Handler) *talk {
	t.Helper()
	_, srv := componenttest.Start(t, component.Config{Handler: h})
	return &talk{T: t, srv: srv}
}

// What is wrong with a store is for the log; the requester is told that it is
// our fault, and nobody is pushed to.
func TestStoreFails(t *testing.T) {
	b := newBroken()
	c := start(t, componenttest.Extension(roster.NewWith(b, roster.DefaultConfig())))
	c.ask("get", chamber, "")
	b.fail(store.Unchanged(errors.New("disk on fire")))
	for _, req := range []struct{ typ, inner string }{
		{"get", ""}, {"set", "<item jid='a@example.net'/>"}, {"set", "<item jid='a@example.net' subscription='remove'/>"},
	} {
		got := c.ask(req.typ, balcony, req.inner)
		if !strings.Contains(got, "<internal-server-error") || strings.Contains(got, "fire") {
			t.Errorf("%s %s was answered %s", req.typ, req.inner, got)
		}
	}
	b.fail(nil)
	if got := c.ask("set", "juliet@example.net", "<item jid='a@example.net'/>"); !strings.Contains(got, "type='result'") {
		t.Errorf("set in a store that works again was answered %s", got)
	}
	push, err := c.srv.Next(t.Context()) // the balcony's get failed: the chamber alone is interested
	if err != nil || !strings.Contains(push, chamber) || !strings.Contains(push, "a@example.net") {
		t.Errorf("push is %s, %v", push, err)
	}
	if n := c.srv.Queued(); n > 0 {
		t.Errorf("%d more stanzas came", n)
	}
}

// A store of one's own is opened before, and closed after.
func TestOwnStore(t *testing.T) {
	b := newBroken()
	t.Run("component", func(t *testing.T) {
		c := start(t, componenttest.Extension(roster.NewWith(b, roster.DefaultConfig())))
		<-b.opened
		c.ask("get", balcony, "")
		select {
		case <-b.closed:
			t.Error("closed while it is used")
		default:
		}
	})
	<-b.closed
}

// Requests of one owner are answered in order, and the one behind them sees what
// they did; requests of others are not held up.
func TestOrder(t *testing.T) {
	for name, kind := range stores() {
		t.Run(name, func(t *testing.T) {
			const owners, sets = 4, 60
			c := start(t, build(t, func(cfg *roster.Config) { cfg.Store = kind }))
			for i := range sets {
				for o := range owners {
					c.send(fmt.Sprintf(`<iq type='set' id='%d' from='u%d@example.net/r' to='iq.example.net'><query xmlns='jabber:iq:roster'>`+
						`<item jid='a@example.net' name='%d'/></query></iq>`, i, o, i))
				}
			}
			for o := range owners {
				c.send(fmt.Sprintf(`<iq type='get' id='last' from='u%d@example.net/r' to='iq.example.net'><query xmlns='jabber:iq:roster'/></iq>`, o))
			}
			next := map[string]int{}
			for range owners * (sets + 1) {
				raw, err := c.srv.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				el, err := component.ParseElement(raw)
				if err != nil {
					t.Fatal(err)
				}
				to, id := el.Get("to"), el.Get("id")
				want := fmt.Sprint(next[to])
				if next[to]++; next[to] == sets+1 {
					want = "last"
					if item := el.Child(roster.NS, "query").Child("", "item"); item.Get("name") != fmt.Sprint(sets-1) {
						t.Errorf("the get behind the sets saw %s", raw)
					}
				}
				if id != want || el.Get("type") != "result" {
					t.Errorf("%s: reply %s of type %s, want %s", to, id, el.Get("type"), want)
				}
			}
		})
	}
}
