package iqdcmd

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
)

// delegation fills in what servers are to delegate (XEP-0355): the namespaces of
// the sections that say so. A file without one may have handlers that this program
// has not.
func (s *serverSetup) delegation(c *Config, reg handlers.Registry, getenv func(string) string) error {
	if !c.delegates() {
		return nil
	}
	env := c.environment(getenv, slog.New(slog.DiscardHandler))
	s.Hosts = env.Hosts
	sections, err := c.sections(reg)
	if err != nil {
		return err
	}
	var errs []error
	for _, sec := range sections {
		if sec.common.Delegated {
			spaces, err := sec.spaces(env)
			s.Delegated, errs = append(s.Delegated, spaces...), append(errs, err)
		}
	}
	slices.Sort(s.Delegated)
	s.Delegated = slices.Compact(s.Delegated)
	return sortErrors(errs)
}

// delegates reports whether a section wants to be delegated to.
func (c *Config) delegates() bool {
	for name := range c.Handlers {
		if v, _ := c.doc.lookup("handlers", name, "delegated"); v == true {
			return true
		}
	}
	return false
}

// spaces returns the namespaces that a section answers, as they stand in a
// server's file.
func (s *section) spaces(env component.Env) (out []string, err error) {
	ext, err := s.build(env)
	if err != nil {
		return nil, err
	}
	for _, r := range ext.Routes {
		space, quoteErr := quote(r.Name.Space)
		if quoteErr != nil {
			err = s.locate(fmt.Errorf("namespaces: %w", quoteErr))
		}
		out = append(out, space)
	}
	if ext.Close != nil {
		err = errors.Join(err, ext.Close())
	}
	return out, err
}

// prosodyDelegation returns what the hosts need. It is a comment: a second
// modules_enabled of a host would take the place of the operator's own.
func prosodyDelegation(s serverSetup) string {
	if len(s.Delegated) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(prosodyDelegationHead)
	for _, host := range s.Hosts {
		fmt.Fprintf(&b, "--   VirtualHost %q\n--     modules_enabled = { \"delegation\" }\n--     delegations = {\n", host)
		for _, space := range s.Delegated {
			fmt.Fprintf(&b, "--       [%s] = { jid = %q };\n", space, s.JID)
		}
		b.WriteString("--     }\n")
	}
	return b.String()
}

const prosodyDelegationHead = `-- Delegation (XEP-0355), with the Debian package prosody-modules: what follows is for the section of the
--   VirtualHost, in your own file. Where it has a modules_enabled or delegations, add to that list: the last one counts.
`

const prosodyDelegated = "\tmodules_enabled = { \"delegation\" } -- here, too\n"

// ejabberdDelegation returns the module, and the rule that lets us alone have the
// namespaces. The rule has our name, which no other rule has.
func ejabberdDelegation(s serverSetup) string {
	if len(s.Delegated) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, ejabberdDelegationHead, s.JID)
	for _, space := range s.Delegated {
		fmt.Fprintf(&b, "      %s:\n        access: %q\n", space, s.JID)
	}
	return b.String()
}

const ejabberdDelegationHead = `# Delegation (XEP-0355). Where there is a mod_delegation already, add to its namespaces instead.
# ejabberd asks at each connection what it may delegate: where iqd is connected already, sudo systemctl restart iqd
acl:
  %[1]q:
    server: %[1]q
access_rules:
  %[1]q:
    allow: %[1]q
modules:
  mod_delegation:
    namespaces:
`
