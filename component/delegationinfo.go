package component

import (
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"
)

// delegationNode returns which namespace a server asks about before it delegates
// it, and at which addresses (XEP-0355, 7.2); 0 when the node is no such question.
func delegationNode(node string) (space string, at Address) {
	for _, ns := range [...]string{nsDelegation1, nsDelegation2} {
		rest, ok := strings.CutPrefix(node, ns)
		if !ok {
			continue
		}
		if space, ok = strings.CutPrefix(rest, "::"); ok {
			return space, Host
		}
		if space, ok = strings.CutPrefix(rest, ":bare:"); ok {
			return space, User
		}
	}
	return "", 0
}

// delegable returns what a server tells in our place of a namespace that it
// delegates. A namespace that nobody answers then is item-not-found: ejabberd
// delegates none that gets an error here. Who may use the extensions does not
// matter yet, for the server asks for all of its users.
func (t *table) delegable(space string, at Address) (Info, error) {
	if !t.answers(space, Host|User) {
		return Info{}, Errorf(stanza.ItemNotFound, "nobody answers this namespace when it is delegated")
	}
	var out Info
	for _, rt := range t.spaces[space].routes {
		if rt.At&at != 0 {
			out.Features = append(append(out.Features, space), rt.inst.ext.Features...)
			out.Identities = append(out.Identities, rt.inst.ext.Identities...)
		}
	}
	return out.tidy(), nil
}

// answers reports whether a route answers a namespace at one of these addresses.
func (t *table) answers(space string, at Address) bool {
	sp := t.spaces[space]
	return sp != nil && slices.ContainsFunc(sp.routes, func(r *route) bool { return r.At&at != 0 })
}
