package component_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const nsStreams = "http://etherx.jabber.org/streams"

// hostile is what the stream has to outlive, one at a time and as a flood
// (issue 2 "What it must show", checklist 17 to 19, B05 to B13, Q04 to Q18). Each
// is to be answered with one reply, or with none.
var hostile = map[string]struct{ raw, want string }{
	"Q04 no child":                {"<iq type='get' id='%d' from='juliet@example.net/b' to='iq.example.net'/>", "bad-request"},
	"Q05 two children":            {iq("get", "%d", juliet, domain, query+query), "bad-request"},
	"Q04 only text":               {iq("set", "%d", juliet, domain, "text"), "bad-request"},
	"Q06 text first":              {iq("get", "%d", juliet, domain, "text"+query), "result"},
	"missing id":                  {"<iq type='get' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>", "bad-request"},
	"pyxmpp#3 unknown type":       {iq("foo", "%d", juliet, domain, query), "bad-request"},
	"pyxmpp#3 missing type":       {"<iq id='%d' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>", "bad-request"},
	"bad from":                    {iq("get", "%d", "@b", domain, query), "jid-malformed"},
	"B16 empty from":              {iq("get", "%d", "", domain, query), ""},
	"B16 no from":                 {"<iq type='get' id='%d' to='" + domain + "'>" + query + "</iq>", ""},
	"B16 no from or type":         {"<iq id='%d' to='" + domain + "'>" + query + "</iq>", ""},
	"bad to":                      {iq("get", "%d", juliet, "@"+domain, query), "jid-malformed"},
	"empty resource":              {iq("get", "%d", juliet, domain+"/", query), "jid-malformed"},
	"B17 no to":                   {"<iq type='get' id='%d' from='" + juliet + "'>" + query + "</iq>", "bad-request"},
	"B17 foreign to":              {iq("get", "%d", juliet, "other.example.net", query), ""},
	"Q14 streams child":           {iq("get", "%d", juliet, domain, "<x xmlns='"+nsStreams+"'/>"), "feature-not-implemented"},
	"Q14 streams grandchild":      {iq("get", "%d", juliet, domain, "<q xmlns='"+nsTest+"'><stream:stream xmlns:stream='"+nsStreams+"'/></q>"), "result"},
	"Q14 stream error in message": {"<message from='" + juliet + "' to='" + domain + "'><error xmlns='" + nsStreams + "'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></message>", ""},
	"Q15 end tag as text":         {iq("get", "%d", juliet, domain, "<q xmlns='"+nsTest+"'><![CDATA[</stream:stream>]]></q>"), "result"},
	"Q15 nested iq":               {iq("get", "%d", juliet, domain, "<iq type='get' id='n'><q/></iq>"), "feature-not-implemented"},
	"Q07 error element":           {iq("get", "%d", juliet, domain, "<error/>"), "feature-not-implemented"},
	"B08 jabber:client":           {"<iq xmlns='jabber:client' type='get' id='%d' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>", "result"},
	"B08 jabber:server":           {"<iq xmlns='jabber:server' type='get' id='%d' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>", "result"},
	"B03 undeclared inside":       {iq("get", "%d", juliet, domain, "<q xmlns='"+nsTest+"' p:a='1'/>"), "bad-request"},
	"B05 stray text":              {"stray &amp; text", ""},
	"B07 unknown element":         {"<foo><bar/></foo><x:y xmlns:x='urn:x'>z</x:y>", ""},
	"B06 white space":             {" \t\r\n ", ""},
	"B12 depth 129":               {iq("get", "%d", juliet, domain, deep(129)), "policy-violation"},
	"B12 depth 10,000":            {iq("get", "%d", juliet, domain, deep(10_000)), "policy-violation"},
	"B13 too many attributes":     {iq("get", "%d", juliet, domain, "<q xmlns='"+nsTest+"'"+attrs(2000)+"/>"), "policy-violation"},
	"B11 too long":                {iq("get", "%d", juliet, domain, "<q xmlns='"+nsTest+"'>"+strings.Repeat("x", 11_000)+"</q>"), "policy-violation"},
	"B11 too long, no from":       {"<iq type='get' id='%d' to='" + domain + "'>" + strings.Repeat("x", 11_000) + "</iq>", ""},
	"B11 too long result":         {iq("result", "%d", juliet, domain, strings.Repeat("x", 11_000)), ""},
	"B11 too long of no type":     {"<iq id='%d' from='" + juliet + "' to='" + domain + "'>" + strings.Repeat("x", 11_000) + "</iq>", "bad-request"},
	"B11 too long head":           {"<iq type='get' id='" + strings.Repeat("x", 11_000) + "%d' from='" + juliet + "' to='" + domain + "'>" + query + "</iq>", ""},
}

func deep(n int) string {
	return "<n xmlns='urn:n'>" + strings.Repeat("<n>", n-1) + strings.Repeat("</n>", n)
}

func attrs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

// smallStanzas makes a stanza over the limit something that a test can flood with.
func smallStanzas() component.Config {
	cfg := quiet(nil)
	cfg.Limits.MaxStanzaBytes = 300_000
	return cfg
}

func TestHostileStanzas(t *testing.T) {
	for label, tc := range hostile {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				cfg := smallStanzas()
				if strings.HasPrefix(label, "B11 too long") {
					cfg.Limits.MaxStanzaBytes = 10_000
				}
				cfg.Handler = muxOf(t, component.Extension{Name: "test", Routes: []component.Route{{Name: name("q"), Get: component.HandlerFunc(result), Quick: quick}}})
				r := begin(t, cfg, componenttest.AllowViolations())
				r.send(strings.Replace(tc.raw, "%d", "id-0", 1))
				if tc.want != "" {
					got := r.next()
					if got.wants(t, tc.want); got.id != "id-0" && label != "missing id" {
						t.Errorf("the id has changed: %.300s", got.raw)
					}
				}
				r.alive()
				if n := r.srv.Streams(); n != 1 {
					t.Errorf("the stream did not live: %d streams", n)
				}
			})
		})
	}
}

// floods are the stanzas that come ten thousand times in a row.
var floods = []string{"Q04 no child", "Q05 two children", "Q04 only text", "Q06 text first", "missing id", "pyxmpp#3 unknown type", "bad from",
	"Q14 streams child", "B05 stray text", "B07 unknown element", "B11 too long", "B12 depth 10,000"}

// TestHostileFlood sends the same again and again, with a proper request now and
// then that has to be answered as if nothing were.
func TestHostileFlood(t *testing.T) {
	for label, tc := range hostile {
		n := 200
		switch {
		case !slices.Contains(floods, label):
		case raceEnabled && len(tc.raw) > 5_000: // with the race detector a GB takes minutes
			n = 500
		case raceEnabled:
			n = 3_000
		default:
			n = 10_000
		}
		t.Run(label, func(t *testing.T) {
			cfg := smallStanzas()
			if strings.HasPrefix(label, "B11 too long") {
				cfg.Limits.MaxStanzaBytes = 10_000
			}
			cfg.Handler = muxOf(t, component.Extension{Name: "test", Routes: []component.Route{{Name: name("q"), Get: component.HandlerFunc(result), Quick: true}}})
			r := begin(t, cfg, componenttest.AllowViolations())
			batch := strings.ReplaceAll(strings.Repeat(tc.raw, 100), "%d", "flood")
			want := 0
			for i := range n / 100 {
				r.send(batch + iq("get", fmt.Sprint("ping-", i), romeo, domain, query))
				want++
			}
			if tc.want != "" {
				want += n
			}
			for range want {
				if got := r.nextRaw(); strings.Contains(got, "id='ping-") && !strings.Contains(got, "type='result'") {
					t.Fatalf("a proper request was answered with %s", got)
				}
			}
			r.idle()
			r.alive()
			if n := r.srv.Streams(); n != 1 {
				t.Errorf("the stream did not live: %d streams", n)
			}
		})
	}
}

// nextRaw is next without a look into the stanza.
func (r *rig) nextRaw() string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patient)
	defer cancel()
	raw, err := r.srv.Next(ctx)
	if err != nil {
		r.t.Fatalf("no stanza came: %v\n%+v", err, r.comp.Stats())
	}
	return raw
}

// What no server may send ends the stream with its name, nothing is dispatched,
// and the component comes back (B01 to B04, B09, checklist 22).
func TestBadXMLEndsTheStream(t *testing.T) {
	for label, tc := range map[string]struct{ raw, cond string }{
		"B01 bad UTF-8":     {iq("get", "1", juliet, domain, "<q xmlns='"+nsTest+"'>\xff</q>"), "not-well-formed"},
		"B01 control":       {iq("get", "1", juliet, domain, "<q xmlns='"+nsTest+"'>&#1;</q>"), "not-well-formed"},
		"B02 comment":       {"<!-- x -->", "restricted-xml"},
		"B02 PI":            {"<?x y?>", "restricted-xml"},
		"B02 DOCTYPE":       {"<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"},
		"B03 entity":        {iq("get", "1", juliet, domain, "<q xmlns='"+nsTest+"'>&nbsp;</q>"), "not-well-formed"},
		"B03 mismatched":    {"<iq><a></b></iq>", "not-well-formed"},
		"B03 prefix":        {"<x:iq/>", "not-well-formed"},
		"B03 same twice":    {"<iq a='1' a='2'/>", "not-well-formed"},
		"B09 second header": {"<stream:stream xmlns:stream='" + nsStreams + "'>", "bad-format"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			var seen logbook
			cfg := quiet(muxOf(t))
			cfg.Log = seen.logger()
			var sent logbook
			r := begin(t, cfg, componenttest.AllowViolations(), componenttest.Stage(func(o *componenttest.Options) {
				o.Trace = func(byServer bool, data string) {
					if !byServer {
						_, _ = sent.Write([]byte(data))
					}
				}
			}))
			r.send(tc.raw + iq("get", "after", juliet, domain, query))
			ctx, cancel := context.WithTimeout(t.Context(), patient)
			defer cancel()
			if err := r.srv.WaitStreams(ctx, 2); err != nil {
				t.Fatal(err)
			}
			r.alive()
			want := "<stream:error><" + tc.cond + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
			if !sent.has(want) || !seen.has(tc.cond) {
				t.Errorf("want %s, sent:\n%s\nlog:\n%s", want, sent.String(), seen.String())
			}
		})
	}
}
