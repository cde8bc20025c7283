package iqdcmd

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// The bounds of what [limits] and durations may say. Below them a limit refuses
// ordinary traffic or none at all; above them it protects nothing.
const (
	mostBytes    = 1 << 30
	mostCount    = 1 << 20
	mostDepth    = 10000
	mostDuration = time.Hour
)

// validate returns all values that make no sense.
func (c *Config) validate() error {
	var errs []error
	for _, check := range []func() []error{
		c.checkIdentity, c.checkServer, c.checkPolicies, c.checkTLS, c.checkLimits, c.checkLog, c.checkAdmin,
	} {
		errs = append(errs, check()...)
	}
	return sortErrors(errs)
}

// checkIdentity checks who we are and who is local.
func (c *Config) checkIdentity() []error {
	var errs []error
	if c.Component.JID == "" {
		errs = append(errs, c.missing("component", "jid", `the component's domain, such as "iqd.example.net"`))
	} else if err := probe(component.Config{JID: c.Component.JID}); err != nil {
		errs = append(errs, c.doc.errorf([]string{"component", "jid"}, "%s", afterColon(err)))
	}
	for i, h := range c.Component.Hosts {
		if err := probe(component.Config{Hosts: []string{h}}); err != nil {
			errs = append(errs, c.doc.errorf([]string{"component", "hosts", strconv.Itoa(i)}, "%s", afterColon(err)))
		}
	}
	return errs
}

// checkServer checks the server's address and that the secret is said once.
func (c *Config) checkServer() []error {
	var errs []error
	server := []string{"component", "server"}
	switch err := checkAddress(c.Component.Server); {
	case c.Component.Server == "":
		errs = append(errs, c.missing("component", "server", `the server's component port, such as "127.0.0.1:5347"`))
	case err != nil:
		errs = append(errs, c.doc.errorf(server, "%v", err))
	}
	if err := checkSecret(c.Component.Secret); c.doc.has("component", "secret") && err != nil {
		errs = append(errs, c.doc.errorf([]string{"component", "secret"}, "%w", err))
	}
	if c.doc.has("component", "secret_file") && c.Component.SecretFile == "" {
		errs = append(errs, c.doc.errorf([]string{"component", "secret_file"}, "is empty"))
	}
	if c.doc.has("component", "secret") && c.doc.has("component", "secret_file") {
		errs = append(errs, c.doc.errorf([]string{"component", "secret_file"}, "there is a secret already; one of both"))
	}
	return errs
}

// checkAddress checks host:port, or "unix:" and a path.
func checkAddress(addr string) error {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		if path == "" {
			return errors.New("unix: without a path")
		}
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf(`%q is not host:port, such as "127.0.0.1:5347"`, addr)
	}
	if host == "" {
		return fmt.Errorf(`%q names no host`, addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q is no port: a number from 1 to 65535", port)
	}
	return nil
}

// checkPolicies checks the words that choose how the component behaves.
func (c *Config) checkPolicies() []error {
	var errs []error
	for key, cfg := range map[string]component.Config{
		"unhandled": {Unhandled: stanza.Condition(c.Component.Unhandled)},
		"conflict":  {Conflict: component.ConflictPolicy(c.Component.Conflict)},
	} {
		v, _ := c.doc.lookup("component", key)
		if err := probe(cfg); err != nil || v == "" {
			errs = append(errs, c.doc.errorf([]string{"component", key}, "%s", afterEquals(err)))
		}
	}
	if _, _, err := parseLiveness(c.Component.Liveness); err != nil {
		errs = append(errs, c.doc.errorf([]string{"component", "liveness"}, "%v", err))
	}
	return errs
}

// parseLiveness reads the key liveness: how a dead stream is found, and after how
// long a silence.
func parseLiveness(s string) (component.Liveness, time.Duration, error) {
	switch s {
	case string(component.LivenessServer), string(component.LivenessOff):
		return component.Liveness(s), 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return "", 0, fmt.Errorf(`%q is neither a duration, such as "30s", nor "server" nor "off"`, s)
	}
	if d < time.Second || d > mostDuration {
		return "", 0, fmt.Errorf("%s: between 1s and %s", d, mostDuration)
	}
	return component.LivenessSelf, d, nil
}

// checkTLS refuses a section that would be passed over in silence.
func (c *Config) checkTLS() []error {
	if !c.doc.has("component", "tls") {
		return nil
	}
	var errs []error
	t, section := c.Component.TLS, []string{"component", "tls"}
	if !c.doc.has("component", "tls", "enabled") {
		errs = append(errs, c.doc.errorf(section, "says neither enabled = true nor enabled = false"))
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		errs = append(errs, c.doc.errorf(section, "cert_file and key_file go together"))
	}
	if t.Enabled && t.ServerName == "" && strings.HasPrefix(c.Component.Server, "unix:") {
		errs = append(errs, c.doc.errorf(section, "server_name is missing: a unix socket has no name to verify"))
	}
	return errs
}

// checkLimits checks that each limit lets work through and still is one.
func (c *Config) checkLimits() []error {
	var errs []error
	add := func(key, format string, args ...any) {
		errs = append(errs, c.doc.errorf([]string{"limits", key}, format, args...))
	}
	v := reflect.ValueOf(c.Limits)
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		n, most := v.Field(i).Int(), mostOf(key)
		switch {
		case n <= 0:
			add(key, "has to be above zero")
		case n > most && v.Field(i).Type() == reflect.TypeFor[time.Duration]():
			add(key, "%s: at most %s", time.Duration(n), time.Duration(most))
		case n > most:
			add(key, "%d: at most %d", n, most)
		}
	}
	if len(errs) == 0 {
		if err := component.Limits(c.Limits).Validate(); err != nil {
			key, _, _ := strings.Cut(err.Error(), " ")
			add(key, "%s", afterEquals(err))
		}
	}
	if l := c.Limits; len(errs) == 0 && l.MaxBufferedBytes < l.MaxStanzaBytes+l.MaxReplyBytes {
		add("max_buffered_bytes", "%d: less than one stanza and one reply, %d", l.MaxBufferedBytes, l.MaxStanzaBytes+l.MaxReplyBytes)
	}
	return errs
}

func mostOf(key string) int64 {
	switch {
	case strings.HasSuffix(key, "_timeout"):
		return int64(mostDuration)
	case strings.HasSuffix(key, "_bytes"):
		return mostBytes
	case key == "max_depth":
		return mostDepth
	}
	return mostCount
}

func (c *Config) checkLog() []error {
	var errs []error
	for _, e := range []struct {
		key, value string
		allowed    []string
	}{
		{"level", c.Log.Level, []string{"debug", "info", "warn", "error"}},
		{"format", c.Log.Format, []string{"auto", "text", "json", "tint"}},
	} {
		if !slices.Contains(e.allowed, e.value) {
			errs = append(errs, c.doc.errorf([]string{"log", e.key}, "%q: one of %s", e.value, strings.Join(e.allowed, ", ")))
		}
	}
	return errs
}

// checkAdmin checks the endpoint and the names of the admins.
func (c *Config) checkAdmin() []error {
	var errs []error
	for i, s := range c.Admin.JIDs {
		if err := checkBareJID(s); err != nil {
			errs = append(errs, c.doc.errorf([]string{"admin", "jids", strconv.Itoa(i)}, "%v", err))
		}
	}
	if c.Admin.Listen == "" {
		return errs
	}
	if err := checkAddress(c.Admin.Listen); err != nil || strings.HasPrefix(c.Admin.Listen, "unix:") {
		errs = append(errs, c.doc.errorf([]string{"admin", "listen"}, "%q is not host:port", c.Admin.Listen))
	} else if !loopback(c.Admin.Listen) && c.Admin.TokenFile == "" {
		errs = append(errs, c.doc.errorf([]string{"admin", "listen"}, "%q is reached from outside: token_file is missing", c.Admin.Listen))
	}
	return errs
}

// checkBareJID checks the address of an account.
func checkBareJID(s string) error {
	j, err := jid.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no JID: %w", s, err)
	case j.Localpart() == "" || j.Resourcepart() != "":
		return fmt.Errorf("%q is no bare JID, such as juliet@example.net", s)
	}
	return nil
}

// missing is the error of a key that has no default.
func (c *Config) missing(section, key, what string) error {
	return c.doc.errorAt(fmt.Errorf("%s.%s is missing: %s", section, key, what), section)
}

// loopback reports whether addr cannot be reached from another machine.
func loopback(addr string) bool {
	if strings.HasPrefix(addr, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// probe has the component check the fields that are set in cfg.
func probe(cfg component.Config) error {
	if cfg.JID == "" {
		cfg.JID = "iqd.example.net"
	}
	cfg.Secret, cfg.Server, cfg.Handler = "-", "-", component.NewMux()
	return cfg.Validate()
}

// afterEquals returns what the component says of a value, without the key that
// the message of the file names anyway.
func afterEquals(err error) string {
	if err == nil {
		return "is empty"
	}
	if _, rest, ok := strings.Cut(err.Error(), " = "); ok {
		return rest
	}
	return err.Error()
}

// afterColon is afterEquals for the messages about an address.
func afterColon(err error) string {
	_, rest, _ := strings.Cut(err.Error(), ": ")
	return rest
}
