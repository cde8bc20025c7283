package webhook

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"golang.org/x/net/http/httpguts"
)

// Config is the section of a webhook. A file that is not absolute begins in the
// state directory, and is read when the section is.
type Config struct {
	plugin.Config

	URL            string            `toml:"url"`              // "http:", "https:", or "unix:" and the path of a socket
	SecretFile     string            `toml:"secret_file"`      // one line, the key of the signatures; empty: none are sent
	TokenFile      string            `toml:"token_file"`       // one line, sent as bearer token (RFC 6750, 2.1)
	CAFile         string            `toml:"ca_file"`          // PEM; who signs the certificate there; empty: whom the system trusts
	CertFile       string            `toml:"cert_file"`        // PEM; our own certificate
	KeyFile        string            `toml:"key_file"`         // PEM; its key
	Headers        map[string]string `toml:"headers"`          // sent beside ours
	MaxAnswerBytes int               `toml:"max_answer_bytes"` // what is longer is not read
	Retries        int               `toml:"retries"`          // of a get
	Connections    int               `toml:"connections"`      // at once
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{MaxAnswerBytes: 1 << 20, Retries: 2, Connections: 16}
}

// validate checks the keys that need no file. Its error begins with one.
func (c Config) validate() error {
	for _, n := range []struct {
		key              string
		val, least, most int
	}{
		{"max_answer_bytes", c.MaxAnswerBytes, 1, 1 << 30},
		{"retries", c.Retries, 0, 10},
		{"connections", c.Connections, 1, 10000},
	} {
		if n.val < n.least || n.val > n.most {
			return fmt.Errorf("%s = %d: between %d and %d", n.key, n.val, n.least, n.most)
		}
	}
	for name, value := range c.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return fmt.Errorf("headers: %q = %q cannot be sent over HTTP", name, value)
		}
		if c.ours(http.CanonicalHeaderKey(name)) {
			return fmt.Errorf("headers: %q is for iqd to send", name)
		}
	}
	return nil
}

// ours reports whether a field of the header is one that the rest of the
// configuration, or net/http, decides.
func (c Config) ours(name string) bool {
	switch name {
	case "Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect",
		"Host", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	case "Authorization":
		return c.TokenFile != ""
	}
	return strings.HasPrefix(name, "X-Iqd-")
}
