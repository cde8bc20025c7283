package component_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// billionLaughs is an entity that grows a thousand million times when it is expanded.
func billionLaughs() string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE iq [<!ENTITY l0 'lol'>")
	for i := range 9 {
		fmt.Fprintf(&b, "<!ENTITY l%d '%s'>", i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
	}
	b.WriteString("]>")
	return b.String()
}

// TestEntities: no entity is ever declared, wherever it is tried (RFC 6120, 11.1).
func TestEntities(t *testing.T) {
	use := iq("get", "1", juliet, domain, "<q xmlns='"+nsTest+"'>&l9;</q>")
	header := strings.TrimPrefix(rawHeader, "<?xml version='1.0'?>") + "id-7'>"
	for label, talk := range map[string]func(c *rawConn){
		"CVE-2011-1753 in the stream": func(c *rawConn) {
			c.header("id-7")
			c.until("</handshake>")
			c.write("<handshake/>" + billionLaughs() + use)
		},
		"CVE-2011-1753 before the header": func(c *rawConn) { c.until("?>"); c.until(">"); c.write(billionLaughs() + header + use) },
		"CVE-2011-1753 in the handshake":  func(c *rawConn) { c.header("id-7"); c.until("</handshake>"); c.write(billionLaughs() + use) },
	} {
		t.Run(label, func(t *testing.T) {
			called := false
			s := newRawTCP(t)
			comp := s.start(off(muxOf(t, component.Extension{Name: "x", Routes: []component.Route{{Name: name("q"),
				Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { called = true; return nil, nil })}}})))
			c := s.accept()
			before := heapInUse()
			talk(c)
			_ = c.rest()
			waitFor(t, "it says why", func() bool {
				err := comp.Status().Err
				return err != nil && strings.Contains(err.Error(), "restricted-xml")
			})
			if grown := heapInUse() - before; grown > 1<<20 {
				t.Errorf("%d bytes more in use", grown)
			}
			s.online()
			if called {
				t.Error("a request behind a DOCTYPE was handled")
			}
		})
	}
}

// TestManyReconnects: of a stream that has ended nothing is left (CVE-2022-0217:
// the parsers of closed streams were).
func TestManyReconnects(t *testing.T) {
	n := 10_000
	if raceEnabled || testing.Short() {
		n = 1_000
	}
	t.Run("CVE-2022-0217 streams", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := serve(t, true, result)
			var base int64
			for i := range n {
				r.proven()
				r.srv.Cut()
				r.streams(i + 2)
				if i == n/10 {
					base = heapInUse()
				}
			}
			if grown := heapInUse() - base; grown > 1<<20 {
				t.Errorf("%d bytes more in use after %d streams", grown, n)
			}
			r.alive()
		})
	})
}

// TestNoCompression: we ask for none, whatever is offered, so that a small stanza
// stays small (CVE-2014-2744: compressed bombs).
func TestNoCompression(t *testing.T) {
	t.Run("CVE-2014-2744 offered", func(t *testing.T) {
		s := newRawTCP(t)
		s.start(off(muxOf(t)))
		c := s.online()
		c.write("<stream:features><compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression></stream:features>" +
			iq("get", "1", juliet, domain, query))
		if got := c.until("</iq>"); strings.Contains(got, "compress") || !strings.HasPrefix(got, "<iq type='error' id='1'") {
			t.Errorf("got %s", got)
		}
	})
}

// TestEndlessStanza: a stanza that never ends is bounded in memory while it is
// fast (CVE-2021-32918), and in time while it drips.
func TestEndlessStanza(t *testing.T) {
	head := "<iq type='get' id='1' from='" + juliet + "' to='" + domain + "'>"
	for label, begin := range map[string]string{
		"CVE-2021-32918 text":      head + "<q xmlns='" + nsTest + "'>",
		"CVE-2021-32918 attribute": "<iq type='get' id='",
		"CVE-2021-32918 name":      head + "<",
	} {
		t.Run(label, func(t *testing.T) {
			s := newRawTCP(t)
			s.start(off(muxOf(t)))
			c := s.online()
			before := heapInUse()
			c.write(begin)
			piece := strings.Repeat("x", 1<<20)
			for range 64 {
				c.write(piece)
			}
			if grown := heapInUse() - before; grown > 8<<20 {
				t.Errorf("%d bytes more in use after 64 MiB", grown)
			}
		})
	}
	t.Run("B10 a byte a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newRaw(t)
			s.start(quiet(muxOf(t)))
			c := s.online()
			go func() { _, _ = io.Copy(io.Discard, c.br) }()
			start := time.Now()
			for _, err := io.WriteString(c, head); err == nil; time.Sleep(time.Second) {
				_, err = io.WriteString(c, "x")
			}
			if took := time.Since(start); took > 3*time.Minute {
				t.Errorf("left after %s", took)
			}
			go func(c *rawConn) { _, _ = io.Copy(io.Discard, c.br) }(s.online())
		})
	})
}

// TestInvalidAddresses: bytes that are no UTF-8 never reach what folds addresses
// (CVE-2015-2059: they were read past their end there).
func TestInvalidAddresses(t *testing.T) {
	for label, from := range map[string]string{
		"CVE-2015-2059 cut":  "j\xc3@example.net/x",
		"CVE-2015-2059 long": "juliet@example.net/\xfd\xbf\xbf\xbf\xbf\xbf",
		"CVE-2016-6261 last": "juliet@example.net/x\xf0",
	} {
		t.Run(label, func(t *testing.T) {
			var sent logbook
			r := begin(t, quiet(echoing(t, true)), componenttest.AllowViolations(), tracing(&sent))
			r.send(iq("get", "bad", from, domain, query))
			r.streams(2)
			r.alive()
			if !sent.has("not-well-formed") || sent.has("'bad'") {
				t.Errorf("sent:\n%s", sent.String())
			}
			if got, want := component.Fold(from), component.Fold(component.Fold(from)); got != want {
				t.Errorf("folded %q, folded twice %q", got, want)
			}
		})
	}
}

// tracing keeps what the component sends.
func tracing(sent *logbook) componenttest.Option {
	return componenttest.Stage(func(o *componenttest.Options) {
		o.Trace = func(byServer bool, data string) {
			if !byServer {
				_, _ = sent.Write([]byte(data))
			}
		}
	})
}

// TestSmuggling: the bounds of a stanza are where the server put them, whatever is
// in its payload: one reply, and the next request is intact (CVE-2022-25235).
func TestSmuggling(t *testing.T) {
	inner := iq("get", "smuggled", romeo, domain, query)
	for label, payload := range map[string]string{
		"CVE-2022-25235 stream inside":   "<q xmlns='" + nsTest + "'><stream:stream xmlns:stream='" + nsStreams + "'>" + inner + "</stream:stream></q>",
		"CVE-2022-25235 look-alike":      "<q xmlns='" + nsTest + "' a='&lt;/stream:stream>'>&lt;/stream:stream><![CDATA[</q></iq>" + inner + "]]></q>",
		"CVE-2022-25236 space in a name": "<q xmlns='" + nsTest + "' xmlns:a='urn:a b'><a:x/></q>",
		"CVE-2022-22784 error inside":    "<q xmlns='" + nsTest + "'><error xmlns='" + nsStreams + "'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></q>",
		"CVE-2022-25235 odd names":       "<q xmlns='" + nsTest + "'><\u00e9\u0301>" + inner + "</\u00e9\u0301></q>",
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				r := begin(t, quiet(echoing(t, quick)), componenttest.AllowViolations())
				r.send(iq("get", "outer", juliet, domain, payload) + iq("get", "next", juliet, domain, query))
				for _, id := range []string{"outer", "next"} { // handlers of their own may overtake each other
					if got := r.reply(id); got.to != juliet {
						t.Errorf("got %s", got.raw)
					}
				}
				r.alive()
				if n := r.srv.Streams(); n != 1 {
					t.Errorf("%d streams", n)
				}
			})
		})
	}
}

// TestBottomless: a stanza of a million levels costs its reader no stack, and one
// of as many as may be costs the decoder of a handler none either.
func TestBottomless(t *testing.T) {
	decode := func(_ context.Context, req *component.Request) (component.Payload, error) {
		var any struct {
			Inner []struct {
				XMLName xml.Name
				Text    string `xml:",innerxml"`
			} `xml:",any"`
		}
		return nil, req.Decode(&any)
	}
	for label, tc := range map[string]struct {
		depth int
		want  string
	}{"CVE-2022-28131 over the limit": {1_000_000, "policy-violation"}, "CVE-2022-30633 within it": {126, "result"}} {
		t.Run(label, func(t *testing.T) {
			cfg := quiet(muxOf(t, component.Extension{Name: "decoder", Routes: []component.Route{{Name: name("q"), Get: component.HandlerFunc(decode)}}}))
			cfg.Limits.MaxStanzaBytes = 16 << 20
			r := begin(t, cfg)
			r.send(iq("get", "deep", juliet, domain, "<q xmlns='"+nsTest+"'>"+strings.Repeat("<n>", tc.depth)+strings.Repeat("</n>", tc.depth)+"</q>"))
			r.reply("deep").wants(t, tc.want)
			r.alive()
		})
	}
}
