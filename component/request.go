package component

import (
	"cmp"
	"context"
	"encoding/xml"
	"sync/atomic"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// A Request is one IQ of type get or set. It owns its bytes: a handler may keep
// it. Its strings are as received, for servers forward addresses that no JID
// library takes.
type Request struct {
	Type               stanza.IQType
	ID, From, To, Lang string
	Name               xml.Name // of the payload
	Via                string   // the server that delegates it (XEP-0355), or empty; then To may be empty too

	payload wire.Element
	comp    *Component
	mux     *Mux
	rt      *route                   // that the component goes by
	rare    atomic.Pointer[rare]     // what most have not, or nil
	ctx     atomic.Pointer[ctxState] // once something has asked for it
	ended   atomic.Uint32            // why the context has
	at      Address
	entry   entry
}

// rare is the part of a request that most requests do without.
type rare struct {
	outer  *Request              // what a delegated request came in, or nil
	called atomic.Pointer[route] // that a mux found which is called as a handler, or nil
	after  []func(context.Context, Requester)
}

// uncommon returns the rare part, to write to it.
func (r *Request) uncommon() *rare {
	if x := r.rare.Load(); x != nil {
		return x
	}
	r.rare.CompareAndSwap(nil, new(rare))
	return r.rare.Load()
}

// outer returns what a delegated request came in, or nil.
func (r *Request) outer() *Request {
	if x := r.rare.Load(); x != nil {
		return x.outer
	}
	return nil
}

// An entry is the line of a request in the ledger.
type entry struct {
	late     bool        // answered by the deadline while its handler runs
	running  bool        // its handler has been called and has not returned
	check    bool        // it makes sure of the stream, and nobody will miss its reply
	answered atomic.Bool // whoever sets it answers
	heap     int32       // place in the heap of deadlines plus one; 0: not in it
	size     int32       // bytes it holds
	got      int64       // when it was read, ns since the component's epoch
	deadline int64       // ns since the component's epoch
	account  *account    // who is charged for it; nil: nobody
	chain    *chain      // of its sender, in an ordered extension
}

// Payload returns the payload. It cannot fail: it was checked when it was read.
func (r *Request) Payload() Element { return Element{r.payload} }

// TokenReader returns the tokens of the payload, for the decoders of encoding/xml
// and mellium.im/xmpp. Each call returns a fresh reader.
func (r *Request) TokenReader() xml.TokenReader { return r.payload.TokenReader() }

// Decode decodes the payload as encoding/xml does. Its error is a bad-request.
func (r *Request) Decode(v any) error {
	if err := r.Payload().Decode(v); err != nil {
		return Errorf(stanza.BadRequest, "%s", err)
	}
	return nil
}

// FromJID parses who asks. Its error is a jid-malformed.
func (r *Request) FromJID() (jid.JID, error) { return parseJID(r.From) }

// ToJID parses who is asked. Its error is a jid-malformed.
func (r *Request) ToJID() (jid.JID, error) { return parseJID(r.To) }

// Owner returns the bare JID of the account whose data is asked for: the one
// that a delegated request is addressed to (XEP-0355), else the asker's own. Of a
// delegated request anybody may be the asker: compare with From before you tell
// or change what is not for everybody. Its error is a jid-malformed.
func (r *Request) Owner() (jid.JID, error) {
	if r.at == User && r.To != "" {
		return parseJID(r.To)
	}
	return parseJID(bareOf(r.From))
}

func parseJID(s string) (jid.JID, error) {
	j, err := jid.Parse(s)
	if err != nil {
		return jid.JID{}, Errorf(stanza.JIDMalformed, "%q: %s", s, err)
	}
	return j, nil
}

// Local reports whether the asker lives at one of Config.Hosts.
func (r *Request) Local() bool { return r.comp != nil && r.comp.local(r.From) }

// At returns the kind of address that is asked.
func (r *Request) At() Address { return r.at }

// Handler returns the name of the extension that answers, or an empty string.
func (r *Request) Handler() string {
	rt := r.rt
	if x := r.rare.Load(); x != nil {
		rt = cmp.Or(x.called.Load(), rt)
	}
	if rt == nil {
		return ""
	}
	return rt.inst.ext.Name
}

// Mux returns the mux that routes the request, for discovery.
func (r *Request) Mux() *Mux { return r.mux }

// Received returns when the request was read.
func (r *Request) Received() time.Time {
	if r.comp == nil {
		return time.Time{}
	}
	return r.comp.epoch.Add(time.Duration(r.entry.got))
}

// Requester returns what sends requests of our own.
func (r *Request) Requester() Requester { return r.comp }

// AfterReply has f called once the reply to this request is queued for the
// server, or dropped, so that what f sends follows the reply. It is called by the
// handler, before that returns; f runs on the handler's goroutine.
func (r *Request) AfterReply(f func(context.Context, Requester)) {
	x := r.uncommon()
	x.after = append(x.after, f)
}
