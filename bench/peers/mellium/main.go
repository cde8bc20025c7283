// Command mellium is the benchmark's component with mellium.im/xmpp used plainly:
// a session, the library's mux, its handlers for ping and discovery.
package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"mellium.im/xmpp/component"
	"mellium.im/xmpp/disco"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/mux"
	"mellium.im/xmpp/ping"
	"mellium.im/xmpp/roster"
	"mellium.im/xmpp/stanza"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mellium:", err)
		os.Exit(1)
	}
}

func run() error {
	contacts, err := strconv.Atoi(os.Getenv("BENCH_ROSTER_ITEMS"))
	if err != nil {
		return fmt.Errorf("BENCH_ROSTER_ITEMS: %w", err)
	}
	addr, err := jid.Parse(os.Getenv("BENCH_JID"))
	if err != nil {
		return fmt.Errorf("BENCH_JID: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+os.Getenv("BENCH_PORT"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	session, err := component.NewSession(ctx, addr, []byte(os.Getenv("BENCH_SECRET")), conn)
	if err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	return session.Serve(newMux(newStore(contacts)))
}

func newMux(st *store) *mux.ServeMux {
	query := func(space string) xml.Name { return xml.Name{Space: space, Local: "query"} }
	return mux.New(component.NSAccept,
		disco.Handle(),
		ping.Handle(),
		mux.Feature(features{}),
		mux.Ident(identity{}),
		mux.IQ(stanza.GetIQ, query(roster.NS), discovered{mux.IQHandlerFunc(st.get)}),
		mux.IQFunc(stanza.SetIQ, query(roster.NS), st.set),
		mux.IQFunc(stanza.GetIQ, query("urn:bench:slow"), sleep),
		mux.IQFunc(stanza.GetIQ, query("urn:bench:liar"), sleep),
		mux.IQFunc(stanza.GetIQ, query(nsSink), sink),
	)
}
