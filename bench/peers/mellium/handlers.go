package main

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mellium.im/xmlstream"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/roster"
	"mellium.im/xmpp/stanza"
)

const nsSink = "urn:bench:sink"

// A store has the roster that everybody gets, and what has been set.
type store struct {
	items  []roster.Item
	mu     sync.Mutex
	stored map[string]roster.Item
}

func newStore(n int) *store {
	st := &store{stored: map[string]roster.Item{}}
	for i := range n {
		st.items = append(st.items, roster.Item{
			JID:  jid.MustParse(fmt.Sprintf("contact%d@example.net", i)),
			Name: fmt.Sprintf("Contact %d", i), Subscription: "both", Group: []string{"Friends"},
		})
	}
	return st
}

func (st *store) get(iq stanza.IQ, t xmlstream.TokenReadEncoder, _ *xml.StartElement) error {
	reply := roster.IQ{IQ: stanza.IQ{ID: iq.ID, To: iq.From, From: iq.To, Type: stanza.ResultIQ}}
	reply.Query.Item = st.items
	_, err := xmlstream.Copy(t, reply.TokenReader())
	return err
}

func (st *store) set(iq stanza.IQ, t xmlstream.TokenReadEncoder, start *xml.StartElement) error {
	var query struct {
		Items []roster.Item `xml:"item"`
	}
	if err := decode(t, start, &query); err != nil {
		return err
	}
	st.mu.Lock()
	for _, it := range query.Items {
		st.stored[it.JID.String()] = it
	}
	st.mu.Unlock()
	return result(t, iq, nil)
}

func sleep(iq stanza.IQ, t xmlstream.TokenReadEncoder, _ *xml.StartElement) error {
	time.Sleep(50 * time.Millisecond)
	return result(t, iq, nil)
}

func sink(iq stanza.IQ, t xmlstream.TokenReadEncoder, start *xml.StartElement) error {
	var query struct {
		Items []struct{} `xml:"item"`
		Text  string     `xml:",chardata"`
	}
	if err := decode(t, start, &query); err != nil {
		return err
	}
	attr := func(name string, n int) xml.Attr {
		return xml.Attr{Name: xml.Name{Local: name}, Value: strconv.Itoa(n)}
	}
	return result(t, iq, xmlstream.Wrap(nil, xml.StartElement{
		Name: xml.Name{Space: nsSink, Local: "query"},
		Attr: []xml.Attr{attr("items", len(query.Items)), attr("len", len(query.Text))},
	}))
}

// decode reads the payload, whose start the mux has read already.
func decode(t xmlstream.TokenReadEncoder, start *xml.StartElement, into any) error {
	return xml.NewTokenDecoder(xmlstream.MultiReader(xmlstream.Token(*start), t)).Decode(into)
}

func result(t xmlstream.TokenReadEncoder, iq stanza.IQ, payload xml.TokenReader) error {
	_, err := xmlstream.Copy(t, iq.Result(payload))
	return err
}
