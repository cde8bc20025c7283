package main

import (
	"fmt"
	"strconv"

	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/disco/items"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/mux"
)

type identity struct{}

// ForIdentities is for the mux, which asks each handler for its identities.
func (identity) ForIdentities(_ string, f func(info.Identity) error) error {
	return f(info.Identity{Category: "component", Type: "generic", Name: "Bench component"})
}

type features struct{}

// ForFeatures adds features to those that the handlers have.
func (features) ForFeatures(_ string, f func(info.Feature) error) error {
	for i := range 10 {
		if err := f(info.Feature{Var: "urn:bench:" + strconv.Itoa(i)}); err != nil {
			return err
		}
	}
	return nil
}

// discovered adds items to a handler. They have nodes because the library takes
// items for the same if their nodes are.
type discovered struct{ mux.IQHandlerFunc }

// ForItems is for the mux, which asks each handler for its items.
func (discovered) ForItems(_ string, f func(items.Item) error) error {
	for i := range 20 {
		addr, err := jid.New("", fmt.Sprintf("node%d.bench.localhost", i), "")
		if err != nil {
			return err
		}
		if err := f(items.Item{JID: addr, Name: fmt.Sprintf("Node %d", i), Node: strconv.Itoa(i)}); err != nil {
			return err
		}
	}
	return nil
}
