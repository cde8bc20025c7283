// Package vcard answers XEP-0054: vcard-temp, with the card of the component
// itself.
package vcard

import (
	"context"
	"encoding/xml"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// NS is the namespace of a vCard (XEP-0054, 7.1).
const NS = "vcard-temp"

// New returns an extension that tells the card of the component. The file that
// the configuration names is read here, once.
func New(cfg Config, env component.Env) (component.Extension, error) {
	card, err := cfg.card(env)
	if err != nil {
		return component.Extension{}, err
	}
	return component.Extension{Name: "vcard", Routes: []component.Route{{
		Name:  xml.Name{Space: NS, Local: "vCard"},
		Get:   component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { return card, nil }),
		Set:   component.HandlerFunc(refuse),
		Quick: true,
	}}}, nil
}

// Refuse answers each attempt to change the card.
//
// XEP-0054, 3.2: who sets another's card gets forbidden or not-allowed.
func refuse(context.Context, *component.Request) (component.Payload, error) {
	return nil, component.Errorf(stanza.Forbidden, "this card is kept by the operator of the service")
}

// A card is made of the configuration.
type card struct{ name, url, description string }

// EncodeXML writes the vCard element of XEP-0054, 9.
func (c *card) EncodeXML(e *component.Encoder) {
	e.Start(NS, "vCard")
	element(e, "FN", c.name)
	element(e, "URL", c.url)
	element(e, "DESC", c.description)
	e.End()
}

// Element writes one that holds text, unless there is none.
func element(e *component.Encoder, local, text string) {
	if text == "" {
		return
	}
	e.Start("", local)
	e.Text(text)
	e.End()
}
