package roster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

const (
	balcony = "juliet@example.net/balcony"
	chamber = "juliet@example.net/chamber"
)

// A talk is a component with a server, seen from its users.
type talk struct {
	*testing.T
	srv *componenttest.Server
	ids int
}

func newTalk(t *testing.T) *talk {
	t.Helper()
	h := build(t, func(*roster.Config) {})
	_, srv := componenttest.Start(t, component.Config{Handler: h})
	return &talk{T: t, srv: srv}
}

// ask sends a request and returns the reply.
func (c *talk) ask(typ, from, inner string) string {
	c.Helper()
	c.ids++
	id := fmt.Sprint("ask", c.ids)
	c.send(fmt.Sprintf(`<iq type='%s' id='%s' from='%s' to='iq.example.net'><query xmlns='jabber:iq:roster'>%s</query></iq>`, typ, id, from, inner))
	reply, err := c.srv.NextID(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return reply
}

func (c *talk) send(raw string) {
	c.Helper()
	if err := c.srv.Send(raw); err != nil {
		c.Fatal(err)
	}
}

// pushed makes a change from the balcony and returns the id of the push that the
// chamber gets, or "".
func (c *talk) pushed() (id string) {
	c.Helper()
	c.ids++
	reply := c.ask("set", balcony, fmt.Sprintf("<item jid='c%d@example.net'/>", c.ids))
	if !strings.Contains(reply, "type='result'") {
		c.Fatalf("set was answered %s", reply)
	}
	synctest.Wait()
	for c.srv.Queued() > 0 {
		raw, err := c.srv.Next(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		if el, err := component.ParseElement(raw); err != nil || el.Get("to") != chamber || el.Get("type") != "set" {
			c.Fatalf("unexpected %s: %v", raw, err)
		} else {
			id = el.Get("id")
		}
	}
	return id
}

// RFC 6121, 2.1.6 and 8.5.3.2.3. Checklist 64: pushes to interested resources.
func TestGone(t *testing.T) {
	for name, tc := range map[string]struct {
		stanza string // that the chamber sends after a push
		stays  bool
	}{
		"result":             {`<iq type='result' id='%s' from='` + chamber + `' to='iq.example.net'/>`, true},
		"no such resource":   {reply("cancel", "service-unavailable"), false},
		"no such account":    {reply("cancel", "item-not-found"), false},
		"away":               {reply("wait", "recipient-unavailable"), false},
		"no such server":     {reply("cancel", "remote-server-not-found"), false},
		"server is silent":   {reply("wait", "remote-server-timeout"), false},
		"refused":            {reply("modify", "not-acceptable"), true},
		"unavailable":        {`<presence type='unavailable' id='%s' from='` + chamber + `' to='iq.example.net'/>`, false},
		"account gone":       {`<presence type='unavailable' id='%s' from='juliet@example.net' to='iq.example.net'/>`, false},
		"other resource":     {`<presence type='unavailable' id='%s' from='juliet@example.net/garden' to='iq.example.net'/>`, true},
		"other owner":        {`<presence type='unavailable' id='%s' from='romeo@example.net/chamber' to='iq.example.net'/>`, true},
		"odd address":        {`<presence type='unavailable' id='%s' from='a&lt;b@example.net/chamber' to='iq.example.net'/>`, true},
		"available":          {`<presence id='%s' from='` + chamber + `' to='iq.example.net'/>`, true},
		"message":            {`<message type='unavailable' id='%s' from='` + chamber + `' to='iq.example.net'/>`, true},
		"answer of stranger": {`<iq type='error' id='%s' from='mallory@example.org/x' to='iq.example.net'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTalk(t)
				if c.pushed() != "" {
					t.Fatal("pushed to a resource that has not asked")
				}
				c.ask("get", chamber, "")
				id := c.pushed()
				if id == "" {
					t.Fatal("not pushed to a resource that has asked")
				}
				c.send(fmt.Sprintf(tc.stanza, id))
				synctest.Wait()
				if got := c.pushed() != ""; got != tc.stays {
					t.Errorf("pushed afterwards: %t, want %t", got, tc.stays)
				}
				c.ask("get", chamber, "")
				if c.pushed() == "" {
					t.Error("not pushed to a resource that has asked again")
				}
			})
		})
	}
}

// reply is a stanza error of the chamber, its id left open.
func reply(typ, cond string) string {
	return `<iq type='error' id='%s' from='` + chamber + `' to='iq.example.net'><error type='` + typ + `'><` + cond +
		` xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`
}

// A resource that does not answer is gone, unless it has asked again meanwhile.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTalk(t)
		c.ask("get", chamber, "")
		c.pushed()
		<-time.After(time.Minute) // of the bubble: Config.CallTimeout is over
		synctest.Wait()
		if c.pushed() != "" {
			t.Error("pushed to a resource that did not answer")
		}
		c.ask("get", chamber, "")
		c.pushed()
		c.ask("get", chamber, "") // the same resource, back
		<-time.After(time.Minute) // of the bubble: Config.CallTimeout is over
		synctest.Wait()
		if c.pushed() == "" {
			t.Error("what was said of the former session has ended the new one")
		}
	})
}

func TestInterestIsBounded(t *testing.T) {
	in := roster.NewInterest()
	for i := range roster.MostResources + 2 {
		in.Add("juliet@example.net", fmt.Sprintf("juliet@example.net/r%d", i))
		in.Add("juliet@example.net", "juliet@example.net/r0") // heard of all the time
	}
	got := in.Of("juliet@example.net")
	if len(got) != roster.MostResources || slices.Contains(got, "juliet@example.net/r1") || !slices.Contains(got, "juliet@example.net/r0") {
		t.Errorf("%d resources are remembered, want the last %d: %q", len(got), roster.MostResources, got)
	}
	for i := range roster.MostOwners {
		owner := fmt.Sprintf("u%d@example.net", i)
		in.Add(owner, owner+"/r")
		if i%1000 == 0 {
			in.Of("juliet@example.net") // pushed to, so not the one to be forgotten
		}
	}
	if in.Owners() != roster.MostOwners {
		t.Errorf("%d owners are remembered, want %d", in.Owners(), roster.MostOwners)
	}
	if in.Of("u0@example.net") != nil || in.Of("juliet@example.net") == nil {
		t.Error("not the owner who was silent for longest has been forgotten")
	}
	if in.Add("nobody@example.net", "nobody@example.net"); in.Of("nobody@example.net") != nil {
		t.Error("an address without a resource gets pushes")
	}
}

// A full component sends some requests and refuses the others.
type full struct{ room, sent int }

func (f *full) StartIQ(component.Call, func(*component.Response, error)) error {
	if f.sent == f.room {
		return component.ErrOverload
	}
	f.sent++
	return nil
}

func (f *full) SendIQ(context.Context, component.Call) (*component.Response, error) {
	return nil, errors.New("not used")
}

func (f *full) Send(component.Stanza) error { return errors.New("not used") }

// Whoever has missed a push gets no later one: its version would be a lie.
func TestCatchUpStopsAtGap(t *testing.T) {
	items := []*store.Item{{JID: "a@example.net", Version: 1}, {JID: "b@example.net", Version: 2}, {JID: "c@example.net", Version: 3}}
	for room, want := range map[int][]string{3: {chamber}, 1: nil} {
		rq := &full{room: room}
		if got := roster.CatchUp(rq, "juliet@example.net", chamber, items...); !slices.Equal(got, want) || rq.sent != room {
			t.Errorf("room for %d: sent %d, interested %q, want %q", room, rq.sent, got, want)
		}
	}
}
