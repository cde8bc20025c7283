package handlers_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/iqd-xmpp/iqd/handlers/exec"
	"github.com/iqd-xmpp/iqd/handlers/static"
	"github.com/iqd-xmpp/iqd/handlers/webhook"
)

type weather struct {
	City string `toml:"city"`
	Days int    `toml:"days"`
}

func defaultWeather() weather { return weather{City: "Berlin", Days: 3} }

func newWeather(cfg weather, env component.Env) (component.Extension, error) {
	if cfg.Days < 1 {
		return component.Extension{}, errors.New("days is too small")
	}
	return component.Extension{Name: "weather", Features: []string{cfg.City + " " + env.JID}}, nil
}

func TestWithDecodesOverTheDefaults(t *testing.T) {
	f := handlers.With(defaultWeather, newWeather)
	ext, err := f.Build(func(v any) error {
		v.(*weather).Days = 5
		return nil
	}, component.Env{JID: "iq.example.net"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ext.Features, []string{"Berlin iq.example.net"}; !slices.Equal(got, want) {
		t.Errorf("built with %q, want %q: a key that is absent keeps its default", got, want)
	}
	if got := f.Defaults(); got != defaultWeather() {
		t.Errorf("Defaults() = %v after Build, want %v", got, defaultWeather())
	}
}

// A second section of a kind is an extension of its own.
func TestExtensionIsCalledAsItsSection(t *testing.T) {
	f := handlers.With(defaultWeather, newWeather)
	for env, want := range map[string]string{"": "weather", "forecast": "forecast"} {
		ext, err := f.Build(nothing, component.Env{Name: env})
		if err != nil || ext.Name != want {
			t.Errorf("Build() with the section %q = %q, %v; want %q", env, ext.Name, err, want)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	unknown := errors.New(`unknown key "ctiy"`)
	for name, tc := range map[string]struct {
		factory handlers.Factory
		decode  func(any) error
		err     string
	}{
		"unknown key":         {handlers.With(defaultWeather, newWeather), func(any) error { return unknown }, "ctiy"},
		"value refused":       {handlers.With(defaultWeather, newWeather), func(v any) error { v.(*weather).Days = 0; return nil }, "days is too small"},
		"key where none are":  {handlers.Plain(func() component.Extension { return component.Extension{} }), strict, "no keys"},
		"factory of the zero": {handlers.Factory{}, nothing, "no constructor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.factory.Build(tc.decode, component.Env{})
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("Build() error = %v, want %q", err, tc.err)
			}
		})
	}
}

// strict refuses any key for a struct that has no fields.
func strict(v any) error {
	if reflect.TypeOf(v).Elem().NumField() == 0 {
		return errors.New("no keys here")
	}
	return nil
}

func nothing(any) error { return nil }

// Each handler is there under its own name, builds from an empty section or the
// least that a plugin has to say, and fits beside the others.
func TestStandard(t *testing.T) {
	reg := handlers.Standard()
	mux := component.NewMux()
	for _, name := range reg.Names() {
		env := component.Env{JID: "iq.example.net", Hosts: []string{"example.net"}, StateDir: t.TempDir(), Version: "1.2.3"}
		ext, err := reg[name].Build(least, env)
		if err != nil {
			t.Errorf("build %s: %v", name, err)
			continue
		}
		if ext.Close != nil {
			t.Cleanup(func() { _ = ext.Close() })
		}
		if ext.Name != name {
			t.Errorf("handler %q calls itself %q", name, ext.Name)
		}
		if err := mux.Add(ext); err != nil {
			t.Errorf("add %s: %v", name, err)
		}
	}
}

// least fills in what the sections of plugins have to say.
func least(v any) error {
	switch cfg := v.(type) {
	case *exec.Config:
		cfg.Namespaces, cfg.Command = []string{"urn:example:exec"}, []string{"cat"}
	case *static.Config:
		cfg.Payload = "<terms xmlns='urn:example:static'/>"
	case *webhook.Config:
		cfg.Namespaces, cfg.URL = []string{"urn:example:webhook"}, "http://127.0.0.1:9/"
	}
	return nil
}

func TestStandardIsNewEachTime(t *testing.T) {
	reg := handlers.Standard()
	delete(reg, "ping")
	if !slices.Contains(handlers.Standard().Names(), "ping") {
		t.Error("a change of one registry is seen in another")
	}
}

func TestNamesAreSorted(t *testing.T) {
	reg := handlers.Registry{"b": {}, "a": {}, "c": {}}
	if got, want := reg.Names(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
}

// Each key has a name, or it could not be written in a configuration.
func TestDefaultsHaveKeys(t *testing.T) {
	for name, f := range handlers.Standard() {
		typ := reflect.TypeOf(f.Defaults())
		if typ.Kind() != reflect.Struct {
			t.Errorf("the defaults of %s are a %s, want a struct", name, typ.Kind())
			continue
		}
		for _, field := range reflect.VisibleFields(typ) {
			if !field.Anonymous && field.Tag.Get("toml") == "" {
				t.Errorf("%s: the field %s has no key", name, field.Name)
			}
		}
	}
	if got := (handlers.Factory{}).Defaults(); got != struct{}{} {
		t.Errorf("the defaults of no handler are %v", got)
	}
}
