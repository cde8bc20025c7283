package handlers_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers"
	"github.com/iqd-xmpp/iqd/handlers/roster"
)

const fuzzDomain = "iq.example.net"

// FuzzStandard: whatever bytes come in place of one IQ, with all standard handlers
// there is no panic, each request that was read has exactly one reply or is counted
// as one that cannot have any, the reply is well-formed, and the next request is
// answered. A request that is beyond doubt one has its reply.
func FuzzStandard(f *testing.F) {
	for _, tc := range standardRequests() {
		f.Add(tc)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		synctest.Test(t, func(t *testing.T) { fuzzStandard(t, raw) })
	})
}

// standardRequests holds one of each kind that the handlers know.
func standardRequests() (list []string) {
	for _, payload := range []string{
		"<query xmlns='http://jabber.org/protocol/disco#info'/>", "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>",
		"<query xmlns='jabber:iq:last'/>", "<ping xmlns='urn:xmpp:ping'/>", "<time xmlns='urn:xmpp:time'/>", "<query xmlns='jabber:iq:version'/>", "<vCard xmlns='vcard-temp'/>",
		"<query xmlns='jabber:iq:roster' ver=''/>", "<query xmlns='jabber:iq:roster'><item jid='a@example.net' name='A &amp; B'><group>G</group></item></query>",
		"<query xmlns='jabber:iq:roster'><item jid='a@example.net' subscription='remove'/></query>", "<x xmlns='urn:example:nobody'/>", "", "text", "<a/><b/>",
	} {
		for _, typ := range []string{"get", "set"} {
			list = append(list, "<iq type='"+typ+"' id='i' from='juliet@example.net/balcony' to='"+fuzzDomain+"'>"+payload+"</iq>")
		}
	}
	return list
}

// standardMux returns a mux with every standard handler but that of processes, which
// no bubble holds.
func standardMux(t *testing.T) *component.Mux {
	t.Helper()
	mux := component.NewMux()
	reg := handlers.Standard()
	delete(reg, "exec")
	for name, factory := range reg {
		ext, err := factory.Build(func(v any) error {
			if cfg, ok := v.(*roster.Config); ok {
				cfg.Store, cfg.PushToSender = "memory:", true
			}
			return least(v)
		}, component.Env{Name: name, JID: fuzzDomain, Hosts: []string{"example.net"}, StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := mux.Add(ext); err != nil {
			t.Fatal(err)
		}
	}
	return mux
}

func fuzzStandard(t *testing.T, raw string) {
	comp, srv := componenttest.Start(t, component.Config{JID: fuzzDomain, Handler: standardMux(t), Liveness: component.LivenessOff, Log: slog.New(slog.DiscardHandler)},
		componenttest.AllowViolations(), componenttest.As(componenttest.Ejabberd))
	synctest.Wait()
	before := comp.Stats()
	if err := srv.Send(raw); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // all that answers does so at once
	synctest.Wait()
	after := comp.Stats()
	replies := drainReplies(t, srv, "")
	n := int(after.Requests - before.Requests - (after.Unanswered - before.Unanswered))
	itself := int(after.Unsolicited - before.Unsolicited) // replies to what came from its own address
	if len(replies) > n || len(replies)+itself < n {
		t.Errorf("%q: %d requests that can be answered, replies: %q", raw, n, replies)
	}
	if after.Panics != 0 || after.Open != 0 {
		t.Errorf("%q: %+v", raw, after)
	}
	if id, ok := beyondDoubt(raw); ok && after.Lost == 0 && (len(replies) != 1 || replies[0].ID != id) {
		t.Errorf("%q: replies %q, want one with the id %q", raw, replies, id)
	}
	next(t, srv)
}

// A fuzzReply is what encoding/xml makes of a reply.
type fuzzReply struct {
	ID   string `xml:"id,attr"`
	Type string `xml:"type,attr"`
	From string `xml:"from,attr"`
	To   string `xml:"to,attr"`
}

// drainReplies takes what the component has sent and returns the results and
// errors, without the one whose id is fence: until that came, or nothing does.
func drainReplies(t *testing.T, srv *componenttest.Server, fence string) (list []fuzzReply) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		raw, err := srv.Next(ctx)
		cancel()
		if err != nil {
			return list
		}
		r := wellFormed(t, raw)
		if fence != "" && r.ID == fence {
			return append(list, r)
		}
		if strings.HasPrefix(raw, "<iq") && (r.Type == "result" || r.Type == "error") {
			list = append(list, r)
		}
	}
}

// wellFormed decodes a stanza to its last byte.
func wellFormed(t *testing.T, raw string) (r fuzzReply) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(raw))
	err := dec.Decode(&r)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			err = nil
		} else {
			err = fmt.Errorf("more than one element: %v", err)
		}
	}
	if err != nil || r.From == "" || r.To == "" {
		t.Errorf("sent %q: %v", raw, err)
	}
	return r
}

// next makes sure that the next request is answered: on this stream, or on the
// next one where the bytes are half an element.
func next(t *testing.T, srv *componenttest.Server) {
	t.Helper()
	for try := range 400 {
		id := fmt.Sprint("next-", try)
		if srv.Send("<iq type='get' id='"+id+"' from='nurse@example.net/x' to='"+fuzzDomain+"'><ping xmlns='urn:xmpp:ping'/></iq>") == nil {
			if list := drainReplies(t, srv, id); len(list) > 0 && list[len(list)-1].ID == id {
				return
			}
		}
		if try == 2 {
			srv.Cut()
		}
		time.Sleep(time.Second)
	}
	t.Error("the next request is not answered")
}

// plainAddress is what no rule about addresses refuses.
var plainAddress = regexp.MustCompile(`^[a-z]+@example\.(net|org)(/[a-z]+)?$`)

// beyondDoubt returns the id of a request that every reader takes for one, and
// whether it is.
func beyondDoubt(raw string) (id string, ok bool) {
	if strings.ContainsAny(raw, "!?:") || len(raw) > 10_000 {
		return "", false
	}
	dec := xml.NewDecoder(strings.NewReader(raw))
	var r struct {
		XMLName xml.Name
		fuzzReply
	}
	if err := dec.Decode(&r); err != nil || dec.InputOffset() != int64(len(raw)) {
		return "", false
	}
	return r.ID, r.XMLName == xml.Name{Local: "iq"} && (r.Type == "get" || r.Type == "set") && r.ID != "" && r.To == fuzzDomain && plainAddress.MatchString(r.From)
}
