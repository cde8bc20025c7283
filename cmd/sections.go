package iqdcmd

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
)

// A section is one [handlers.NAME] section, ready to be built.
type section struct {
	conf        *Config
	name        string
	path        []string
	common      HandlerConfig
	allow, deny *accessList // nil: not said
	factory     handlers.Factory
}

// sections reads the handler sections in the order of the file. It returns all
// mistakes that can be found without building a handler.
func (c *Config) sections(reg handlers.Registry) ([]*section, error) {
	var out []*section
	var errs []error
	for name := range c.Handlers {
		s, err := c.section(name, reg)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *section) int {
		return cmp.Or(cmp.Compare(c.doc.at(a.path...).line, c.doc.at(b.path...).line), cmp.Compare(a.name, b.name))
	})
	return out, sortErrors(append(errs, checkDelegated(out)...))
}

func (c *Config) section(name string, reg handlers.Registry) (*section, error) {
	s := &section{conf: c, name: name, path: []string{"handlers", name}}
	if kind, ok := c.doc.lookup("handlers", name, "kind"); ok {
		s.common.Kind, _ = kind.(string) // checked below, with the other keys
	}
	kind := s.kind()
	factory, ok := reg[kind]
	if !ok {
		return nil, s.unknownKind(kind, reg)
	}
	s.factory = factory
	if err := c.doc.strict(s.path, reflect.TypeFor[HandlerConfig](), reflect.TypeOf(factory.Defaults())); err != nil {
		return nil, err
	}
	if err := c.doc.md.PrimitiveDecode(c.Handlers[name], &s.common); err != nil {
		return nil, c.doc.errorAt(err, s.path...)
	}
	return s, s.checkCommon()
}

// kind returns which handler the section is of.
func (s *section) kind() string { return cmp.Or(s.common.Kind, s.name) }

func (s *section) unknownKind(kind string, reg handlers.Registry) error {
	msg, path := fmt.Sprintf("unknown handler %q", kind), s.path
	if s.common.Kind != "" {
		path = append(slices.Clip(s.path), "kind")
	}
	if near := nearest(kind, reg.Names()); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	} else {
		msg += "; there are " + strings.Join(reg.Names(), ", ")
	}
	return s.conf.doc.errorAt(errors.New(msg), path...)
}

// checkCommon checks the keys that every section may have.
func (s *section) checkCommon() error {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, s.conf.doc.errorf(append(slices.Clip(s.path), key), format, args...))
	}
	if s.has("timeout") && (s.common.Timeout <= 0 || s.common.Timeout > mostDuration) {
		fail("timeout", "%s: above zero, and at most %s", s.common.Timeout, mostDuration)
	}
	if s.has("max_in_flight") && (s.common.MaxInFlight <= 0 || s.common.MaxInFlight > mostCount) {
		fail("max_in_flight", "%d: from 1 to %d", s.common.MaxInFlight, mostCount)
	}
	var err error
	if s.has("allow") {
		s.allow, err = s.conf.parseAccess(append(slices.Clip(s.path), "allow"), s.common.Allow)
		errs = append(errs, err)
	}
	if s.has("deny") {
		s.deny, err = s.conf.parseAccess(append(slices.Clip(s.path), "deny"), s.common.Deny)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *section) has(key string) bool { return s.conf.doc.has("handlers", s.name, key) }

// build makes the extension of the section.
func (s *section) build(env component.Env) (component.Extension, error) {
	env.Name = s.name
	env.Log = env.Log.With(slog.String("handler", s.name))
	env.Limits.HandlerTimeout = cmp.Or(s.common.Timeout, env.Limits.HandlerTimeout)
	env.MaxInFlight = cmp.Or(s.common.MaxInFlight, 256)
	ext, err := s.factory.Build(s.decode, env)
	if err != nil {
		return ext, s.locate(err)
	}
	ext.Timeout = cmp.Or(s.common.Timeout, ext.Timeout)
	ext.MaxInFlight = cmp.Or(s.common.MaxInFlight, ext.MaxInFlight)
	applyAccess(&ext, s.allow, s.deny)
	if s.common.Delegated {
		delegate(&ext)
	}
	return ext, nil
}

// decode fills in a handler's own configuration; its keys have been checked.
func (s *section) decode(v any) error {
	if reflect.TypeOf(v).Elem().NumField() == 0 {
		return nil
	}
	return s.conf.doc.md.PrimitiveDecode(s.conf.Handlers[s.name], v)
}

// locate gives an error of a handler the place of the key that it begins with, or
// of the section.
func (s *section) locate(err error) error {
	if err == nil {
		return nil
	}
	word, _, _ := strings.Cut(err.Error(), " ")
	path := append(slices.Clip(s.path), strings.TrimSuffix(word, ":"))
	if !s.conf.doc.has(path...) {
		path = s.path
	}
	return s.conf.doc.errorAt(fmt.Errorf("[%s] %w", keyName(s.path), err), path...)
}

// fingerprint returns what decides how a section behaves: what it says, who the
// names in allow and deny are, and the age of the files that it names. Two that
// are equal are the same handler.
func (s *section) fingerprint(stateDir string) any {
	tree, _ := s.conf.doc.lookup(s.path...)
	section := tree.(map[string]any)
	var files []string
	for key, v := range section {
		if name, ok := v.(string); ok && (key == "file" || strings.HasSuffix(key, "_file")) {
			files = append(files, age(stateDir, name))
		}
	}
	slices.Sort(files)
	return []any{tree, s.allow, s.deny, append(files, programAges(section, stateDir)...)}
}

// programAges returns the ages of the files among the words of a command: a script
// that has changed is another program.
func programAges(section map[string]any, stateDir string) (ages []string) {
	words, _ := section["command"].([]any)
	if dir, ok := section["dir"].(string); ok {
		stateDir = inside(stateDir, dir)
	}
	for _, word := range words {
		name, _ := word.(string)
		ages = append(ages, age(stateDir, name))
	}
	return ages
}

// age returns what changes with a file, or an empty string when there is none.
func age(dir, name string) string {
	fi, err := os.Stat(inside(dir, name))
	if err != nil || !fi.Mode().IsRegular() {
		return ""
	}
	return fmt.Sprint(name, fi.Size(), fi.ModTime())
}

func inside(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
