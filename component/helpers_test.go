package component_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const (
	nsTest  = "urn:example:test"
	domain  = "iq.example.net"
	juliet  = "juliet@example.net/balcony"
	romeo   = "romeo@example.net/orchard"
	patient = 40 * time.Second // for what is to come; a test that waits that long has failed
)

// A rig is a component, its server, and the test that holds both.
type rig struct {
	t    *testing.T
	comp *component.Component
	srv  *componenttest.Server
	n    int

	loose bool // the stream may be anything but up and idle at the end of the test
}

// quiet is the configuration of a component whose log nobody reads.
func quiet(h component.Handler) component.Config {
	return component.Config{Handler: h, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// begin starts a component, and at the end of the test holds its books to the
// promise: each request that was read has exactly one fate, and no place is left
// taken.
func begin(t *testing.T, cfg component.Config, opts ...componenttest.Option) *rig {
	t.Helper()
	r := &rig{t: t}
	t.Cleanup(func() {
		if r.comp == nil {
			return
		}
		s := r.comp.Stats()
		if s.Requests != s.Results+s.Errors+s.Unanswered || s.Open > int(s.Unconfirmed) && !r.loose || s.Pending != 0 {
			t.Errorf("the books do not balance: %+v", s)
		}
	})
	r.comp, r.srv = componenttest.Start(t, cfg, opts...)
	t.Cleanup(func() { // runs before the component is stopped
		if !r.loose {
			r.wait("the stream is proven and every place is free", func() bool { return r.comp.Status().Heard && r.comp.Stats().Open == 0 })
		}
	})
	return r
}

// serve starts a component with one handler for gets and sets of nsTest.
func serve(t *testing.T, quick bool, h component.HandlerFunc, opts ...componenttest.Option) *rig {
	t.Helper()
	return begin(t, quiet(muxOf(t, component.Extension{
		Name: "test", Routes: []component.Route{{Name: name("q"), Get: h, Set: h, Quick: quick}},
	})), opts...)
}

func (r *rig) send(raw string) {
	r.t.Helper()
	if err := r.srv.Send(raw); err != nil {
		r.t.Fatalf("send %.200s: %v", raw, err)
	}
}

// reply waits for the stanza with that id.
func (r *rig) reply(id string) reply {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patient)
	defer cancel()
	raw, err := r.srv.NextID(ctx, id)
	if err != nil {
		r.t.Fatalf("no stanza with id %q came: %v\n%+v", id, err, r.comp.Stats())
	}
	return parseReply(r.t, raw)
}

// next waits for the next stanza, whatever it is.
func (r *rig) next() reply {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patient)
	defer cancel()
	raw, err := r.srv.Next(ctx)
	if err != nil {
		r.t.Fatalf("no stanza came: %v\n%+v", err, r.comp.Stats())
	}
	return parseReply(r.t, raw)
}

// id returns an id that was not used before.
func (r *rig) id() string {
	r.n++
	return fmt.Sprintf("id-%d", r.n)
}

// get sends a request of nsTest and returns its id.
func (r *rig) get(from string) string {
	r.t.Helper()
	id := r.id()
	r.send(iq("get", id, from, domain, query))
	return id
}

// ask sends a request of nsTest and waits for its reply.
func (r *rig) ask(from string) reply {
	r.t.Helper()
	return r.reply(r.get(from))
}

// alive makes sure that the stream is up and that the next request is answered,
// and that nothing else has come before that: extra replies would be in the way.
func (r *rig) alive() {
	r.t.Helper()
	id := r.id()
	r.send(iq("get", id, "nurse@example.net/"+id, domain, "<ping xmlns='urn:example:nobody'/>"))
	if got := r.next(); got.id != id {
		r.t.Fatalf("something else came before the answer to the fence %q: %s", id, got.raw)
	}
}

// wait waits until ok holds; it is looked at again each time the world turned.
func (r *rig) wait(what string, ok func() bool) {
	r.t.Helper()
	waitFor(r.t, what, ok)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// idle waits until every request has been answered.
func (r *rig) idle() {
	r.t.Helper()
	r.wait("no request is open", func() bool { return r.comp.Stats().Open == 0 })
}

const query = "<q xmlns='" + nsTest + "'/>"

func iq(typ, id, from, to, payload string) string {
	return "<iq type='" + typ + "' id='" + id + "' from='" + from + "' to='" + to + "'>" + payload + "</iq>"
}

// A reply is an IQ, as far as tests look at it.
type reply struct {
	typ, id, from, to  string
	cond, errTyp, text string
	el                 component.Element
	raw                string
}

func parseReply(t testing.TB, raw string) reply {
	t.Helper()
	el, err := component.ParseElement(raw)
	if err != nil {
		t.Fatalf("component wrote what is no XML: %v\n%s", err, raw)
	}
	r := replyOf(el)
	r.raw = raw
	return r
}

func replyOf(el component.Element) reply {
	r := reply{typ: el.Get("type"), id: el.Get("id"), from: el.Get("from"), to: el.Get("to"), el: el}
	e := el.Child("", "error")
	r.errTyp = e.Get("type")
	for c := range e.Children() {
		switch {
		case c.Name().Space != "urn:ietf:params:xml:ns:xmpp-stanzas":
		case c.Name().Local == "text":
			r.text = c.Text()
		default:
			r.cond = c.Name().Local
		}
	}
	return r
}

// wants fails unless the reply is what is wanted: "result", or a condition.
func (r reply) wants(t testing.TB, want string) {
	t.Helper()
	switch {
	case want == "result" && r.typ == "result":
	case r.typ == "error" && r.cond == want:
	default:
		t.Errorf("got %s, want %s", r.raw, want)
	}
}

func name(local string) xml.Name { return xmlName(nsTest, local) }

func xmlName(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }

func muxOf(t testing.TB, exts ...component.Extension) *component.Mux {
	t.Helper()
	m := component.NewMux()
	for _, e := range exts {
		if err := m.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// A gate holds handlers up until it is opened.
type gate struct {
	once sync.Once
	ch   chan struct{}
}

func newGate() *gate { return &gate{ch: make(chan struct{})} }

func (g *gate) open() { g.once.Do(func() { close(g.ch) }) }

// A logbook keeps what was logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logbook) info() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logbook) has(s string) bool { return strings.Contains(l.String(), s) }

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func result(context.Context, *component.Request) (component.Payload, error) { return nil, nil }

func bothWays(t *testing.T, f func(t *testing.T, quick bool)) {
	t.Helper()
	for label, quick := range map[string]bool{"quick": true, "slow": false} {
		t.Run(label, func(t *testing.T) { f(t, quick) })
	}
}
