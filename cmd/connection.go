package iqdcmd

import (
	"fmt"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// exampleSecret is the secret of the example configuration, which everybody
// knows.
const exampleSecret = "secret"

// Connection returns the configuration of the component, but for Handler, Log and
// Notify, and what the operator should be warned of. getenv is where a secret may
// be, see Secret.
func (c *Config) Connection(getenv func(string) string) (component.Config, []string, error) {
	secret, source, err := c.Secret(getenv)
	if err != nil {
		return component.Config{}, nil, err
	}
	warnings, err := c.exposure(secret)
	if err != nil {
		return component.Config{}, nil, err
	}
	warnings = append(warnings, c.secretWarnings(secret, source)...)
	liveness, interval, _ := parseLiveness(c.Component.Liveness) // has been checked
	cfg := component.Config{
		JID:           c.Component.JID,
		Server:        c.Component.Server,
		Secret:        secret,
		Hosts:         c.Component.Hosts,
		Unhandled:     stanza.Condition(c.Component.Unhandled),
		Conflict:      component.ConflictPolicy(c.Component.Conflict),
		Liveness:      liveness,
		CheckInterval: interval,
		Limits:        component.Limits(c.Limits),
	}
	if c.Component.TLS.Enabled {
		t := c.tlsFiles()
		if _, err := t.load(); err != nil {
			return component.Config{}, nil, c.doc.errorf([]string{"component", "tls"}, "%w", err)
		}
		cfg.Dial = t.dial
	}
	return cfg, warnings, nil
}

// exposure judges who else may see or guess what passes between us and the
// server: XEP-0114 has no encryption of its own.
func (c *Config) exposure(secret string) ([]string, error) {
	if c.Component.TLS.Enabled || loopback(c.Component.Server) {
		return nil, nil
	}
	if secret == exampleSecret {
		return nil, c.doc.errorf([]string{"component", "server"},
			"%s is another machine and the secret is %q: choose one that nobody guesses", c.Component.Server, exampleSecret)
	}
	return []string{fmt.Sprintf("component.server: %s is another machine and [component.tls] is off: everything goes there unencrypted", c.Component.Server)}, nil
}
