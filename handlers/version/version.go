// Package version answers XEP-0092: Software Version.
package version

import (
	"context"
	"encoding/xml"
	"errors"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/check"
)

// NS is the namespace of a software version (XEP-0092, 2).
const NS = "jabber:iq:version"

// Config is the [handlers.version] section.
type Config struct {
	Name string `toml:"name"` // of the software
	OS   string `toml:"os"`   // not told when empty
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config { return Config{Name: "iqd"} }

// New returns an extension that tells the name and the version of the software.
// XEP-0092, 5: the operating system is told only by those who ask for it in the
// configuration.
func New(cfg Config, env component.Env) (component.Extension, error) {
	if cfg.Name == "" {
		return component.Extension{}, errors.New("name is empty")
	}
	if err := check.All([2]string{"name", cfg.Name}, [2]string{"os", cfg.OS}); err != nil {
		return component.Extension{}, err
	}
	r := reply{name: cfg.Name, version: env.Version, os: cfg.OS}
	if r.version == "" {
		r.version = "unknown" // the element is required
	}
	return component.Extension{Name: "version", Routes: []component.Route{{
		Name:  xml.Name{Space: NS, Local: "query"},
		Get:   component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { return &r, nil }),
		Quick: true,
	}}}, nil
}

// A reply is the answer to everybody.
type reply struct{ name, version, os string }

// EncodeXML writes the query element of XEP-0092, 2.
func (r *reply) EncodeXML(e *component.Encoder) {
	e.Start(NS, "query")
	element(e, "name", r.name)
	element(e, "version", r.version)
	if r.os != "" {
		element(e, "os", r.os)
	}
	e.End()
}

func element(e *component.Encoder, local, text string) {
	e.Start("", local)
	e.Text(text)
	e.End()
}
