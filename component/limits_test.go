package component_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestLimits: who is over a limit is told so at once and may come again; nobody
// else is harmed, and each place is free afterwards (checklist 39, Q32, N23).
func TestLimits(t *testing.T) {
	big := "<sleep xmlns='" + nsTest + "'>" + strings.Repeat("x", 100_000) + "</sleep>"
	flood := func(n int, from func(i int) string, payload string) []string {
		var out []string
		for i := range n {
			out = append(out, iq("get", fmt.Sprint("f", i), from(i), domain, payload))
		}
		return out
	}
	one := func(int) string { return juliet }
	resources := func(i int) string { return fmt.Sprintf("juliet@example.net/%d", i) }
	foreigners := func(i int) string { return fmt.Sprintf("u%d@evil.example.org/x", i) }
	locals := func(i int) string { return fmt.Sprintf("u%d@example.net/x", i) }
	for label, tc := range map[string]struct {
		limits  component.Limits
		flood   []string
		pass    int    // of the flood
		harmed  string // who is over a limit
		healthy string // who is not; empty: nobody
	}{
		"Q32 per sender":        {component.Limits{PerSender: 10}, flood(30, one, sleepQuery), 10, juliet, romeo},
		"Q32 per sender, bare":  {component.Limits{PerSender: 10}, flood(30, resources, sleepQuery), 10, "juliet@example.net", romeo},
		"per domain":            {component.Limits{PerDomain: 10}, flood(30, foreigners, sleepQuery), 10, "new@evil.example.org/x", "u@good.example.org"},
		"not of own domain":     {component.Limits{PerDomain: 10}, flood(30, locals, sleepQuery), 30, "", "u@example.net/new"},
		"in flight":             {component.Limits{InFlight: 10}, flood(30, locals, sleepQuery), 10, romeo, ""},
		"bytes":                 {component.Limits{MaxBufferedBytes: 2 << 20}, flood(30, locals, big), 20, romeo, ""},
		"bytes of a sender":     {component.Limits{MaxBufferedBytes: 8 << 20}, flood(30, one, big), 10, juliet, romeo},
		"bytes of a domain":     {component.Limits{MaxBufferedBytes: 8 << 20}, flood(40, foreigners, big), 20, "new@evil.example.org/x", "u@good.example.org"},
		"one large is no flood": {component.Limits{MaxBufferedBytes: 1 << 20}, flood(1, one, "<sleep xmlns='"+nsTest+"'>"+strings.Repeat("x", 500_000)+"</sleep>"), 1, "", romeo},
	} {
		t.Run(label, func(t *testing.T) {
			g := newGate()
			defer g.open()
			cfg := quiet(two(t, component.Extension{MaxInFlight: 4}, false, func(context.Context, *component.Request) (component.Payload, error) {
				<-g.ch
				return nil, nil
			}))
			cfg.Limits = tc.limits
			r := begin(t, cfg)
			r.wait("the check of the stream is done", func() bool { s := r.comp.Stats(); return s.Results > 0 && s.Open == 0 })
			r.send(strings.Join(tc.flood, ""))
			for range len(tc.flood) - tc.pass {
				got := r.next()
				if got.wants(t, "resource-constraint"); got.errTyp != "wait" {
					t.Errorf("got %s", got.raw)
				}
			}
			if n := r.comp.Stats().Overloads; int(n) != len(tc.flood)-tc.pass {
				t.Errorf("Overloads = %d, want %d", n, len(tc.flood)-tc.pass)
			}
			if tc.healthy != "" {
				r.ask(tc.healthy).wants(t, "result")
				r.send(iq("get", "healthy", tc.healthy, domain, sleepQuery))
			}
			if tc.harmed != "" {
				id := r.id()
				r.send(iq("get", id, tc.harmed, domain, sleepQuery+""))
				if tc.limits.MaxBufferedBytes == 0 { // a small one more may fit
					r.reply(id).wants(t, "resource-constraint")
				}
			}
			g.open()
			r.idle()
			r.wait("every byte is given back", func() bool { return r.comp.Stats().Buffered == 0 })
			for i := range len(tc.flood) {
				r.send(iq("get", fmt.Sprint("g", i), juliet, domain, sleepQuery))
				r.reply(fmt.Sprint("g", i)).wants(t, "result")
			}
		})
	}
}

// The bytes of a request are given back with its place, though the sender has
// others open.
func TestBytesAreGivenBack(t *testing.T) {
	g := newGate()
	defer g.open()
	cfg := quiet(two(t, component.Extension{}, false, func(_ context.Context, req *component.Request) (component.Payload, error) {
		if req.ID == "hang" {
			<-g.ch
		}
		return nil, nil
	}))
	cfg.Limits.MaxBufferedBytes = 8 << 20
	r := begin(t, cfg)
	r.send(iq("get", "hang", juliet, domain, sleepQuery))
	big := "<sleep xmlns='" + nsTest + "'>" + strings.Repeat("x", 100_000) + "</sleep>"
	for i := range 50 {
		id := fmt.Sprint("b", i)
		r.send(iq("get", id, juliet, domain, big))
		r.reply(id).wants(t, "result")
	}
	g.open()
	r.reply("hang").wants(t, "result")
}

// A quick handler is not charged for: it holds nothing up.
func TestQuickIsNotCharged(t *testing.T) {
	cfg := quiet(two(t, component.Extension{}, true, result))
	cfg.Limits.PerSender = 1
	r := begin(t, cfg)
	var b strings.Builder
	for i := range 200 {
		b.WriteString(iq("get", fmt.Sprint("f", i), juliet, domain, query))
	}
	r.send(b.String())
	for i := range 200 {
		r.reply(fmt.Sprint("f", i)).wants(t, "result")
	}
}

// TestValidate names what makes no sense (C05, C06).
func TestValidate(t *testing.T) {
	good := func() component.Config {
		return component.Config{JID: domain, Server: "127.0.0.1:5347", Secret: "s", Handler: component.NewMux()}
	}
	for want, change := range map[string]func(*component.Config){
		"":                   func(*component.Config) {},
		"no domain":          func(c *component.Config) { c.JID = "a@b" },
		"component JID":      func(c *component.Config) { c.JID = "" },
		"to be written":      func(c *component.Config) { c.JID = "IQ.example.net" },
		"host":               func(c *component.Config) { c.Hosts = []string{"a/b"} },
		"secret":             func(c *component.Config) { c.Secret = "" },
		"server address":     func(c *component.Config) { c.Server = "" },
		"no handler":         func(c *component.Config) { c.Handler = nil },
		"unhandled":          func(c *component.Config) { c.Unhandled = "gone" },
		"conflict":           func(c *component.Config) { c.Conflict = "x" },
		"liveness":           func(c *component.Config) { c.Liveness = "x" },
		"max_stanza_bytes":   func(c *component.Config) { c.Limits.MaxStanzaBytes = 9999 },
		"max_reply_bytes":    func(c *component.Config) { c.Limits.MaxReplyBytes = -1 },
		"max_depth":          func(c *component.Config) { c.Limits.MaxDepth = 7 },
		"in_flight":          func(c *component.Config) { c.Limits.InFlight = -1 },
		"handler_timeout":    func(c *component.Config) { c.Limits.HandlerTimeout = 2 * time.Hour },
		"drain_timeout":      func(c *component.Config) { c.Limits.DrainTimeout = -1 },
		"max_buffered_bytes": func(c *component.Config) { c.Limits.MaxBufferedBytes = 1000 },
	} {
		cfg := good()
		change(&cfg)
		_, err := component.New(cfg)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("New() = %v, want %q", err, want)
		}
	}
	if err := component.Run(t.Context(), component.Config{}); err == nil {
		t.Error("Run() of an empty configuration returned no error")
	}
}
