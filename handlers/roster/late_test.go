package roster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A slow store takes its time, whatever the context says.
type slow struct {
	*broken
	takes time.Duration
}

func (s *slow) Set(ctx context.Context, owner string, item store.Item) (int64, error) {
	<-time.After(s.takes)
	return s.broken.Set(ctx, owner, item)
}

func (s *slow) Roster(ctx context.Context, owner string, since int64) (store.Roster, error) {
	<-time.After(s.takes)
	return s.broken.Roster(ctx, owner, since)
}

func newSlow(t *testing.T) (*slow, *talk) {
	t.Helper()
	s := &slow{broken: newBroken()}
	return s, start(t, componenttest.Extension(roster.NewWith(s, roster.DefaultConfig())))
}

// A change that is made after its deadline is pushed to all, to the one that was
// told of an error too.
func TestLateChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newSlow(t)
		c.ask("get", chamber, "")
		c.ask("get", balcony, "")
		s.takes = 25 * time.Second
		if got := c.ask("set", balcony, "<item jid='a@example.net' name='late'/>"); !strings.Contains(got, "remote-server-timeout") {
			t.Fatalf("set was answered %s", got)
		}
		<-time.After(10 * time.Second) // of the bubble: the store is done
		list := c.wants(chamber, "late")
		if got := names(list, balcony); got != "late" {
			t.Errorf("the one that made the change was pushed %q", got)
		}
		for _, p := range list {
			c.answer(p)
		}
		s.takes = 0
		c.change(balcony, "next")
		c.wants(chamber, "next")
	})
}

// Who was not given the roster in time gets no pushes to it.
func TestLateRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newSlow(t)
		s.takes = 25 * time.Second
		if got := c.ask("get", chamber, ""); !strings.Contains(got, "remote-server-timeout") {
			t.Fatalf("get was answered %s", got)
		}
		<-time.After(10 * time.Second) // of the bubble: the store is done
		synctest.Wait()
		s.takes = 0
		c.change(balcony, "1")
		c.wants(chamber, "")
	})
}

// A store that cannot say whether it made a change ends the pushes of the owner.
func TestChangeInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroken()
		c := start(t, componenttest.Extension(roster.NewWith(b, roster.DefaultConfig())))
		c.ask("get", chamber, "")
		c.ask("get", "romeo@example.net/a", "")
		b.fail(errors.New("fsync: input/output error"))
		c.ask("set", balcony, "<item jid='a@example.net'/>")
		b.fail(nil)
		c.change(balcony, "1")
		c.wants(chamber, "")
		c.change("romeo@example.net/b", "his")
		c.wants("romeo@example.net/a", "his")
		c.ask("get", chamber, "")
		c.change(balcony, "2")
		c.wants(chamber, "2")
	})
}
