package iqdcmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/jid"
)

// An accessList is a list of allow or deny: who is meant.
type accessList struct {
	anybody, local bool
	bare           map[string]bool // folded bare JIDs
	domains        map[string]bool // folded domains
}

// parseAccess reads the list at a path of the file: local, admins, any, bare JIDs
// and @domains. There are no patterns, for one that is wrong opens a door.
func (c *Config) parseAccess(path []string, names []string) (*accessList, error) {
	l := &accessList{bare: map[string]bool{}, domains: map[string]bool{}}
	var errs []error
	for i, name := range names {
		if err := l.add(name, c.Admin.JIDs); err != nil {
			errs = append(errs, c.doc.errorf(append(slices.Clip(path), strconv.Itoa(i)), "%v", err))
		}
	}
	return l, errors.Join(errs...)
}

func (l *accessList) add(name string, admins []string) error {
	switch {
	case name == "any":
		l.anybody = true
	case name == "local":
		l.local = true
	case name == "admins":
		for _, a := range admins {
			bare, _, _ := foldBare(a)
			l.bare[bare] = true
		}
	case strings.HasPrefix(name, "@"):
		bare, domain, err := foldBare(name[1:])
		if err != nil || bare != domain {
			return fmt.Errorf("%q is no @domain", name)
		}
		l.domains[domain] = true
	case !strings.Contains(name, "@"):
		return fmt.Errorf("%q is none of local, admins, any, a bare JID or an @domain", name)
	default:
		if err := checkBareJID(name); err != nil {
			return err
		}
		bare, _, _ := foldBare(name)
		l.bare[bare] = true
	}
	return nil
}

// has reports whether the asker is meant. One whose address cannot be parsed is
// meant by any and local only, and unparsed is what is returned for the others.
func (l *accessList) has(req *component.Request, unparsed bool) bool {
	if l.anybody || l.local && req.Local() {
		return true
	}
	if len(l.bare) == 0 && len(l.domains) == 0 {
		return false
	}
	bare, domain, err := foldBare(req.From)
	if err != nil {
		return unparsed
	}
	return l.bare[bare] || l.domains[domain]
}

// foldBare parses an address and returns its bare JID and its domain as servers
// compare them. The resource is cut off first: what is in it has to get nobody
// past a list.
func foldBare(addr string) (bare, domain string, err error) {
	addr, _, _ = strings.Cut(addr, "/")
	j, err := jid.Parse(strings.TrimSuffix(addr, "."))
	if err != nil {
		return "", "", err
	}
	domain = strings.ToLower(j.Domainpart())
	if j.Localpart() == "" {
		return domain, domain, nil
	}
	return j.Localpart() + "@" + domain, domain, nil
}

// applyAccess puts allow and deny of a section on top of what the extension says
// itself. Who is denied is denied, whatever allow says; an absent allow is the
// extension's own.
func applyAccess(ext *component.Extension, allow, deny *accessList) {
	may := ext.Allow
	switch {
	case allow != nil:
		may = func(req *component.Request) bool { return allow.has(req, false) }
	case may == nil && ext.Access == component.LocalUsers:
		may = (*component.Request).Local
	}
	if deny != nil {
		inner := may
		may = func(req *component.Request) bool {
			return !deny.has(req, true) && (inner == nil || inner(req))
		}
	}
	ext.Allow = may
}
