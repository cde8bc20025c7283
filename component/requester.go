package component

import (
	"context"

	"mellium.im/xmpp/stanza"
)

// A Call is an IQ request of our own.
type Call struct {
	Type    stanza.IQType // get or set; empty: get
	To      string        // who is asked; required
	From    string        // empty: the component's own address. It has to be at the component's domain
	Lang    string        // xml:lang, or empty
	Payload Payload       // required
}

// A Response is the result of an IQ request of our own.
type Response struct {
	From    string  // who answered, as received
	Payload Element // absent when the result was empty
}

// A Stanza is a presence or a message: sent by Requester.Send, or received by
// Extension.Stanza.
type Stanza struct {
	Kind       string // "presence" or "message"
	Type       string // as in the stanza; empty: available, normal
	To, From   string // as received. To send: To is required, an empty From is the component's own address
	ID, Lang   string
	Payloads   []Payload // to send
	Element    Element   // as received: the whole stanza
	HasPayload bool      // as received: whether anything is in it
}

// A Requester sends stanzas to the server. An address in From that is not the
// component's own is refused here, before anything is written. It is used by any
// number of goroutines at once.
type Requester interface {
	// SendIQ sends a request and waits for its reply: until ctx ends, and at most
	// for Config.CallTimeout. The error is a *PeerError, a *TimeoutError,
	// ErrShutdown, ErrOverload, the cause of ctx, or says why the call could not
	// be encoded. A reply counts only from the peer that was asked (RFC 6120,
	// 8.1.2). A request outlives a reconnect until its deadline.
	SendIQ(ctx context.Context, call Call) (*Response, error)

	// StartIQ sends a request and returns at once, so that requests started one
	// after the other are sent in that order. When the reply is there, or will
	// not come, done is called once on a goroutine of its own; nil: nobody asks.
	StartIQ(call Call, done func(*Response, error)) error

	// Send sends a presence or a message: at once, or when the stream is back. The
	// error is ErrShutdown, ErrOverload, or says why it could not be encoded.
	Send(s Stanza) error
}
