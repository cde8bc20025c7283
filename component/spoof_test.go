package component_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// TestSpoofedReplies: a reply with the right id counts only from the peer that was
// asked (checklist 43, O04, O05, O08, O09, CVE-2014-0364, CVE-2024-46957).
func TestSpoofedReplies(t *testing.T) {
	peer := "bob@example.net/r"
	for label, raw := range map[string]string{
		"CVE-2014-0364 somebody else":    "<iq type='result' id='%s' from='alice@example.net/x' to='" + domain + "'/>",
		"O04 an error of hers":           "<iq type='error' id='%s' from='alice@example.net/x' to='" + domain + "'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		"O05 his bare address":           "<iq type='result' id='%s' from='bob@example.net' to='" + domain + "'/>",
		"CVE-2014-0364 another resource": "<iq type='result' id='%s' from='bob@example.net/other' to='" + domain + "'/>",
		"CVE-2014-0364 resource's case":  "<iq type='result' id='%s' from='bob@example.net/R' to='" + domain + "'/>",
		"O05 no from":                    "<iq type='result' id='%s' to='" + domain + "'/>",
		"O05 empty from":                 "<iq type='result' id='%s' from='' to='" + domain + "'/>",
		"O05 his server":                 "<iq type='result' id='%s' from='example.net' to='" + domain + "'/>",
		"O05 ourselves":                  "<iq type='result' id='%s' from='" + domain + "' to='" + domain + "'/>",
		"CVE-2024-46957 a message":       "<message type='error' id='%s' from='bob@example.net/r' to='" + domain + "'/>",
		"O09 a presence":                 "<presence type='error' id='%s' from='bob@example.net/r' to='" + domain + "'/>",
		"O04 another id":                 "<iq type='result' id='x%s' from='bob@example.net/r' to='" + domain + "'/>",
	} {
		t.Run(label, func(t *testing.T) {
			var book logbook
			cfg := quiet(muxOf(t))
			cfg.Log = book.logger()
			r := begin(t, cfg)
			q, done := r.call(peer)
			r.send(fmt.Sprintf(raw, q.id))
			r.alive()
			select {
			case o := <-done:
				t.Fatalf("taken for the reply: %+v, %v", o.resp, o.err)
			default:
			}
			r.send(result2(q.id, peer, "<mine xmlns='urn:x'/>"))
			if o := <-done; o.err != nil || o.resp.Payload.Name().Local != "mine" || o.resp.From != peer {
				t.Errorf("got %+v, %v", o.resp, o.err)
			}
			s := r.comp.Stats()
			if s.Spoofed+s.Ignored+s.Unsolicited != 1 {
				t.Errorf("not counted: %+v", s)
			}
			if s.Spoofed == 1 && !book.has("asked=bob@example.net/r") {
				t.Errorf("not logged:\n%s", book.String())
			}
		})
	}
	t.Run("O08 a request with that id", func(t *testing.T) {
		r := serve(t, false, result)
		q, done := r.call(peer)
		r.send(iq("get", q.id, peer, domain, query))
		r.reply(q.id).wants(t, "result")
		r.send(result2(q.id, peer, ""))
		if o := <-done; o.err != nil || !o.resp.Payload.IsZero() {
			t.Errorf("got %+v, %v", o.resp, o.err)
		}
	})
}

// TestO06NormalisedReplies: servers answer with the address as they write it (O06,
// servers.md 2.7).
func TestO06NormalisedReplies(t *testing.T) {
	for asked, answers := range map[string]string{
		"Alice@Example.NET/Probe": "alice@example.net/Probe",
		"EXAMPLE.NET":             "example.net",
		"example.net.":            "example.net",
		"nope\u2163@example.net":  "nopeiv@example.net",
		"a@example.net/\u2163":    "a@example.net/IV",
		"stra\u00dfe@example.net": "strasse@example.net",
	} {
		r := begin(t, quiet(muxOf(t)))
		for _, from := range []string{asked, answers} {
			q, done := r.call(asked)
			r.send(result2(q.id, from, ""))
			if o := <-done; o.err != nil {
				t.Errorf("asked %q, answered from %q: %v", asked, from, o.err)
			}
		}
	}
	r := begin(t, quiet(muxOf(t)))
	q, done := r.call("example.net") // of the own server the own word counts without from (RFC 6120, 8.1.2.1)
	r.send("<iq type='result' id='" + q.id + "' to='" + domain + "'/>")
	if o := <-done; o.err != nil {
		t.Error(o.err)
	}
}

// TestO01PeerErrors: what the peer said reaches the caller typed, however odd it is
// (O01, O17).
func TestO01PeerErrors(t *testing.T) {
	const ns = " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
	r := begin(t, quiet(muxOf(t)))
	for _, tc := range []struct {
		inner string
		cond  stanza.Condition
		typ   stanza.ErrorType
		text  string
	}{
		{"<q xmlns='urn:x'/><error type='auth'><forbidden" + ns + "/><text" + ns + ">no</text></error>", stanza.Forbidden, stanza.Auth, "no"},
		{"<error type='wait'><text" + ns + ">first</text><x xmlns='urn:x'/><resource-constraint" + ns + "/></error>", stanza.ResourceConstraint, stanza.Wait, "first"},
		{"<error type='odd'><on-fire" + ns + "/></error>", stanza.UndefinedCondition, "odd", ""},
		{"<error/>", stanza.UndefinedCondition, "", ""},
		{"", stanza.UndefinedCondition, "", ""},
	} {
		q, done := r.call(juliet)
		r.send("<iq type='error' id='" + q.id + "' from='" + juliet + "' to='" + domain + "'>" + tc.inner + "</iq>")
		o := <-done
		var pe *component.PeerError
		if !errors.As(o.err, &pe) || pe.Condition != tc.cond || pe.Type != tc.typ || pe.Text != tc.text || pe.From != juliet {
			t.Errorf("%s: got %#v", tc.inner, o.err)
		} else if !strings.Contains(pe.Error(), string(tc.cond)) || !strings.Contains(pe.Error(), tc.text) {
			t.Errorf("the error says %q", pe)
		}
	}
	q, done := r.call(juliet)
	r.send(result2(q.id, juliet, strings.Repeat("<a>", 200)+strings.Repeat("</a>", 200)))
	if o := <-done; o.err == nil || !strings.Contains(o.err.Error(), "128") {
		t.Errorf("a reply over the limits: %+v, %v", o.resp, o.err)
	}
}
