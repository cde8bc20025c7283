package iqdcmd

import (
	"reflect"
	"time"

	"github.com/BurntSushi/toml"
)

// DefaultConfigPath is the file that commands read when -c is absent.
const DefaultConfigPath = "/etc/iqd/config.toml"

// Config is the configuration file of the daemon. Load and Parse make one; its
// values have been checked, those of the handler sections excepted, which Mux
// checks.
type Config struct {
	Component ComponentConfig           `toml:"component"`
	Limits    LimitsConfig              `toml:"limits"`
	Log       LogConfig                 `toml:"log"`
	Admin     AdminConfig               `toml:"admin"`
	Handlers  map[string]toml.Primitive `toml:"handlers"` // a section's presence turns its handler on

	doc *document
}

// ComponentConfig is the [component] section: who we are, and where the server is.
type ComponentConfig struct {
	JID        string    `toml:"jid"`
	Server     string    `toml:"server"`      // host:port, or "unix:" and a path
	Secret     string    `toml:"secret"`      // see Config.Secret for the other places it may be in
	SecretFile string    `toml:"secret_file"` // instead of Secret
	Hosts      []string  `toml:"hosts"`       // whose users are local; absent: the parent of JID
	Unhandled  string    `toml:"unhandled"`   // the condition of what no handler takes
	Conflict   string    `toml:"conflict"`    // wait, exit or drain
	Liveness   string    `toml:"liveness"`    // a duration of silence, "server" or "off"
	TLS        TLSConfig `toml:"tls"`
}

// TLSConfig is the [component.tls] section: TLS from the first byte.
type TLSConfig struct {
	Enabled    bool   `toml:"enabled"`
	CAFile     string `toml:"ca_file"`     // PEM; empty: those of the system
	ServerName string `toml:"server_name"` // in the certificate; empty: the host of server
	CertFile   string `toml:"cert_file"`   // PEM; our own certificate
	KeyFile    string `toml:"key_file"`    // PEM; its key
}

// LimitsConfig is the [limits] section. Its keys are those of component.Limits.
type LimitsConfig struct {
	MaxStanzaBytes   int           `toml:"max_stanza_bytes"`
	MaxReplyBytes    int           `toml:"max_reply_bytes"`
	MaxBufferedBytes int           `toml:"max_buffered_bytes"`
	MaxDepth         int           `toml:"max_depth"`
	InFlight         int           `toml:"in_flight"`
	PerSender        int           `toml:"per_sender"`
	PerDomain        int           `toml:"per_domain"`
	HandlerTimeout   time.Duration `toml:"handler_timeout"`
	DrainTimeout     time.Duration `toml:"drain_timeout"`
}

// LogConfig is the [log] section.
type LogConfig struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // auto, text, json or tint
}

// AdminConfig is the [admin] section: the HTTP endpoint, and who is an admin.
type AdminConfig struct {
	Listen    string   `toml:"listen"`     // host:port of /metrics, /healthz and /readyz; empty: off
	TokenFile string   `toml:"token_file"` // of the bearer token; required unless listen is loopback
	JIDs      []string `toml:"jids"`       // the bare JIDs that the access name "admins" means
}

// HandlerConfig is what every [handlers.NAME] section may say beside the
// handler's own keys.
type HandlerConfig struct {
	Kind        string        `toml:"kind"`          // of handler; empty: the name of the section
	Timeout     time.Duration `toml:"timeout"`       // of a request; absent: limits.handler_timeout
	MaxInFlight int           `toml:"max_in_flight"` // requests that run at once; absent: 256
	Allow       []string      `toml:"allow"`         // who may use it; absent: the handler's own default
	Deny        []string      `toml:"deny"`          // who may not, whatever allow says
	Delegated   bool          `toml:"delegated"`     // answer what the server delegates too (XEP-0355)
}

// DefaultConfig returns the configuration of an empty file. It lacks what has no
// default: the JID, the server and the secret.
func DefaultConfig() Config {
	return Config{
		Component: ComponentConfig{
			Unhandled: "feature-not-implemented",
			Conflict:  "wait",
			Liveness:  "30s",
		},
		Limits: LimitsConfig{
			MaxStanzaBytes:   2 << 20,
			MaxReplyBytes:    500000,
			MaxBufferedBytes: 64 << 20,
			MaxDepth:         128,
			InFlight:         16384,
			PerSender:        1024,
			PerDomain:        4096,
			HandlerTimeout:   20 * time.Second,
			DrainTimeout:     10 * time.Second,
		},
		Log: LogConfig{Level: "info", Format: "auto"},
	}
}

// Load reads and checks the configuration file called name.
func Load(name string) (*Config, error) {
	text, err := readConfig(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}

// Parse checks the text of a configuration file; name is what errors call it. It
// returns all mistakes that it finds, each with its place.
func Parse(name string, text []byte) (*Config, error) {
	doc, err := parseDocument(name, text)
	if err != nil {
		return nil, err
	}
	if err := doc.strict(nil, reflect.TypeFor[Config]()); err != nil {
		return nil, err
	}
	c := DefaultConfig()
	c.doc = doc
	if doc.md, err = toml.Decode(doc.text, &c); err != nil {
		return nil, doc.syntaxError(err)
	}
	return &c, c.validate()
}
