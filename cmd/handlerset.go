package iqdcmd

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
)

// A handlerSet is the handlers of a configuration, built.
type handlerSet struct {
	mux    *component.Mux
	prints map[string]any // of each section
	fresh  []component.Extension
	kept   int
}

// buildHandlers builds the handlers of every section, or keeps those of old whose
// section is the same as it was, with their state. When one cannot be built, those
// that were are closed again.
func (c *Config) buildHandlers(reg handlers.Registry, env component.Env, old *handlerSet, chain ...component.Middleware) (*handlerSet, error) {
	sections, err := c.sections(reg)
	if err != nil {
		return nil, err
	}
	set := &handlerSet{mux: component.NewMux(chain...), prints: map[string]any{}}
	var errs []error
	for _, s := range sections {
		if err := set.add(s, env, old); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		set.close()
		return nil, sortErrors(errs)
	}
	return set, nil
}

func (h *handlerSet) add(s *section, env component.Env, old *handlerSet) error {
	if err := s.fits(env); err != nil {
		return err
	}
	h.prints[s.name] = s.fingerprint(env.StateDir)
	if old != nil && reflect.DeepEqual(old.prints[s.name], h.prints[s.name]) {
		h.kept++
		return s.locate(h.mux.Keep(old.mux, s.name))
	}
	ext, err := s.build(env)
	if err != nil {
		return err
	}
	h.fresh = append(h.fresh, ext)
	return s.locate(h.mux.Add(ext))
}

// check returns what will keep handlers from working, though the configuration
// says nothing wrong. Nothing is changed by it.
func (h *handlerSet) check() []string {
	var out []string
	for _, ext := range h.fresh {
		if ext.Check == nil {
			continue
		}
		if err := ext.Check(); err != nil {
			out = append(out, fmt.Sprintf("[handlers.%s] %v", ext.Name, err))
		}
	}
	return out
}

// close closes the handlers that were built for this set, which nobody serves.
func (h *handlerSet) close() error {
	var errs []error
	for _, ext := range h.fresh {
		if ext.Close != nil {
			errs = append(errs, ext.Close())
		}
	}
	return errors.Join(errs...)
}
