package plugin

import (
	"cmp"
	"encoding/xml"
	"errors"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/disco/info"
)

// Extension returns the extension of a plugin that t leads to.
func (c Config) Extension(name string, t Transport) (component.Extension, error) {
	ext, err := c.extension(name, iqHandler{t})
	if err == nil {
		ext.Commands = c.commands(t)
	}
	return ext, err
}

// Serve returns the extension of a plugin whose requests h answers. It has no
// commands.
func (c Config) Serve(name string, h component.Handler) (component.Extension, error) {
	if len(c.Commands) > 0 {
		return component.Extension{}, errors.New("commands: this kind of plugin has none")
	}
	return c.extension(name, h)
}

func (c Config) extension(name string, h component.Handler) (component.Extension, error) {
	if err := c.validate(); err != nil {
		return component.Extension{}, err
	}
	ext := component.Extension{Name: name, Features: c.Features, Access: component.LocalUsers}
	for _, id := range c.Identities {
		ext.Identities = append(ext.Identities, info.Identity{Category: id.Category, Type: id.Type, Name: id.Name})
	}
	elements := c.Elements
	if len(elements) == 0 {
		elements = []string{""}
	}
	for _, space := range c.Namespaces {
		for _, local := range elements {
			ext.Routes = append(ext.Routes, c.route(space, local, h))
		}
	}
	return ext, nil
}

// route returns a route without a handler for a type that the plugin does not
// take, which then is answered with feature-not-implemented.
func (c Config) route(space, local string, h component.Handler) component.Route {
	r := component.Route{Name: xml.Name{Space: space, Local: local}}
	for _, word := range c.At {
		r.At |= addresses()[word]
	}
	r.At = cmp.Or(r.At, component.Domain)
	if len(c.Types) == 0 || slices.Contains(c.Types, "get") {
		r.Get = h
	}
	if len(c.Types) == 0 || slices.Contains(c.Types, "set") {
		r.Set = h
	}
	return r
}
