//go:build linux

package load

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
)

const (
	nsInfo    = "http://jabber.org/protocol/disco#info"
	nsItems   = "http://jabber.org/protocol/disco#items"
	nsRoster  = "jabber:iq:roster"
	nsSink    = "urn:bench:sink"
	nsPlugin  = "urn:bench:plugin"
	nsStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
)

// An element is a parsed one. Only a sample of the answers is parsed.
type element struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Inner   []element  `xml:",any"`
	Text    string     `xml:",chardata"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// only returns the payload, which must be one element of that name.
func (e element) only(ns, local string) (element, error) {
	if len(e.Inner) != 1 || (e.Inner[0].XMLName != xml.Name{Space: ns, Local: local}) {
		return element{}, fmt.Errorf("not one %s of %s", local, ns)
	}
	return e.Inner[0], nil
}

func checkEmpty(iq element) error {
	if len(iq.Inner) > 0 {
		return errors.New("not empty")
	}
	return nil
}

func checkInfo(iq element) error {
	query, err := iq.only(nsInfo, "query")
	if err != nil {
		return err
	}
	identities, features := 0, map[string]bool{}
	for _, e := range query.Inner {
		switch {
		case e.XMLName.Local == "feature" && e.attr("var") != "":
			features[e.attr("var")] = true
		case e.XMLName.Local == "identity" && e.attr("category") == "component" && e.attr("type") == "generic" && e.attr("name") == "Bench component":
			identities++
		default:
			return fmt.Errorf("neither the identity nor a feature: %v", e)
		}
	}
	if identities != 1 || len(features) < 10 {
		return fmt.Errorf("%d identities and %d features", identities, len(features))
	}
	return nil
}

// distinct has each element looked at and tells whether there are n, all different.
func distinct(in []element, n int, check func(i string, e element) error) error {
	seen := map[string]bool{}
	for _, e := range in {
		var i int
		if _, err := fmt.Sscanf(e.attr("name"), "%s %d", new(string), &i); err != nil || i < 0 || i >= n {
			return fmt.Errorf("not one of the items: %v", e)
		}
		if err := check(strconv.Itoa(i), e); err != nil {
			return err
		}
		seen[e.attr("jid")] = true
	}
	if len(seen) != n || len(in) != n {
		return fmt.Errorf("%d items, want %d", len(in), n)
	}
	return nil
}

func checkItems(iq element) error {
	query, err := iq.only(nsItems, "query")
	if err != nil {
		return err
	}
	return distinct(query.Inner, 20, func(i string, e element) error {
		if e.XMLName.Local != "item" || e.attr("jid") != "node"+i+"."+Domain || e.attr("name") != "Node "+i {
			return fmt.Errorf("wrong item: %v", e)
		}
		return nil
	})
}

func checkRoster(n int) func(element) error {
	return func(iq element) error {
		query, err := iq.only(nsRoster, "query")
		if err != nil {
			return err
		}
		return distinct(query.Inner, n, func(i string, e element) error {
			if e.attr("jid") != "contact"+i+"@example.net" || e.attr("name") != "Contact "+i || e.attr("subscription") != "both" ||
				len(e.Inner) != 1 || e.Inner[0].XMLName.Local != "group" || e.Inner[0].Text != "Friends" {
				return fmt.Errorf("wrong item: %v", e)
			}
			return nil
		})
	}
}

// checkRefusal looks for either of the conditions that RFC 6120, 8.3.3 has for a
// namespace that nobody answers.
func checkRefusal(iq element) error {
	for _, e := range iq.Inner { // beside the error there may be the request's payload: RFC 6120, 8.3.1
		for _, condition := range e.Inner {
			name := condition.XMLName
			if e.XMLName.Local == "error" && name.Space == nsStanzas && (name.Local == "feature-not-implemented" || name.Local == "service-unavailable") {
				return nil
			}
		}
	}
	return errors.New("neither feature-not-implemented nor service-unavailable")
}

// checkPlugin wants the element back that was sent.
func checkPlugin(iq element) error {
	query, err := iq.only(nsPlugin, "query")
	if err == nil && (len(query.Inner) > 0 || query.Text != "") {
		err = errors.New("not empty")
	}
	return err
}

func checkSink(items, text int) func(element) error {
	return func(iq element) error {
		query, err := iq.only(nsSink, "query")
		if err != nil {
			return err
		}
		if query.attr("items") != strconv.Itoa(items) || query.attr("len") != strconv.Itoa(text) {
			return fmt.Errorf("%s items and %s bytes, want %d and %d", query.attr("items"), query.attr("len"), items, text)
		}
		return nil
	}
}
