// Package component puts a service behind an XMPP server.
//
// It connects to Prosody, ejabberd or any other server as an external component
// (XEP-0114), hands each incoming IQ request to the handler registered for the
// namespace of its payload, and sends exactly one reply, in time, whatever the
// handler does. What no handler takes is answered with an error.
//
// A handler returns its answer. It never sends one, so it can neither forget to
// reply nor reply twice:
//
//	mux := component.NewMux()
//	mux.HandleGet("urn:example:hello", "hello", func(ctx context.Context, req *component.Request) (component.Payload, error) {
//		return component.Text("urn:example:hello", "hello", "Hello, "+req.From), nil
//	})
//	err := component.Run(ctx, component.Config{
//		JID: "hello.example.net", Server: "127.0.0.1:5347", Secret: "secret", Handler: mux,
//	})
//
// An Extension is more than one handler: routes, service discovery, and ad-hoc
// commands (XEP-0050) with data forms (XEP-0004), which people run from the menu
// of their client.
//
// The rule above all others: nothing that a server may forward closes the
// stream, for one stream carries every user. Addresses and ids are opaque bytes
// that come back as they came; they are parsed when a handler asks for it.
//
// A server can delegate a namespace to a component (XEP-0355): its users ask their
// own server or their own account, and a Route says with Host and User that it
// answers there. Only Config.Hosts may delegate.
//
// All exported functions and methods are safe for concurrent use unless their
// documentation says otherwise.
package component
