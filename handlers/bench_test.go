package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/iqd-xmpp/iqd/handlers/disco"
)

// What a request costs from the mux to the encoded payload. Reading, the ledger
// and the socket are not in it.
func BenchmarkReply(b *testing.B) {
	reg := handlers.Standard()
	reg["disco"] = handlers.With(manyItems, disco.New)
	mux := component.NewMux()
	for _, name := range []string{"disco", "ping", "version", "time", "last", "vcard"} {
		ext, err := reg[name].Build(nothing, component.Env{Name: name, JID: "iq.example.net", Version: "1.2.3"})
		if err != nil {
			b.Fatal(err)
		}
		if err := mux.Add(ext); err != nil {
			b.Fatal(err)
		}
	}
	for _, bm := range []struct{ name, payload string }{
		{"ping", "<ping xmlns='urn:xmpp:ping'/>"},
		{"version", "<query xmlns='jabber:iq:version'/>"},
		{"time", "<time xmlns='urn:xmpp:time'/>"},
		{"last", "<query xmlns='jabber:iq:last'/>"},
		{"vcard", "<vCard xmlns='vcard-temp'/>"},
		{"info", "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
		{"items 100", "<query xmlns='http://jabber.org/protocol/disco#items'/>"},
		{"items 10 of 100", "<query xmlns='http://jabber.org/protocol/disco#items'>" +
			"<set xmlns='http://jabber.org/protocol/rsm'><max>10</max><index>50</index></set></query>"},
	} {
		b.Run(bm.name, func(b *testing.B) { benchmarkPayload(b, mux, bm.payload) })
	}
}

func manyItems() disco.Config {
	cfg := disco.DefaultConfig()
	for i := range 100 {
		cfg.Items = append(cfg.Items, disco.Item{JID: fmt.Sprintf("room%d.example.net", i), Name: "A room for talks"})
	}
	return cfg
}

// benchmarkPayload answers a request over and over inside of one reply, for only
// there is an encoder. That reply is then given up.
func benchmarkPayload(b *testing.B, h component.Handler, payload string) {
	left := b.N
	chunk := component.HandlerFunc(func(ctx context.Context, req *component.Request) (component.Payload, error) {
		return component.PayloadFunc(func(e *component.Encoder) {
			n := min(left, 1000)
			left -= n
			e.Start("urn:example:bench", "all")
			b.StartTimer()
			for range n {
				answer(b, h, ctx, req, e)
			}
			b.StopTimer()
			if err := e.Err(); err != nil {
				b.Errorf("encode: %v", err)
			}
			e.Fail(errors.New("not to be sent"))
		}), nil
	})
	_, srv := componenttest.Start(b, component.Config{
		Handler: chunk, Log: slog.New(slog.DiscardHandler), Limits: component.Limits{MaxReplyBytes: 1 << 28},
	})
	b.StopTimer()
	b.ReportAllocs()
	b.ResetTimer()
	for left > 0 && !b.Failed() {
		if err := srv.Send("<iq type='get' id='1' from='juliet@example.net/b' to='iq.example.net'>" + payload + "</iq>"); err != nil {
			b.Fatal(err)
		}
		if _, err := srv.NextID(b.Context(), "1"); err != nil {
			b.Fatal(err)
		}
	}
}

func answer(b *testing.B, h component.Handler, ctx context.Context, req *component.Request, e *component.Encoder) {
	p, err := h.ServeIQ(ctx, req)
	if err != nil {
		b.Errorf("answer: %v", err)
	}
	if p != nil {
		p.EncodeXML(e)
	}
}
