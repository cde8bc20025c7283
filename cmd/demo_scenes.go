package iqdcmd

import (
	"context"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// The users of the demo.
const (
	balcony = "juliet@localhost/balcony"
	phone   = "juliet@localhost/phone"
	orchard = "romeo@localhost/orchard"
)

// nsSlow is answered late, to show that nobody else waits for it.
const (
	nsSlow    = "urn:example:slow"
	slowDelay = 300 * time.Millisecond
)

// A scene is one thing that the demo shows.
type scene struct {
	title, xep string
	play       func(ctx context.Context) error
}

// scenes returns the conversation.
func (d *demo) scenes() []scene {
	const (
		info   = "http://jabber.org/protocol/disco#info"
		items  = "http://jabber.org/protocol/disco#items"
		roster = "jabber:iq:roster"
	)
	return []scene{
		{"What are you, and what can you do?", "XEP-0030",
			d.question(balcony, `<query xmlns='`+info+`'/>`, "result", info, "feature")},
		{"What is there to look at?", "XEP-0030",
			d.question(balcony, `<query xmlns='`+items+`'/>`, "result", items, "item")},
		{"Are you there?", "XEP-0199",
			d.question(balcony, `<ping xmlns='urn:xmpp:ping'/>`, "result", "", "")},
		{"Which software is this?", "XEP-0092",
			d.question(balcony, `<query xmlns='jabber:iq:version'/>`, "result", "jabber:iq:version", "name")},
		{"The phone asks for the roster, and so gets to know of changes", "RFC 6121, 2.2",
			d.question(phone, `<query xmlns='`+roster+`'/>`, "result", roster, "")},
		{"The balcony adds a contact: the phone hears of it", "RFC 6121, 2.3", d.rosterSet},
		{"The balcony asks for the roster", "RFC 6121, 2.2",
			d.question(balcony, `<query xmlns='`+roster+`'/>`, "result", roster, "item")},
		{"A namespace that nobody answers for", "RFC 6120, 8.3.3",
			d.question(balcony, `<query xmlns='urn:example:unknown'/>`, "error", "urn:ietf:params:xml:ns:xmpp-stanzas", "feature-not-implemented")},
		{"Romeo asks what takes its time, then Juliet pings: who waits?", "", d.slowAndFast},
	}
}

// question returns a scene of one request and its reply. The reply has to be of a
// type, and to hold an element of that name inside its payload, unless the name is
// empty.
func (d *demo) question(from, payload, typ, space, local string) func(context.Context) error {
	return func(ctx context.Context) error {
		sent, err := d.ask(from, "get", payload)
		if err != nil {
			return err
		}
		reply, err := d.hear(ctx, sent)
		if err != nil {
			return err
		}
		return expect(reply, typ, sent.id, from, space, local)
	}
}

// rosterSet shows a roster set and the push to the user's other resource.
func (d *demo) rosterSet(ctx context.Context) error {
	sent, err := d.ask(balcony, "set", `<query xmlns='jabber:iq:roster'><item jid='romeo@localhost' name='Romeo'><group>Friends</group></item></query>`)
	if err != nil {
		return err
	}
	reply, err := d.hear(ctx, sent)
	if err != nil {
		return err
	}
	if err := expect(reply, "result", sent.id, balcony, "", ""); err != nil {
		return err
	}
	push, err := d.hear(ctx, sent)
	if err != nil {
		return err
	}
	id := push.Get("id")
	if err := expect(push, "set", id, phone, "jabber:iq:roster", "item"); err != nil {
		return err
	}
	// RFC 6121, 2.1.6: whoever gets a push answers it.
	return d.send(`<iq type='result' id='` + attribute(id) + `' from='` + phone + `' to='` + d.conf.Component.JID + `'/>`)
}

// slowAndFast shows that a slow handler delays nobody else.
func (d *demo) slowAndFast(ctx context.Context) error {
	slow, err := d.ask(orchard, "get", `<wait xmlns='`+nsSlow+`'/>`)
	if err != nil {
		return err
	}
	fast, err := d.ask(balcony, "get", `<ping xmlns='urn:xmpp:ping'/>`)
	if err != nil {
		return err
	}
	first, err := d.hear(ctx, fast)
	if err != nil {
		return err
	}
	if err := expect(first, "result", fast.id, balcony, "", ""); err != nil {
		return err
	}
	second, err := d.hear(ctx, slow)
	if err != nil {
		return err
	}
	return expect(second, "result", slow.id, orchard, "", "")
}

// slowExtension answers after slowDelay.
func slowExtension() component.Extension {
	return component.Extension{Name: "slow", Routes: []component.Route{{
		Name: xml.Name{Space: nsSlow, Local: "wait"},
		Get: component.HandlerFunc(func(ctx context.Context, _ *component.Request) (component.Payload, error) {
			select {
			case <-time.After(slowDelay):
				return component.Text(nsSlow, "wait", "It took "+slowDelay.String()), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}),
	}}}
}

// expect returns what is wrong with a stanza of the component.
func expect(got component.Element, typ, id, to, space, local string) error {
	for _, a := range [][2]string{{"type", typ}, {"id", id}, {"to", to}} {
		if v := got.Get(a[0]); v != a[1] {
			return fmt.Errorf("expected %s=%q, got %q", a[0], a[1], v)
		}
	}
	if local == "" {
		return nil
	}
	for payload := range got.Children() {
		if !payload.Child(space, local).IsZero() {
			return nil
		}
	}
	return fmt.Errorf("expected an element %s in the reply", local)
}
