package component

import (
	"context"
	"encoding/xml"
	"log/slog"
	"time"

	"mellium.im/xmpp/disco/info"
)

// A Handler answers IQ requests. It is called concurrently. What it returns is
// the whole answer: a payload or nil makes a result, an *Error that stanza error,
// ErrUnhandled the answer of an unknown namespace, and any other error
// internal-server-error. ctx ends at the deadline of the request.
type Handler interface {
	ServeIQ(ctx context.Context, req *Request) (Payload, error)
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(ctx context.Context, req *Request) (Payload, error)

// ServeIQ calls f.
func (f HandlerFunc) ServeIQ(ctx context.Context, req *Request) (Payload, error) { return f(ctx, req) }

// A Middleware wraps a handler and adds one thing.
type Middleware func(next Handler) Handler

// Address is a set of the kinds of address that a route serves.
type Address uint8

// The kinds of address. The zero Address means Domain. Host and User are not at
// the component: what is asked there comes to us when a server delegates a
// namespace (XEP-0355), and Request.Via names that server.
const (
	Domain   Address = 1 << iota // iq.example.net
	Account                      // anything@iq.example.net
	Resource                     // iq.example.net/anything, anything@iq.example.net/anything
	Host                         // example.net, delegated
	User                         // juliet@example.net or no address at all, which is the asker's own; delegated
)

// A Route says which requests a handler answers.
type Route struct {
	Name    xml.Name      // of the payload; an empty Local is the whole namespace
	At      Address       // zero: Domain
	Get     Handler       // nil: a get is answered with feature-not-implemented
	Set     Handler       // nil: a set is answered with feature-not-implemented
	Quick   bool          // does no I/O and holds no lock over I/O: runs where the stream is read
	Timeout time.Duration // zero: that of the extension
}

// Access says who may use an extension when nobody has said otherwise.
type Access uint8

// The defaults of Extension.Access.
const (
	Anybody    Access = iota // every requester
	LocalUsers               // requesters at Config.Hosts
)

// An Extension is what a handler package hands over: plain data. Discovery is
// read from it, so what is advertised is what is answered.
type Extension struct {
	Name        string                                 // unique in a mux; names the extension in logs and metrics
	Routes      []Route                                // the namespace of each is advertised where the route answers
	Features    []string                               // advertised beside those
	Identities  []info.Identity                        // XEP-0030 identities
	Nodes       Nodes                                  // XEP-0030 nodes, or nil
	Commands    []Command                              // XEP-0050 ad-hoc commands, at the component's domain
	Access      Access                                 // who may use it while Allow is nil
	Allow       func(*Request) bool                    // who may use it; to others it is not there
	Timeout     time.Duration                          // of its requests; zero: Limits.HandlerTimeout
	MaxInFlight int                                    // requests that run at once; zero: 256
	Ordered     bool                                   // one at a time for a bare sender, in order of arrival
	Stanza      func(context.Context, *Stanza)         // gets presence and messages, one at a time, in order
	Run         func(context.Context, Requester) error // runs while the extension is served, over reconnects
	Check       func() error                           // what will keep it from working, found without changing anything
	Health      func() error                           // what is wrong with it now, in one sentence; may be called at any time
	Close       func() error                           // called once, after the last request
}

// Info is what disco#info tells (XEP-0030, 3).
type Info struct {
	Identities []info.Identity
	Features   []string
	Forms      []Payload // XEP-0128
}

// An Item is one line of disco#items (XEP-0030, 4).
type Item struct{ JID, Node, Name string }

// Nodes answers service discovery for the nodes of an extension. Who asks, and
// at which address, is in the request. A node that it does not know is
// ErrUnhandled. An empty node is the component itself: its items are added to
// those of the others.
type Nodes interface {
	NodeInfo(ctx context.Context, req *Request, node string) (Info, error)
	NodeItems(ctx context.Context, req *Request, node string) ([]Item, error)
}

// Env is what a handler's constructor gets to know of the world.
type Env struct {
	Name     string   // of the section
	JID      string   // of the component
	Hosts    []string // whose users are local
	StateDir string   // to keep files in; may not exist yet
	Version  string   // of the program
	Log      *slog.Logger

	Limits      Limits // of the component, with the section's own timeout; zero: not known
	MaxInFlight int    // requests of the section that run at once; zero: not known
}
