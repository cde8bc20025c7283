package iqdcmd

import (
	"slices"

	"github.com/iqd-xmpp/iqd/component"
)

// discoKind is the handler that tells a server what it may delegate.
const discoKind = "disco"

// delegate has an extension answer at its addresses, and what a server delegates
// (XEP-0355).
func delegate(ext *component.Extension) {
	ext.Routes = slices.Clone(ext.Routes)
	for i := range ext.Routes {
		r := &ext.Routes[i]
		r.At = max(r.At, component.Domain) | component.Host | component.User
	}
}

// checkDelegated returns what is wrong with the key delegated of the sections. A
// server asks for discovery before it delegates, and its own it keeps.
func checkDelegated(list []*section) (errs []error) {
	disco := slices.ContainsFunc(list, func(s *section) bool { return s.kind() == discoKind })
	for _, s := range list {
		at := append(slices.Clip(s.path), "delegated")
		switch {
		case !s.common.Delegated:
		case s.kind() == discoKind:
			errs = append(errs, s.conf.doc.errorf(at, "a server answers service discovery itself"))
		case !disco:
			errs = append(errs, s.conf.doc.errorf(at, "needs [handlers.disco]: a server asks there what it may delegate"))
		}
	}
	return errs
}
