package componenttest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// What a server does with a component that forgets itself. A reaction is a
// pattern for what is sent; an end is the server's last words.
func TestJudge(t *testing.T) {
	const addr = " from='iq.example.net' to='juliet@example.net'"
	end := func(cond string) string { return streamError(cond, "") }
	for name, tc := range map[string]struct {
		sent              string
		violation         string
		prosody, ejabberd string // empty: the stream goes on and nothing is sent
	}{
		"no from":         {"<iq type='result' id='1' to='juliet@example.net'/>", "without from", "", end("improper-addressing")},
		"no to":           {"<iq type='get' id='1' from='iq.example.net'><a xmlns='b'/></iq>", "without", `bad-request`, end("improper-addressing")},
		"foreign from":    {"<iq type='result' id='1' from='example.net' to='juliet@example.net'/>", "foreign", end("invalid-from"), end("invalid-from")},
		"from below":      {"<iq type='result' id='1' from='a.iq.example.net' to='juliet@example.net'/>", "foreign", end("invalid-from"), end("invalid-from")},
		"comment":         {"<!-- hello -->", "comment", end("not-well-formed"), ""},
		"comment inside":  {"<message" + addr + "><!-- hello --><body/></message>", "comment", end("not-well-formed"), ""},
		"PI":              {"<?php ?>", "processing instruction", end("not-well-formed"), ""},
		"unknown element": {"<foo id='1'/>", "element foo", `<foo type='error' id='1'>.*service-unavailable`, ""},
		"other namespace": {"<foo xmlns='urn:example:foo'/>", "element foo", end("unsupported-stanza-type"), ""},
		"jabber:server":   {"<message xmlns='jabber:server'" + addr + "/>", "jabber:server", end("unsupported-stanza-type"), ""},
		"stream error":    {"<stream:error><bad-format xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "", endTag, endTag},
		"the end":         {endTag, "", endTag, endTag},
		"no id":           {"<iq type='result'" + addr + "/>", "without id", "", ""},
		"unknown type":    {"<iq type='GET' id='1'" + addr + "/>", `type "GET"`, "", ""},
		"empty get":       {"<iq type='get' id='1'" + addr + "/>", "0 children", "", ""},
		"two children":    {"<iq type='result' id='1'" + addr + "><a xmlns='b'/><a xmlns='b'/></iq>", "2 children", "", ""},
		"errorless error": {"<iq type='error' id='1'" + addr + "/>", "without an error", "", ""},
		"white space":     {"<iq type='result' id='1'" + addr + ">\n<a xmlns='b'/></iq>", "text beside", "", ""},
		"text between":    {"291 \n", "", "", ""},
		"jabber:client":   {"<message xmlns='jabber:client'" + addr + "/>", "", "", ""},
		"CDATA":           {"<message" + addr + "><body><![CDATA[<&]]>&lt;&#65;</body></message>", "", "", ""},
		"prefixes":        {"<message" + addr + "><a:b xmlns:a='urn:a' a:c='d' xml:lang='en'><a:b/></a:b></message>", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, p componenttest.Personality) {
				srv := newServer(t, componenttest.Options{Personality: p})
				c := login(t, srv)
				c.send(tc.sent)
				want := tc.prosody
				if p == componenttest.Ejabberd {
					want = tc.ejabberd
				}
				switch {
				case want == "":
					c.wantAlive()
				case strings.HasSuffix(want, endTag):
					c.wantEnd(want)
				default:
					c.expect(want)
				}
				if len(srv.Violations()) > 0 != (tc.violation != "") {
					t.Errorf("Violations() = %q", srv.Violations())
				}
				wantViolation(t, srv, tc.violation)
			})
		})
	}
}

// Both servers end the stream for what is not well formed.
func TestNotWellFormed(t *testing.T) {
	for name, sent := range map[string]string{
		"bad UTF-8":                   "<message>\xff</message>",
		"overlong":                    "<message>\xc0\xaf</message>",
		"control character":           "<message>\x01</message>",
		"U+FFFE":                      "<message>\uFFFE</message>",
		"reference to control":        "<message>&#1;</message>",
		"surrogate":                   "<message>&#xD800;</message>",
		"surrogate, decimal":          "<message>&#55296;</message>",
		"declaration":                 "<?xml version='1.0'?>",
		"DOCTYPE":                     "<!DOCTYPE a [<!ENTITY b 'c'>]>",
		"DOCTYPE inside":              "<message><!DOCTYPE a></message>",
		"entity":                      "<message>&b;</message>",
		"mismatch":                    "<message><a></b></message>",
		"attribute twice":             "<message a='1' a='2'/>",
		"attribute twice by prefixes": "<message><b xmlns:x='urn:a' xmlns:y='urn:a' x:c='1' y:c='2'/></message>",
		"undeclared prefix":           "<message><a:b/></message>",
		"prefix out of scope":         "<message><a xmlns:p='urn:p'/><p:b/></message>",
		"undeclared, on attribute":    "<message a:b='c'/>",
		"prefix of nothing":           "<message xmlns:a=''/>",
		"no quotes":                   "<message a=b/>",
		"end of CDATA":                "<message>]]></message>",
		"colons":                      "<message><:a/></message>",
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, p componenttest.Personality) {
				srv := newServer(t, componenttest.Options{Personality: p})
				c := login(t, srv)
				c.send(sent)
				c.wantEnd(streamError("not-well-formed", ""))
				wantViolation(t, srv, "not well-formed")
				if srv.Queued() > 0 {
					t.Error("the server took it all the same")
				}
			})
		})
	}
}

// Checklist 25: the limits of size.
func TestTooBig(t *testing.T) {
	stanza := func(size int) string {
		const start, end = "<message from='iq.example.net' to='juliet@example.net'>", "</message>"
		return start + strings.Repeat("x", size-len(start)-len(end)) + end
	}
	for name, tc := range map[string]struct {
		opts componenttest.Options
		size int
		want string // empty: passes
	}{
		"prosody, fits":         {componenttest.Options{}, 512 << 10, ""},
		"prosody, over":         {componenttest.Options{}, 512<<10 + 1, streamError("not-well-formed", "")},
		"ejabberd":              {componenttest.Options{Personality: componenttest.Ejabberd}, 600 << 10, ""},
		"ejabberd with a limit": {componenttest.Options{Personality: componenttest.Ejabberd, MaxStanza: 10000}, 10001, streamError("policy-violation", "XML stanza is too big")},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, tc.opts)
			c := login(t, srv)
			c.send(stanza(tc.size))
			if tc.want != "" {
				c.wantEnd(tc.want)
				wantViolation(t, srv, "too big")
				return
			}
			wantStanza(t, srv, stanza(tc.size))
			c.send(stanza(100)) // the limit is for each
			wantStanza(t, srv, stanza(100))
		})
	}
}

// ejabberd 23.01 dies of deep nesting, from a component too.
func TestTooDeep(t *testing.T) {
	deep := "<message from='iq.example.net' to='juliet@example.net'>" +
		strings.Repeat("<a>", 4000) + strings.Repeat("</a>", 4000) + "</message>"
	each(t, func(t *testing.T, p componenttest.Personality) {
		srv := newServer(t, componenttest.Options{Personality: p})
		c := login(t, srv)
		c.send(deep)
		if p == componenttest.Prosody {
			wantStanza(t, srv, deep)
			return
		}
		c.wantEnd("")
		wantViolation(t, srv, "4001 levels")
	})
}

// A component that stops in the middle is no violation: it may have been killed.
func TestEndInTheMiddle(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	c.send("<message from='iq.exam")
	c.conn.Close()
	if err := srv.WaitOffline(t.Context()); err != nil || len(srv.Violations()) > 0 {
		t.Errorf("WaitOffline() = %v, violations %q", err, srv.Violations())
	}
}

func TestHalfClose(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	if err := c.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.wantEnd("")
}

// A violation is told with the stanza, but not with all of a big one.
func TestViolationIsShort(t *testing.T) {
	srv := newServer(t, componenttest.Options{Personality: componenttest.Ejabberd})
	c := login(t, srv)
	c.send("<iq type='foo' id='1' from='iq.example.net' to='" + strings.Repeat("x", 10000) + "'/>")
	c.wantAlive()
	if got := srv.Violations()[0]; !regexp.MustCompile(`^an iq of type "foo": <iq type='foo' id='1' .{300,500}\.\.\.$`).MatchString(got) {
		t.Errorf("violation = %s", got)
	}
}
