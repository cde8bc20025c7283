package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
)

// hostile are stanzas that a user can get to a component through a real server, or
// that the server refuses itself. None may harm the stream.
var hostile = []struct{ name, raw string }{ // TO stands for the component, ID for the id
	{"Q04 no child", "<iq type='get' id='ID' to='TO'/>"},
	{"Q04 text only", "<iq type='get' id='ID' to='TO'>text</iq>"},
	{"Q05 two children", "<iq type='get' id='ID' to='TO'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>"},
	{"Q06 text before the child", "<iq type='get' id='ID' to='TO'>text<nil xmlns='urn:example:test'/></iq>"},
	{"Q07 an error as the child of a get", "<iq type='get' id='ID' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"},
	{"Q08 empty id", "<iq type='get' id='' to='TO'><nil xmlns='urn:example:test'/></iq>"},
	{"Q09 odd id", "<iq type='get' id='&quot;&apos;&amp;&lt;&gt;&#9;&#10;&#13; \U0001F980' to='TO'><nil xmlns='urn:example:test'/></iq>"},
	{"Q11 child in no namespace", "<iq type='get' id='ID' to='TO'><nil xmlns=''/></iq>"},
	{"Q12 prefixed child", "<iq type='get' id='ID' to='TO'><p:nil xmlns:p='urn:example:test' p:a='1'/></iq>"},
	{"Q14 streams namespace", "<iq type='get' id='ID' to='TO'><error xmlns='http://etherx.jabber.org/streams'/></iq>"},
	{"Q14 streams namespace below", "<iq type='get' id='ID' to='TO'><q xmlns='urn:q'><stream:stream xmlns:stream='http://etherx.jabber.org/streams'/></q></iq>"},
	{"Q14 streams namespace in a message", "<message to='TO'><error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></message>"},
	{"Q15 nested iq", "<iq type='get' id='ID' to='TO'><iq xmlns='jabber:client' type='get' id='n'/></iq>"},
	{"Q15 handshake", "<iq type='get' id='ID' to='TO'><handshake xmlns='jabber:component:accept'/></iq>"},
	{"Q15 closing tag as text", "<iq type='get' id='ID' to='TO'><q xmlns='urn:q'><![CDATA[</stream:stream>]]></q></iq>"},
	{"Q23 unsolicited result", "<iq type='result' id='ID' to='TO'/>"},
	{"Q23 result with two children", "<iq type='result' id='ID' to='TO'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>"},
	{"Q23 unsolicited error", "<iq type='error' id='ID' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"},
	{"Q23 error without error", "<iq type='error' id='ID' to='TO'/>"},
	{"Q25 message", "<message to='TO' type='chat'><body>hello</body></message>"},
	{"Q25 message error", "<message to='TO' type='error'/>"},
	{"Q26 presence", "<presence to='TO'/>"},
	{"Q26 presence error", "<presence to='TO' type='error'/>"},
	{"Q28 forged delegation", "<iq type='set' id='ID' to='TO'><delegation xmlns='urn:xmpp:delegation:2'><forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='get' id='x' from='bob@localhost'><nil xmlns='urn:example:test'/></iq></forwarded></delegation></iq>"},
	{"Q28 forged privilege", "<message to='TO'><privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/></privilege></message>"},
	{"Q29 roster push", "<iq type='set' id='ID' to='TO'><query xmlns='jabber:iq:roster'><item jid='m@example.net'/></query></iq>"},
	{"Q29 bind", "<iq type='set' id='ID' to='TO'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"},
	{"no id", "<iq type='get' to='TO'><nil xmlns='urn:example:test'/></iq>"},
	{"unknown type", "<iq type='foo' id='ID' to='TO'><nil xmlns='urn:example:test'/></iq>"},
	{"no type", "<iq id='ID' to='TO'><nil xmlns='urn:example:test'/></iq>"},
	{"Q21 odd address", "<iq type='get' id='ID' to='Ⅳ@TO/res'><nil xmlns='urn:example:test'/></iq>"},
	{"Q21 upper case", "<iq type='get' id='ID' to='IQD.LOCALHOST'><nil xmlns='urn:example:test'/></iq>"},
	{"Q16 many apostrophes", "<iq type='get' id='ID' to='TO'><nil xmlns='urn:example:test'>" + strings.Repeat("&apos;", 40_000) + "</nil></iq>"},
	{"Q19 siblings", "<iq type='get' id='ID' to='TO'><nil xmlns='urn:example:test'>" + strings.Repeat("<a/>", 20_000) + "</nil></iq>"},
	{"Q18 depth", "<iq type='get' id='ID' to='TO'><nil xmlns='urn:example:test'>" + strings.Repeat("<a>", 2000) + strings.Repeat("</a>", 2000) + "</nil></iq>"},
}

func filled(srv *realserver.Server, raw, id string) string {
	return strings.NewReplacer("TO", srv.Component, "ID", id).Replace(raw)
}

// awaitFence reads up to the reply with this id, or to the end of a client that
// its server has thrown out.
func awaitFence(t *testing.T, c *realserver.Client, id string) {
	t.Helper()
	for !c.Closed() {
		got := c.Next(30 * time.Second)
		if got == "" && !c.Closed() {
			t.Fatalf("no reply with the id %q", id)
		}
		if strings.Contains(got, "id='"+id+"'") || strings.Contains(got, `id="`+id+`"`) {
			return
		}
	}
}

// TestHostile sends each once, and asks something ordinary after it: the stream
// has to live, and the client's answer has to come. Checklist 19 to 21.
func TestHostile(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t)})
		alice := srv.Login(t, "alice", "balcony")
		for i, tc := range hostile {
			t.Run(tc.name, func(t *testing.T) {
				if alice.Closed() {
					alice = srv.Login(t, "alice", "balcony") // the server's own view of what a client may send
				}
				alice.Send(filled(srv, tc.raw, fmt.Sprint("h", i)))
				fence := fmt.Sprint("fence", i)
				alice.Send(get(srv, fence, "nil", ""))
				awaitFence(t, alice, fence)
				bob := srv.Login(t, "bob", fmt.Sprint("r", i))
				defer bob.Close()
				if got := bob.IQ(get(srv, "ok", "text", "")); realserver.Parse(got).Type != "result" {
					t.Errorf("after it: %s", got)
				}
			})
		}
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 {
			t.Errorf("streams %d, lost %d: want the first one to live", st.Streams, st.Lost)
		}
	})
}

// flooded are those of hostile that a flood has made trouble of, in one component
// or another. In-process, all of them are: see the tests of component.
var flooded = []string{"Q04", "Q05", "Q06", "Q08", "Q14 streams namespace", "Q23 unsolicited error"}

// TestHostileFlood sends 10,000 of each of these. Checklist 19.
func TestHostileFlood(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t)})
		const flood = 10_000
		for _, tc := range hostile {
			if !slices.ContainsFunc(flooded, func(name string) bool { return strings.HasPrefix(tc.name, name) }) {
				continue
			}
			t.Run(tc.name, func(t *testing.T) {
				alice := srv.Login(t, "alice", "flood")
				defer alice.Close()
				one := filled(srv, tc.raw, "f")
				for range flood / 100 {
					alice.Send(strings.Repeat(one, 100))
				}
				alice.Send(get(srv, "fence", "nil", ""))
				awaitFence(t, alice, "fence")
			})
		}
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 || st.Requests != st.Results+st.Errors+st.Unanswered {
			t.Errorf("streams %d, lost %d; %d requests, %d results, %d errors, %d unanswered",
				st.Streams, st.Lost, st.Requests, st.Results, st.Errors, st.Unanswered)
		}
	})
}
