package component_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// echoing is a mux that gives back what it was asked.
func echoing(t *testing.T, quick bool) *component.Mux {
	t.Helper()
	echo := component.HandlerFunc(func(_ context.Context, req *component.Request) (component.Payload, error) { return req.Payload(), nil })
	return muxOf(t, component.Extension{Name: "echo", Routes: []component.Route{{Name: xmlName(nsTest, ""), Get: echo, Set: echo, Quick: quick}}})
}

// TestEncodings: another encoding than UTF-8 is refused and tried again, a byte
// order mark is not worth a word (RFC 6120, 11.6).
func TestEncodings(t *testing.T) {
	for label, tc := range map[string]struct{ before, trouble string }{
		"B04 byte order mark": {"\uFEFF<?xml version='1.0' encoding='utf-8'?>", ""},
		"B04 ISO-8859-1":      {"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"},
		"B04 UTF-16":          {"\xff\xfe<\x00", "not-well-formed"},
		"B02 DOCTYPE":         {"<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"},
	} {
		t.Run(label, func(t *testing.T) {
			s := newRawTCP(t)
			comp := s.start(off(muxOf(t)))
			c := s.accept()
			c.until("?>")
			c.until(">")
			c.write(tc.before + strings.TrimPrefix(rawHeader, "<?xml version='1.0'?>") + "id-7'>")
			if tc.trouble == "" {
				c.until("</handshake>")
				c.write("<handshake/>")
			} else {
				waitFor(t, "it says why", func() bool {
					err := comp.Status().Err
					return err != nil && strings.Contains(err.Error(), tc.trouble)
				})
				_ = c.Close()
				s.online()
			}
			waitFor(t, "it is online", func() bool { return comp.Status().State == component.StateOnline })
		})
	}
}

// heapInUse returns the bytes that are in use once the garbage is gone.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestPassedOver: what is between stanzas is passed over and counted, in the
// memory that there is.
func TestPassedOver(t *testing.T) {
	const mega = 1 << 20
	for label, tc := range map[string]struct {
		raw   string
		count func(component.Stats) uint64
		want  uint64
	}{
		"B05 text":            {"stray &amp; text", func(s component.Stats) uint64 { return s.JunkBytes }, 14},
		"B06 white space":     {strings.Repeat(" \t\r\n", mega/4), func(s component.Stats) uint64 { return s.JunkBytes }, 0},
		"B07 unknown element": {"<foo><iq type='get' id='inner' from='" + juliet + "' to='" + domain + "'>" + query + "</iq></foo>", func(s component.Stats) uint64 { return s.Ignored }, 1},
		"B07 another stanza":  {"<x:iq xmlns:x='urn:x' type='get' id='1' from='" + juliet + "' to='" + domain + "'/>", func(s component.Stats) uint64 { return s.Ignored }, 1},
	} {
		t.Run(label, func(t *testing.T) {
			r := begin(t, quiet(echoing(t, true)), componenttest.AllowViolations())
			r.alive()
			before := heapInUse()
			r.send(tc.raw)
			r.alive()
			if grown := heapInUse() - before; grown > mega {
				t.Errorf("%d bytes more in use", grown)
			}
			if s := r.comp.Stats(); tc.count(s) != tc.want || s.Streams != 1 {
				t.Errorf("want a count of %d and one stream: %+v", tc.want, s)
			}
		})
	}
}

// TestManyNames: tens of thousands of names of one stanza take no more time than
// its bytes, within the limits and over them.
func TestManyNames(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	q := func(attrs, inner string) string { return "<q xmlns='" + nsTest + "'" + attrs + ">" + inner + "</q>" }
	for label, tc := range map[string]struct{ payload, want string }{
		"B13 100,000 attributes":   {q(many(100_000, " a%d=''"), ""), "policy-violation"},
		"B13 100,000 namespaces":   {q(many(100_000, " xmlns:p%d='urn:x'"), ""), "policy-violation"},
		"B13 20,000 siblings":      {q("", many(20_000, "<a b='%d'/>")), "result"},
		"B14 name of 200 KB":       {q("", "<"+strings.Repeat("n", 200_000)+"/>"), "policy-violation"},
		"B14 attribute of 200 KB":  {q(" "+strings.Repeat("n", 200_000)+"=''", ""), "policy-violation"},
		"B14 names that are alike": {q("", many(1000, "<a"+many(31, " AaBB%02dAaAa='x'")+"/><![CDATA[%d]]>")), "result"},
		"Q19 5,000 attributes":     {q(many(5000, " a%d=''"), ""), "policy-violation"},
	} {
		t.Run(label, func(t *testing.T) {
			r := serve(t, true, result)
			start := time.Now()
			r.send(iq("get", "many", juliet, domain, tc.payload))
			r.reply("many").wants(t, tc.want)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			r.alive()
		})
	}
}

// TestPrefixes: a payload means to its handler, and back at its sender, what it
// meant when it was written (Namespaces in XML, 6.1).
func TestPrefixes(t *testing.T) {
	bound := "<p:q xmlns:p='" + nsTest + "'><p:a xmlns:p='urn:b'><p:c p:d='1'/></p:a><p:e/></p:q>"
	for label, tc := range map[string]struct{ payload, want string }{
		"B15 prefix bound again":       {bound, "<q xmlns='urn:example:test'><a xmlns='urn:b'><c xmlns:ns0='urn:b' ns0:d='1'/></a><e/></q>"},
		"B15 default bound to nothing": {"<q xmlns='" + nsTest + "'><a xmlns=''><b/></a></q>", "<q xmlns='urn:example:test'><a xmlns=''><b/></a></q>"},
		"CVE-2020-29509 prefix _":      {"<q xmlns='" + nsTest + "' xmlns:_='urn:u' _:a='1' a='2'/>", "<q xmlns='urn:example:test' xmlns:ns0='urn:u' ns0:a='1' a='2'/>"},
	} {
		t.Run(label, func(t *testing.T) {
			r := begin(t, quiet(echoing(t, true)))
			r.send(iq("get", "p", juliet, domain, tc.payload))
			first := r.reply("p").el.Child(nsTest, "q").XML()
			if first != tc.want {
				t.Errorf("got  %s\nwant %s", first, tc.want)
			}
			r.send(iq("get", "again", juliet, domain, first))
			if again := r.reply("again").el.Child(nsTest, "q").XML(); again != first {
				t.Errorf("it changes when it goes round once more:\n%s\n%s", first, again)
			}
		})
	}
	for _, name := range []string{":a", "a:", "x:y:z"} {
		t.Run("CVE-2020-29511 name "+name, func(t *testing.T) {
			r := begin(t, quiet(echoing(t, true)), componenttest.AllowViolations())
			r.send(iq("get", "p", juliet, domain, "<q xmlns='"+nsTest+"'><"+name+" xmlns:x='urn:x'/></q>"))
			r.streams(2) // not well-formed: none is dispatched
			r.alive()
		})
	}
}

// TestB18OwnAddress: a request from our own address is answered once like any
// other, though a request of ours with its id is under way; the answer comes back
// to us, and is no reply to that.
func TestB18OwnAddress(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		r := serve(t, quick, result)
		r.wait("the stream is proven", func() bool { return r.comp.Status().Heard && r.comp.Stats().Open == 0 })
		q, done := r.call(juliet)
		before := r.comp.Stats()
		r.send(iq("get", q.id, domain, domain, query))
		r.wait("the answer came round", func() bool { return r.comp.Stats().Spoofed == 1 })
		if s := r.comp.Stats(); s.Requests-before.Requests != 1 || s.Results-before.Results != 1 {
			t.Errorf("%d requests and %d results, want one of each", s.Requests-before.Requests, s.Results-before.Results)
		}
		select {
		case o := <-done:
			t.Fatalf("it was taken for the reply: %+v, %v", o.resp, o.err)
		default:
		}
		r.send(result2(q.id, juliet, ""))
		if o := <-done; o.err != nil {
			t.Error(o.err)
		}
		r.alive()
	})
}
