package roster_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
)

// change has the balcony change an item without waiting for the answer.
func (c *talk) change(from, name string) {
	c.Helper()
	c.send(fmt.Sprintf(`<iq type='set' id='change' from='%s' to='iq.example.net'><query xmlns='jabber:iq:roster'>`+
		`<item jid='x@example.net' name='%s'/></query></iq>`, from, name))
}

// A seen push is one that came to a resource.
type seen struct{ id, to, name string }

// pushes returns the pushes that have come until all is quiet.
func (c *talk) pushes() (out []seen) {
	c.Helper()
	synctest.Wait()
	for c.srv.Queued() > 0 {
		raw, err := c.srv.Next(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		el, err := component.ParseElement(raw)
		if err != nil {
			c.Fatal(err)
		}
		if el.Get("type") == "set" {
			item := el.Child(roster.NS, "query").Child("", "item")
			out = append(out, seen{el.Get("id"), el.Get("to"), item.Get("name")})
		}
	}
	return out
}

// names returns the pushes of a resource by the names in them.
func names(list []seen, to string) string {
	var out []string
	for _, p := range list {
		if p.to == to {
			out = append(out, p.name)
		}
	}
	return strings.Join(out, " ")
}

func (c *talk) answer(p seen) {
	c.Helper()
	c.send(fmt.Sprintf(`<iq type='result' id='%s' from='%s' to='iq.example.net'/>`, p.id, p.to))
}

func (c *talk) wants(to, want string) []seen {
	c.Helper()
	list := c.pushes()
	if got := names(list, to); got != want {
		c.Errorf("%s was pushed %q, want %q", to, got, want)
	}
	return list
}

// What follows a push that may be lost waits until that is known.
func TestDoubtfulPush(t *testing.T) {
	for name, doubt := range map[string]func(*testing.T, *talk){
		"stream broke": func(t *testing.T, c *talk) {
			c.srv.Reset()
			if err := c.srv.WaitStreams(t.Context(), 2); err != nil {
				t.Fatal(err)
			}
		},
		"no answer for long": func(*testing.T, *talk) { <-time.After(6 * time.Second) }, // of the bubble
	} {
		for _, answered := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/answered=%t", name, answered), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newTalk(t)
					c.ask("get", chamber, "")
					c.change(balcony, "1")
					first := c.wants(chamber, "1")
					doubt(t, c)
					c.change(balcony, "2")
					c.change(balcony, "3")
					c.wants(chamber, "")
					if answered {
						c.answer(first[0])
						c.wants(chamber, "2 3")
						return
					}
					<-time.After(time.Minute) // of the bubble: the push is lost for certain
					c.change(balcony, "4")
					c.wants(chamber, "")
					c.ask("get", chamber, "")
					c.change(balcony, "5")
					c.wants(chamber, "5")
				})
			})
		}
	}
}

// A resource may be slow with its answers, up to a bound, and misses nothing.
func TestWindow(t *testing.T) {
	for name, tc := range map[string]struct {
		sets int
		all  bool
	}{"waits": {300, true}, "too many": {500, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTalk(t)
				c.ask("get", chamber, "")
				var want []string
				for i := range tc.sets {
					c.change(balcony, fmt.Sprint(i))
					want = append(want, fmt.Sprint(i))
				}
				got := c.wants(chamber, strings.Join(want[:128], " "))
				for i := 0; i < len(got); i++ {
					c.answer(got[i])
					if i == len(got)-1 {
						got = append(got, c.pushes()...)
					}
				}
				if !tc.all {
					want = want[:128]
				}
				if got := names(got, chamber); got != strings.Join(want, " ") {
					t.Errorf("pushed %q, want %d in order", got, len(want))
				}
			})
		})
	}
}

// One owner's pushes leave room for those of others.
func TestOneOwnerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, func(*roster.Config) {})
		comp, srv := componenttest.Start(t, component.Config{Handler: h})
		c := &talk{T: t, srv: srv}
		for round := range 3 { // to ask again, or to leave, makes no room
			for i := range 32 {
				c.ask("get", fmt.Sprintf("mallory@example.net/r%d", i), "")
			}
			for i := range 340 {
				c.change("mallory@example.net/r0", fmt.Sprint(i))
			}
			c.pushes()
			if round == 1 {
				c.send(`<presence type='unavailable' from='mallory@example.net' to='iq.example.net'/>`)
			}
		}
		if n := comp.Stats().Pending; n > 260 {
			t.Errorf("%d pushes to one owner are under way", n)
		}
		c.ask("get", chamber, "")
		c.change(balcony, "heard")
		c.wants(chamber, "heard")
	})
}

// Where there is no room for a push an operator hears of it, once a minute.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		cfg := roster.DefaultConfig()
		cfg.Store = "memory:"
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn}))
		ext, err := roster.New(cfg, component.Env{Log: log})
		if err != nil {
			t.Fatal(err)
		}
		comp, srv := componenttest.Start(t, component.Config{Handler: componenttest.Extension(ext)})
		c := &talk{T: t, srv: srv}
		c.ask("get", chamber, "")
		c.ask("get", "romeo@example.net/a", "")
		for err == nil {
			err = comp.StartIQ(component.Call{To: "other.example.net", Payload: component.Text("urn:example:x", "x", "")}, nil)
		}
		c.pushes()
		c.change(balcony, "1")
		c.change("romeo@example.net/b", "1")
		c.wants(chamber, "")
		if n := strings.Count(logged.String(), "level=WARN"); n != 1 || !strings.Contains(logged.String(), "to="+chamber) {
			t.Errorf("%d warnings: %s", n, &logged)
		}
		<-time.After(time.Minute) // of the bubble: there is room again
		c.change(balcony, "2")
		c.wants(chamber, "")
		c.ask("get", chamber, "")
		c.change(balcony, "3")
		c.wants(chamber, "3")
	})
}
