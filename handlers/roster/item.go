package roster

import (
	"slices"
	"unicode/utf8"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
	"golang.org/x/text/unicode/norm"
	"mellium.im/xmpp/stanza"
)

// readItem reads the one item of a roster set. What a client cannot decide is
// passed over: approved, ask, and each subscription but "remove" (RFC 6121,
// 2.1.2).
func (h *handler) readItem(owner string, query component.Element) (store.Item, error) {
	el, err := onlyItem(query)
	if err != nil {
		return store.Item{}, err
	}
	jid, err := itemJID(el)
	if err != nil {
		return store.Item{}, err
	}
	if el.Get("subscription") == "remove" { // the rest does not matter (RFC 6121, 2.5.1)
		return store.Item{JID: jid, Removed: true}, nil
	}
	if jid == owner { // RFC 6121, 2.3.3, the note at its end
		return store.Item{}, component.Errorf(stanza.NotAllowed, "nobody is on their own roster")
	}
	name := el.Get("name")
	if h.tooLong(name) { // RFC 6121, 2.3.3
		return store.Item{}, component.Errorf(stanza.NotAcceptable, "name: at most %d characters", h.cfg.MaxName)
	}
	groups, err := h.readGroups(el)
	return store.Item{JID: jid, Name: name, Groups: groups}, err
}

// onlyItem returns the item of a query that has to hold exactly one (RFC 6121,
// 2.1.5 and 2.3.3).
func onlyItem(query component.Element) (item component.Element, err error) {
	for el := range query.Children() {
		if n := el.Name(); n.Space != NS || n.Local != "item" {
			continue
		}
		if !item.IsZero() {
			return item, component.Errorf(stanza.BadRequest, "more than one item")
		}
		item = el
	}
	if item.IsZero() {
		return item, component.Errorf(stanza.BadRequest, "no item")
	}
	return item, nil
}

// itemJID returns the address of an item, which is required (RFC 6121, 2.1.2.3).
func itemJID(el component.Element) (string, error) {
	s, ok := el.Attr("jid")
	if !ok {
		return "", component.Errorf(stanza.BadRequest, "item without a jid")
	}
	jid, err := normal(s)
	if err != nil {
		return "", component.Errorf(stanza.JIDMalformed, "item jid %q: %s", s, err)
	}
	return jid, nil
}

// readGroups reads the groups of an item (RFC 6121, 2.1.2.6 and 2.3.3).
func (h *handler) readGroups(item component.Element) ([]string, error) {
	var groups []string
	for el := range item.Children() {
		if n := el.Name(); n.Space != NS || n.Local != "group" {
			continue
		}
		group := el.Text()
		switch {
		case group == "":
			return nil, component.Errorf(stanza.NotAcceptable, "a group has no name")
		case h.tooLong(group):
			return nil, component.Errorf(stanza.NotAcceptable, "group: at most %d characters", h.cfg.MaxName)
		case len(groups) >= h.cfg.MaxGroups:
			return nil, component.Errorf(stanza.NotAcceptable, "at most %d groups", h.cfg.MaxGroups)
		}
		groups = append(groups, group)
	}
	if hasTwins(groups) {
		return nil, component.Errorf(stanza.BadRequest, "the same group twice")
	}
	return groups, nil
}

// tooLong counts characters, and only where there may be too many.
func (h *handler) tooLong(s string) bool {
	return len(s) > h.cfg.MaxName && utf8.RuneCountInString(s) > h.cfg.MaxName
}

// hasTwins reports whether two groups have the same name. RFC 6121, 2.3.3
// compares them as resources are, which is by NFKC.
func hasTwins(groups []string) bool {
	if len(groups) < 2 {
		return false
	}
	keys := make([]string, len(groups))
	for i, g := range groups {
		keys[i] = norm.NFKC.String(g)
	}
	slices.Sort(keys)
	return len(slices.Compact(keys)) < len(groups)
}
