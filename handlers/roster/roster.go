// Package roster keeps rosters at the component's own address, as a server keeps
// those of its accounts (RFC 6121, 2). Whoever asks has one of their own: the
// owner is the bare JID of the asker, and there is no way to another's.
//
// These are not the rosters that stock clients show: those they ask of their own
// server, and a push from anybody else they refuse (RFC 6121, 2.1.6). A roster
// kept here is for programs that want one, such as bots, gateways and groups of
// devices. It decides on nobody's presence, so the subscription of its items is
// always "none".
//
// A server can delegate its rosters to us, and stock clients see these
// then. Their owners, and nobody else, read and change them by way of the server.
// Who asks that way gets no pushes: they would have to come from the own account,
// for which we cannot speak, so a client sees the changes of others when it logs
// in. What the server keeps for itself, such as who may see whose presence, stays.
//
// A change is answered first and then pushed to the owner's other resources that
// have asked for the roster here and are not gone since. RFC 6121, 2.3.2 has the
// resource that made the change pushed to as well; it is when
// Config.PushToSender says so, or when the answer came too late.
//
// A resource never gets a push after one that it has missed: its version stays
// one that it really has. Pushes are sent at once, up to 128 that a resource has
// not answered. They wait behind that, behind one without an answer for 5 s, and
// behind one that was under way when the stream broke. When a push fails, finds
// no room, or has no answer in time, and when a store cannot say whether it made
// a change, the resource gets no more pushes until it asks again.
package roster

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// NS is the namespace of rosters (RFC 6121, 2.1.1).
const NS = "jabber:iq:roster"

// A Store keeps rosters apart by their owner's bare JID, as RFC 7622 normalises
// it. It is called concurrently. Each change gives the roster a version that is
// higher than all that this owner's roster ever had.
//
// A Store that is an io.Closer is closed with the extension. One that has a
// method Open(context.Context) error is opened before the first request, so that
// what is wrong is known before somebody asks; it is asked all the same. One that
// has a method Check() error can say so without being opened.
type Store interface {
	// Roster returns what changed in the roster of owner after the version since,
	// or all of it if that is not remembered or since is store.Everything.
	Roster(ctx context.Context, owner string, since int64) (store.Roster, error)

	// Set adds an item, or puts it in the place of the one with its JID, and
	// returns the version of the roster. It keeps no string of the item without
	// copying it. Its errors are store.ErrItems, ErrBytes, ErrOwners, or internal.
	// After an internal one that is not store.ErrUnchanged the change may have been
	// made: the owner's resources get no more pushes until they ask again.
	Set(ctx context.Context, owner string, item store.Item) (int64, error)

	// Remove removes an item and returns the version of the roster. Its errors are
	// store.ErrNotFound, or internal as those of Set.
	Remove(ctx context.Context, owner, jid string) (int64, error)
}

// New returns an extension that keeps rosters in the store that cfg names.
func New(cfg Config, env component.Env) (component.Extension, error) {
	if err := cfg.validate(); err != nil {
		return component.Extension{}, err
	}
	s, quick, err := cfg.newStore(env.StateDir)
	if err != nil {
		return component.Extension{}, err
	}
	ext := extension(s, cfg, cmp.Or(env.Log, slog.Default()))
	ext.Routes[0].Quick = quick
	return ext, nil
}

// NewWith returns an extension that keeps rosters in a store of the caller's. Of
// cfg it uses what is no business of the store: MaxName, MaxGroups and
// PushToSender. It logs to slog.Default().
func NewWith(s Store, cfg Config) component.Extension { return extension(s, cfg, slog.Default()) }

func extension(s Store, cfg Config, log *slog.Logger) component.Extension {
	h := &handler{store: s, cfg: cfg, log: log, interest: newInterest()}
	ext := component.Extension{
		Name: "roster",
		Routes: []component.Route{{
			Name: xml.Name{Space: NS, Local: "query"},
			Get:  component.HandlerFunc(h.get),
			Set:  component.HandlerFunc(h.set),
		}},
		Access:  component.LocalUsers,
		Ordered: true,
		Stanza:  h.presence,
	}
	if o, ok := s.(interface{ Open(context.Context) error }); ok {
		ext.Run = func(ctx context.Context, _ component.Requester) error {
			if err := o.Open(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("open store: %w", err)
			}
			<-ctx.Done()
			return nil
		}
	}
	if c, ok := s.(interface{ Check() error }); ok {
		ext.Check = c.Check
	}
	if c, ok := s.(io.Closer); ok {
		ext.Close = c.Close
	}
	return ext
}

type handler struct {
	store    Store
	cfg      Config
	log      *slog.Logger
	minute   minute // between complaints
	interest *interest
}
