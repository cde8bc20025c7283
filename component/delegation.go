package component

import (
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

// The namespaces of delegation (XEP-0355), and of what it wraps (XEP-0297).
const (
	nsDelegation1 = "urn:xmpp:delegation:1" // ejabberd speaks it
	nsDelegation2 = "urn:xmpp:delegation:2" // Prosody does
	nsForward     = "urn:xmpp:forward:0"
)

// delegatedTimeout is the longest that a delegated request may take: ejabberd
// answers its user in our place after 32 s.
const delegatedTimeout = 28 * time.Second

// hostRoom is for how many requests of our own server there is room when there is
// none for others: it asks what to delegate, and asks once.
const hostRoom = 64

func isDelegation(space string) bool { return space == nsDelegation1 || space == nsDelegation2 }

// isHost reports whether an address is one of Config.Hosts: a server of ours, and
// none of its users.
func (c *Component) isHost(addr string) bool {
	return domainOf(addr) == addr && !strings.HasSuffix(addr, ".") && c.local(addr)
}

// delegated returns the request that a server of ours forwards in another one
// (XEP-0355, 4.3). It returns nil when one of the two was answered, for it was
// malformed. From anybody else the outer one comes back as it is, to be answered
// like any unknown namespace: a user can forge what is in it.
func (c *Component) delegated(outer *Request, now int64) *Request {
	if outer.Type != stanza.SetIQ || outer.at != Domain || outer.Name.Local != "delegation" || !c.isHost(outer.From) {
		return outer
	}
	req, what := unwrap(outer)
	switch {
	case req == nil:
		c.malformed(outer, now, stanza.BadRequest, "no request is forwarded")
	case what != "":
		c.malformed(req, now, stanza.BadRequest, what)
	default:
		return req
	}
	return nil
}

// unwrap returns the request in a delegation and what is wrong with it, or nil
// when there is none that could be answered.
func unwrap(outer *Request) (req *Request, what string) {
	iq := forwardedIQ(outer.payload)
	typ, _ := iq.Attr("type")
	req = &Request{Type: stanza.IQType(typ), Via: outer.From, comp: outer.comp}
	req.uncommon().outer = outer
	id, hasID := iq.Attr("id")
	req.ID = id
	req.From, _ = iq.Attr("from")
	req.To, _ = iq.Attr("to")
	req.Lang, _ = iq.AttrNS(xmlNS, "lang")
	req.at = delegatedAt(req.To, outer.From)
	children := 0
	for el := range iq.Children() {
		if children++; children > 1 {
			break
		}
		req.payload, req.Name = el, el.Name()
	}
	switch {
	case iq.IsZero(), typ == "result", typ == "error", !addressable(req.From):
		return nil, ""
	case typ != "get" && typ != "set":
		return req, "type has to be get or set"
	case !hasID:
		return req, "id is missing"
	case delegatedAt(bareOf(req.From), outer.From) != User:
		return req, "from is no user of the server that delegates"
	case children != 1:
		return req, "exactly one child is needed"
	}
	return req, ""
}

// forwardedIQ returns the IQ in a delegation.
func forwardedIQ(delegation wire.Element) wire.Element {
	for el := range delegation.Child(nsForward, "forwarded").Children() {
		if el.Name().Local == "iq" && stanzaSpace(el.Name().Space) {
			return el
		}
	}
	return wire.Element{}
}

// delegatedAt returns which kind of address at the delegating server a request is
// to, or 0 for one that is none of its to delegate.
func delegatedAt(to, via string) Address {
	if to == "" {
		return User
	}
	bare := bareOf(to)
	local, domain, _ := splitAddress(bare)
	if len(bare) < len(to) || !addressable(to) || domain != via && fold(domain) != fold(via) {
		return 0
	}
	if local == "" {
		return Host
	}
	return User
}
