package component_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestForwarded: what somebody wraps is not taken for what the server says: of a
// request inside none is run (CVE-2017-5589 and its kin believed the inner from).
func TestForwarded(t *testing.T) {
	inner := "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='get' id='inner' from='romeo@example.net/x' to='" + domain + "'>" + query + "</iq></forwarded>"
	for label, payload := range map[string]string{
		"CVE-2017-5589 forwarded":     inner,
		"CVE-2017-5591 carbon":        "<received xmlns='urn:xmpp:carbons:2'>" + inner + "</received>",
		"CVE-2019-16235 archive":      "<result xmlns='urn:xmpp:mam:2'>" + inner + "</result>",
		"CVE-2020-26547 delegation":   "<delegation xmlns='urn:xmpp:delegation:2'>" + inner + "</delegation>",
		"CVE-2020-26547 delegation 1": "<delegation xmlns='urn:xmpp:delegation:1'>" + inner + "</delegation>",
		"Q28 privilege":               "<privilege xmlns='urn:xmpp:privilege:2'>" + inner + "</privilege>",
	} {
		t.Run(label, func(t *testing.T) {
			var ran atomic.Int64
			r := serve(t, true, func(context.Context, *component.Request) (component.Payload, error) { ran.Add(1); return nil, nil })
			for _, from := range []string{juliet, "other.example.net"} {
				r.send("<message from='" + from + "' to='" + domain + "'>" + payload + "</message>")
				r.send(iq("set", "outer", from, domain, payload))
				if got := r.next(); got.id != "outer" || got.typ != "error" || got.to != from || strings.Contains(got.raw, "inner") {
					t.Errorf("got %s", got.raw)
				}
			}
			r.alive()
			if n := ran.Load(); n != 0 {
				t.Errorf("%d inner requests were run", n)
			}
		})
	}
}

// TestQ24UnsolicitedFlood: ten thousand results that nobody waits for get no
// answer, and the log does not grow with them.
func TestQ24UnsolicitedFlood(t *testing.T) {
	const n = 10_000
	var book, sent logbook
	cfg := quiet(echoing(t, true))
	cfg.Log = book.logger()
	r := begin(t, cfg, tracing(&sent))
	r.proven()
	r.idle()
	before, start := len(sent.String()), time.Now()
	for i := range n / 100 {
		r.send(strings.Repeat(iq("result", fmt.Sprint("r", i), juliet, domain, query), 50) +
			strings.Repeat(iq("error", fmt.Sprint("e", i), juliet, domain, ""), 50))
	}
	r.wait("they were read", func() bool { return r.comp.Stats().Unsolicited == n })
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if more := sent.String()[before:]; strings.Contains(more, juliet) { // but we may ask ourselves
		t.Errorf("it was answered: %.300s", more)
	}
	if lines := strings.Count(book.String(), "\n"); lines > 10 {
		t.Errorf("%d lines of log:\n%.1000s", lines, book.String())
	}
	r.alive()
}

// TestQ22Language: a handler sees the language of its requester; our own words are
// English and say so.
func TestQ22Language(t *testing.T) {
	for label, tc := range map[string]struct{ attr, want string }{
		"German": {" xml:lang='de'", "de"}, "none": {"", ""}, "empty": {" xml:lang=''", ""}, "odd": {" xml:lang='x&#9;&apos;'", "x\t'"},
	} {
		t.Run(label, func(t *testing.T) {
			r := serve(t, true, func(_ context.Context, req *component.Request) (component.Payload, error) {
				return component.Text(nsTest, "lang", req.Lang), nil
			})
			ask := func(payload string) reply {
				r.send("<iq type='get' id='l'" + tc.attr + " from='" + juliet + "' to='" + domain + "'>" + payload + "</iq>")
				return r.reply("l")
			}
			if got := ask(query).el.Child(nsTest, "lang").Text(); got != tc.want {
				t.Errorf("language %q, want %q", got, tc.want)
			}
			if got := ask("<z xmlns='" + nsTest + "'/>"); !strings.Contains(got.raw, "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>") {
				t.Errorf("got %s", got.raw)
			}
		})
	}
}

// TestOddSenders: whoever a server lets through is answered at exactly the address
// that he wrote, and ends no stream (aioxmpp#8).
func TestOddSenders(t *testing.T) {
	for label, resource := range map[string]string{
		"Q20 zero width space": "\u200b", "Q20 soft hyphen": "\u00ad", "Q20 no-break space": "\u00a0", "Q20 space": " ",
		"aioxmpp#8 emoji": "😀", "aioxmpp#8 unassigned": "\u0378", "aioxmpp#8 bidi": "\u202eabc",
	} {
		t.Run(label, func(t *testing.T) {
			r := serve(t, false, result)
			from := "juliet@example.net/" + resource
			r.send(iq("get", "odd", from, domain, query))
			if got := r.reply("odd"); got.to != from {
				t.Errorf("answered to %q", got.to)
			}
			r.alive()
		})
	}
}
