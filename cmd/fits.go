package iqdcmd

import (
	"context"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster"
	"github.com/iqd-xmpp/iqd/handlers/static"
	"github.com/iqd-xmpp/iqd/handlers/vcard"
)

// replyHead is the room in a reply for what is around its payload: two addresses
// of at most 3071 bytes (RFC 7622, 3.1), the id, and the names.
const replyHead = 8 << 10

// fits returns an error when the section promises a reply that is longer than
// limits.max_reply_bytes: each such request would end in an error. A handler whose
// configuration is of a type that is not known here promises nothing.
func (s *section) fits(env component.Env) error {
	switch cfg := s.factory.Defaults().(type) {
	case roster.Config:
		if err := s.decode(&cfg); err != nil {
			return s.locate(err)
		}
		return s.fit("max_bytes", "a roster that fills max_bytes", cfg.MaxBytes)
	case static.Config:
		size, err := s.replySize(env)
		if err != nil {
			return err
		}
		key := "payload"
		if s.has("file") {
			key = "file"
		}
		return s.fit(key, "the answer", size)
	case vcard.Config:
		if err := s.decode(&cfg); err != nil {
			return s.locate(err)
		}
		size, err := s.cardSize(cfg, env)
		if err != nil {
			return err
		}
		return s.fit("file", "the card", size)
	}
	return nil
}

// fit judges a payload of so many bytes. The place of the error is the key of the
// section that decides its size, or the limit.
func (s *section) fit(key, what string, size int) error {
	most := s.conf.Limits.MaxReplyBytes
	if size+replyHead <= most {
		return nil
	}
	path := append(slices.Clip(s.path), key)
	if !s.has(key) {
		path = []string{"limits", "max_reply_bytes"}
	}
	if !s.conf.doc.has(path...) {
		path = s.path
	}
	return s.conf.doc.errorf(path, "%s of [%s] needs %d bytes with what is around it, and limits.max_reply_bytes is %d",
		what, keyName(s.path), size+replyHead, most)
}

// cardSize returns how many bytes of XML a card takes at least.
func (s *section) cardSize(cfg vcard.Config, env component.Env) (int, error) {
	if cfg.File == "" {
		return len(cfg.Name) + len(cfg.URL) + len(cfg.Description), nil
	}
	return s.replySize(env)
}

// replySize returns how many bytes of XML the one answer of a section takes, which
// is an element.
func (s *section) replySize(env component.Env) (int, error) {
	ext, err := s.build(env)
	if err != nil {
		return 0, err
	}
	h := ext.Routes[0].Get
	if h == nil {
		h = ext.Routes[0].Set
	}
	answer, err := h.ServeIQ(context.Background(), &component.Request{})
	if err != nil {
		return 0, s.locate(err)
	}
	el, _ := answer.(component.Element)
	return len(el.XML()), nil
}
