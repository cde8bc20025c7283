// Package webhook hands requests to a program behind an URL, written in any
// language: a POST of JSON-RPC 2.0, and its answer.
package webhook

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/iqd-xmpp/iqd/component"
)

// New returns an extension whose requests are answered behind an URL. The files
// that the configuration names are read here, once.
func New(cfg Config, env component.Env) (component.Extension, error) {
	h, err := newHook(cfg, env)
	if err != nil {
		return component.Extension{}, err
	}
	ext, err := cfg.Extension("webhook", h)
	if err != nil {
		return ext, err
	}
	for i := range ext.Routes {
		r := &ext.Routes[i]
		r.Get, r.Set = h.naming(r.Get), h.naming(r.Set)
	}
	ext.Check = func() error { return h.warnings(cfg, env.StateDir) }
	ext.Close = func() error {
		h.notices.wait()
		h.client.CloseIdleConnections()
		return nil
	}
	return ext, nil
}

// A hook is the program behind an URL: a plugin.Transport.
type hook struct {
	target  target
	client  *http.Client
	header  http.Header // of each request
	key     []byte      // of the signatures; nil: none
	longest int         // answer
	retries int
	number  atomic.Uint64 // of the last call
	notices notices
	log     *slog.Logger
}

func newHook(cfg Config, env component.Env) (*hook, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	to, err := parseTarget(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if to.user && cfg.TokenFile != "" {
		return nil, errors.New("token_file: url has a user already, and one of the two can be sent")
	}
	h := &hook{target: to, longest: cfg.MaxAnswerBytes, retries: cfg.Retries, notices: newNotices(), log: env.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.key, err = readLine(env.StateDir, cfg.SecretFile); err != nil {
		return nil, fmt.Errorf("secret_file: %w", err)
	}
	if h.header, err = newHeader(cfg, env); err != nil {
		return nil, err
	}
	h.client, err = newClient(cfg, env.StateDir, to)
	return h, err
}
