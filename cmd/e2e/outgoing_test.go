package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// An asker is a component whose own requests are tested, and the users that it
// asks.
type asker struct {
	srv        *realserver.Server
	comp       *component.Component
	alice, bob *realserver.Client
	cut        func() // ends the connection, as the network may
}

// A reply is what came of a request of our own.
type reply struct {
	resp *component.Response
	err  error
}

// ask sends a request and returns where its outcome comes.
func (a *asker) ask(t *testing.T, to, ns, local string) <-chan reply {
	t.Helper()
	done := make(chan reply, 1)
	err := a.comp.StartIQ(component.Call{To: to, Payload: component.Text(ns, local, "")}, func(r *component.Response, err error) { done <- reply{r, err} })
	if err != nil {
		t.Fatalf("ask %s: %v", to, err)
	}
	return done
}

// asked waits until alice is asked, and returns the id.
func (a *asker) asked() string {
	return realserver.Parse(a.alice.Expect(func(raw string) bool {
		s := realserver.Parse(raw)
		return s.XMLName.Local == "iq" && s.Type == "get" && s.From == a.srv.Component
	}, 10*time.Second)).ID
}

func (a *asker) answer(id, typ, inner string) {
	a.alice.Send(fmt.Sprintf("<iq type='%s' id='%s' to='%s'>%s</iq>", typ, id, a.srv.Component, inner))
}

// TestOutgoing: requests of our own through real servers, and who answers them.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		a := newAsker(t, srv)
		t.Run("O01 result", a.result)
		t.Run("O01 error", a.peerError)
		t.Run("O04 spoofed replies", a.spoofed)
		t.Run("O06 addresses as the server writes them", a.normalised)
		t.Run("O12 reconnect", a.reconnect)
		t.Run("O16 itself", func(t *testing.T) { a.itself(t, srv.Component) })
		t.Run("B18 own address", func(t *testing.T) { a.itself(t, strings.ToUpper(srv.Component[:1])+srv.Component[1:]) })
		t.Run("O17 nobody there", a.nobody)
		if st := a.comp.Stats(); st.Pending > 1 || st.Deaf != 0 {
			t.Errorf("afterwards: %+v", st)
		}
	})
}

func newAsker(t *testing.T, srv *realserver.Server) *asker {
	t.Helper()
	a := &asker{srv: srv}
	var mu sync.Mutex
	var last net.Conn
	a.cut = func() {
		mu.Lock()
		defer mu.Unlock()
		_ = last.Close()
	}
	a.comp = serve(t, srv, component.Config{Handler: testMux(t), Dial: func(ctx context.Context) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", srv.ComponentAddr())
		mu.Lock()
		defer mu.Unlock()
		last = conn
		return conn, err
	}})
	a.alice, a.bob = srv.Login(t, "alice", "Probe"), srv.Login(t, "bob", "orchard")
	return a
}

func (a *asker) result(t *testing.T) {
	done := a.ask(t, a.alice.JID, nsTest, "q")
	a.answer(a.asked(), "result", "<mine xmlns='urn:x'/>")
	if r := <-done; r.err != nil || r.resp.From != a.alice.JID || r.resp.Payload.Name().Local != "mine" {
		t.Errorf("got %+v, %v", r.resp, r.err)
	}
}

func (a *asker) peerError(t *testing.T) {
	done := a.ask(t, a.alice.JID, nsTest, "q")
	a.answer(a.asked(), "error", "<error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
	var pe *component.PeerError
	if r := <-done; !errors.As(r.err, &pe) || pe.Condition != stanza.Forbidden || pe.From != a.alice.JID {
		t.Errorf("got %+v, %v", r.resp, r.err)
	}
}

// spoofed: whoever knows the id is not yet who was asked (CVE-2014-0364).
func (a *asker) spoofed(t *testing.T) {
	other := a.srv.Login(t, "alice", "other")
	defer other.Close()
	before := a.comp.Stats().Spoofed
	done := a.ask(t, a.alice.JID, nsTest, "q")
	id := a.asked()
	to := fmt.Sprintf(" id='%s' to='%s'", id, a.srv.Component)
	for _, c := range []*realserver.Client{a.bob, other} {
		c.Send("<iq type='result'" + to + "><theirs xmlns='urn:x'/></iq>" +
			"<iq type='error'" + to + "><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
		c.IQ(get(a.srv, "fence", "nil", ""))
	}
	a.alice.Send("<message type='error'" + to + "/><presence type='error'" + to + "/>") // CVE-2024-46957
	a.alice.IQ(get(a.srv, "fence", "nil", ""))
	select {
	case r := <-done:
		t.Fatalf("taken for the reply: %+v, %v", r.resp, r.err)
	default:
	}
	a.answer(id, "result", "<mine xmlns='urn:x'/>")
	if r := <-done; r.err != nil || r.resp.Payload.Name().Local != "mine" {
		t.Errorf("got %+v, %v", r.resp, r.err)
	}
	if n := a.comp.Stats().Spoofed - before; n != 4 {
		t.Errorf("%d spoofed replies were counted, want 4", n)
	}
}

// normalised: the reply comes from the address that the server makes of the one
// that was asked (the follow-up of SleekXMPP#278).
func (a *asker) normalised(t *testing.T) {
	for _, to := range []string{"ALICE@LOCALHOST/Probe", "Alice@localhost/Probe"} {
		done := a.ask(t, to, nsTest, "q")
		a.answer(a.asked(), "result", "")
		if r := <-done; r.err != nil {
			t.Errorf("asked %s: %v", to, r.err)
		}
	}
	for _, to := range []string{"LOCALHOST", "localhost"} {
		if r := <-a.ask(t, to, "urn:xmpp:ping", "ping"); r.err != nil {
			t.Errorf("asked %s: %v", to, r.err)
		}
	}
	wide := a.srv.Login(t, "bob", "Ünïcode Ⅳ")
	defer wide.Close()
	done := a.ask(t, "BOB@localhost/Ünïcode Ⅳ", nsTest, "q")
	id := realserver.Parse(wide.Expect(func(s string) bool { return strings.Contains(s, nsTest) }, 10*time.Second)).ID
	wide.Send(fmt.Sprintf("<iq type='result' id='%s' to='%s'/>", id, a.srv.Component))
	if r := <-done; r.err != nil {
		t.Error(r.err)
	}
}

// reconnect: who was asked on one stream may answer on the next.
func (a *asker) reconnect(t *testing.T) {
	done := a.ask(t, a.alice.JID, nsTest, "q")
	id, before := a.asked(), a.comp.Stats().Streams
	a.cut()
	realserver.Eventually(t, 20*time.Second, func() bool { return a.comp.Stats().Streams > before && a.comp.Status().Heard })
	a.answer(id, "result", "<mine xmlns='urn:x'/>")
	if r := <-done; r.err != nil || r.resp.Payload.Name().Local != "mine" {
		t.Errorf("got %+v, %v", r.resp, r.err)
	}
}

// itself: a request to ourselves comes back to be answered, and its answer too.
func (a *asker) itself(t *testing.T, to string) {
	before := a.comp.Stats()
	if r := <-a.ask(t, to, nsTest, "text"); r.err != nil || r.resp.Payload.Text() != "<&>'\"" {
		t.Errorf("got %+v, %v", r.resp, r.err)
	}
	if n := a.comp.Stats().Results - before.Results; n < 1 || n > 2 { // a check of the stream may be among them
		t.Errorf("%d results", n)
	}
}

// nobody: what the server says in place of somebody who is not there.
func (a *asker) nobody(t *testing.T) {
	for _, to := range []string{"bob@localhost/away", "nobody@localhost", "a b@localhost", "x.nowhere.invalid"} {
		var pe *component.PeerError
		if r := <-a.ask(t, to, nsTest, "q"); !errors.As(r.err, &pe) || pe.Condition == "" {
			t.Errorf("asked %s: %+v, %v", to, r.resp, r.err)
		}
	}
}
