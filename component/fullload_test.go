package component_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"mellium.im/xmpp/stanza"
)

// misdeeds are what handlers do while the stream is under full load, and what the
// requester gets.
var misdeeds = map[string]struct {
	h    component.HandlerFunc
	want string
}{
	"error":  {fail(component.Errorf(stanza.ItemNotFound, "")), "item-not-found"},
	"plain":  {fail(errors.New("on fire")), "internal-server-error"},
	"panic":  {func(context.Context, *component.Request) (component.Payload, error) { panic("on fire") }, "internal-server-error"},
	"letter": {give(component.Text(nsTest, "a", "\x01"), nil), "internal-server-error"},
	"deep":   {give(nested(200), nil), "internal-server-error"},
	"large":  {give(component.Text(nsTest, "a", strings.Repeat("x", 10_000)), nil), "internal-server-error"},
	"goexit": {func(context.Context, *component.Request) (component.Payload, error) {
		runtime.Goexit()
		return nil, nil
	}, "internal-server-error"},
	"sleep": {func(context.Context, *component.Request) (component.Payload, error) {
		<-time.After(20 * time.Millisecond)
		return nil, nil
	}, "result"},
	"hang": {func(ctx context.Context, _ *component.Request) (component.Payload, error) {
		<-ctx.Done()
		<-time.After(20 * time.Millisecond) // and comes late
		return nil, nil
	}, "remote-server-timeout"},
}

// A brawl is a stream with as many requests under way as it is given, some of
// them hostile, and what is still to come on it.
type brawl struct {
	*rig
	todo  []hostility
	want  map[string]int // by id and outcome
	left  int
	pings int
}

type hostility struct{ raw, want string }

// TestHostileUnderFullLoad runs each hostile conversation and each misdeed of a
// handler again and again while others keep the stream as busy as it can be: each
// request is answered once, as if it were alone, and the books add up (issue 3;
// checklist 19, 28 to 36).
func TestHostileUnderFullLoad(t *testing.T) {
	const window, between = 200, 20
	rounds := 10
	if raceEnabled {
		rounds = 2
	}
	bothWays(t, func(t *testing.T, quick bool) {
		b := &brawl{rig: begin(t, rough(t, quick), componenttest.AllowViolations()), want: map[string]int{}}
		for range rounds {
			for _, tc := range hostile {
				b.todo = append(b.todo, hostility{tc.raw, tc.want})
			}
			for local, tc := range misdeeds {
				b.todo = append(b.todo, hostility{iq("get", "%d", juliet, domain, "<"+local+" xmlns='"+nsTest+"'/>"), tc.want})
			}
		}
		began := time.Now()
		for range window {
			b.ping()
		}
		for b.left > 0 {
			b.take()
			if len(b.todo) == 0 {
				continue
			}
			if b.ping(); b.pings%between == 0 {
				b.attack()
			}
		}
		t.Logf("%d pings, %.0f a second", b.pings, float64(b.pings)/time.Since(began).Seconds())
		b.idle()
		b.wait("those that hang have come late", func() bool { return b.comp.Stats().Late == uint64(rounds) })
		b.alive() // a second answer to anything would come before this one
		s := b.comp.Stats()
		if s.Open != 0 || s.Streams != 1 || s.Overloads != 0 || s.Timeouts != uint64(rounds) || s.Late != s.Timeouts {
			t.Errorf("the books do not balance: %+v", s)
		}
	})
}

// rough is a component whose handlers behave as badly as they can.
func rough(t *testing.T, quick bool) component.Config {
	t.Helper()
	routes := []component.Route{{Name: name("q"), Get: component.HandlerFunc(result), Quick: quick}}
	for local, tc := range misdeeds {
		rt := component.Route{Name: name(local), Get: tc.h, Quick: quick}
		if local == "hang" {
			rt.Timeout = 200 * time.Millisecond
		}
		routes = append(routes, rt)
	}
	cfg := quiet(muxOf(t, component.Extension{Name: "test", Routes: routes}))
	cfg.Limits = component.Limits{MaxStanzaBytes: 10_000, MaxReplyBytes: 10_000}
	return cfg
}

// ping sends what is answered with a result.
func (b *brawl) ping() {
	b.t.Helper()
	b.pings++
	id := fmt.Sprint("ping-", b.pings)
	b.expect(id, "result")
	b.send(iq("get", id, fmt.Sprintf("user%d@example.net/there", b.pings%100), domain, query))
}

// attack sends the next of what is hostile.
func (b *brawl) attack() {
	b.t.Helper()
	next := b.todo[0]
	b.todo = b.todo[1:]
	id := fmt.Sprint("hostile-", len(b.todo))
	if next.want != "" && strings.Contains(next.raw, " id='%d'") {
		b.expect(id, next.want)
	} else if next.want != "" {
		b.expect("", next.want)
	}
	b.send(strings.ReplaceAll(next.raw, "%d", id))
}

func (b *brawl) expect(id, want string) {
	b.want[id+" "+want]++
	b.left++
}

// take takes a reply for which somebody has to be waiting.
func (b *brawl) take() {
	b.t.Helper()
	got := b.next()
	key := got.id + " " + got.cond
	if got.typ == "result" {
		key = got.id + " result"
	}
	if b.want[key] == 0 {
		b.t.Fatalf("nobody waits for %.300s", got.raw)
	}
	b.want[key]--
	b.left--
}
