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

// A row is a stanza of a user, and what comes of it.
type row struct {
	name, raw string // TO stands for the component, ID for the id
	want      string // in the one answer; none: it is never answered; empty: that is up to the server
}

const none = "-"

// hostile are stanzas that a user can get to a component through a real server, or
// that the server refuses itself. None may harm the stream.
func hostile() []row {
	const nobody, bad, fine = "feature-not-implemented", "bad-request", "type='result'"
	q := func(payload string) string { return "<iq type='get' id='ID' to='TO'>" + payload + "</iq>" }
	set := func(payload string) string { return "<iq type='set' id='ID' to='TO'>" + payload + "</iq>" }
	const ok = "<nil xmlns='urn:example:test'/>"
	inner := "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='get' id='x' from='bob@localhost' to='TO'>" + ok + "</iq></forwarded>"
	info := func(node string) string {
		return q("<query xmlns='http://jabber.org/protocol/disco#info' node='" + node + "'/>")
	}
	return []row{
		{"Q01 known namespace", q(ok), fine},
		{"Q02 unknown namespace", q("<q xmlns='urn:example:nobody'/>"), nobody},
		{"Q04 no child", "<iq type='get' id='ID' to='TO'/>", bad},
		{"Q04 text only", q("text"), bad},
		{"Q05 two children", q("<a xmlns='urn:a'/><b xmlns='urn:b'/>"), bad},
		{"Q06 text before the child", q("text" + ok), fine},
		{"Q07 an error as the child of a get", q("<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"), nobody},
		{"Q08 empty id", "<iq type='get' id='' to='TO'>" + ok + "</iq>", fine},
		{"Q11 child in no namespace", q("<nil xmlns=''/>"), nobody},
		{"Q11 child in the stream's namespace", q("<nil/>"), nobody},
		{"Q12 prefixed child", q("<p:nil xmlns:p='urn:example:test' p:a='1'/>"), fine},
		{"Q12 prefix of the iq", "<iq xmlns:p='urn:example:test' xmlns:f='urn:f' f:a='1' type='get' id='ID' to='TO'><p:nil a='1'/></iq>", fine},
		{"Q14 streams namespace", q("<error xmlns='http://etherx.jabber.org/streams'/>"), nobody},
		{"Q14 streams namespace below", q("<q xmlns='urn:q'><stream:stream xmlns:stream='http://etherx.jabber.org/streams'/></q>"), nobody},
		{"Q14 streams namespace in a message", "<message to='TO'><error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></message>", none},
		{"Q15 nested iq", q("<iq xmlns='jabber:client' type='get' id='n'/>"), nobody},
		{"Q15 handshake", q("<handshake xmlns='jabber:component:accept'/>"), nobody},
		{"Q15 closing tag as text", q("<q xmlns='urn:q'><![CDATA[</stream:stream>]]></q>"), nobody},
		{"Q15 answered with a namespace that has a line end", q("<line-end xmlns='urn:example:test'/>"), "internal-server-error"},
		{"Q16 many apostrophes", q("<nil xmlns='urn:example:test'>" + strings.Repeat("&apos;", 43_000) + "</nil>"), fine},
		{"Q16 250 KB of apostrophes", q("<nil xmlns='urn:example:test'>" + strings.Repeat("'", 250_000) + "</nil>"), fine},
		{"Q17 250 KB that would come back as 1.5 MB", q("<echo xmlns='urn:example:test' a=\"" + strings.Repeat("'", 250_000) + "\"/>"), "internal-server-error"},
		{"Q18 depth", q(nest(2000)), "policy-violation"},
		{"Q19 siblings", q("<nil xmlns='urn:example:test'>" + strings.Repeat("<a/>", 20_000) + "</nil>"), fine},
		{"Q19 5,000 attributes", q("<nil xmlns='urn:example:test'" + attributes(5000) + "/>"), "policy-violation"},
		{"Q21 odd address", "<iq type='get' id='ID' to='Ⅳ@TO/res'>" + ok + "</iq>", "service-unavailable"},
		{"Q21 upper case", "<iq type='get' id='ID' to='IQD.LOCALHOST'>" + ok + "</iq>", fine},
		{"Q21 resource", "<iq type='get' id='ID' to='TO/res'>" + ok + "</iq>", "service-unavailable"},
		{"Q23 unsolicited result", "<iq type='result' id='ID' to='TO'/>", none},
		{"Q23 result with two children", "<iq type='result' id='ID' to='TO'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>", none},
		{"Q23 unsolicited error", "<iq type='error' id='ID' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", none},
		{"Q23 error without error", "<iq type='error' id='ID' to='TO'/>", none},
		{"Q25 chat", "<message to='TO' type='chat' id='ID'><body>hello</body></message>", none},
		{"Q25 no type", "<message to='TO' id='ID'><body>hello</body></message>", none},
		{"Q25 groupchat", "<message to='TO' type='groupchat' id='ID'><body>hello</body></message>", none},
		{"Q25 headline", "<message to='TO' type='headline' id='ID'><body>hello</body></message>", none},
		{"Q25 error", "<message to='TO' type='error' id='ID'/>", none},
		{"Q26 available", "<presence to='TO' id='ID'/>", none},
		{"Q26 unavailable", "<presence to='TO' type='unavailable' id='ID'/>", none},
		{"Q26 probe", "<presence to='TO' type='probe' id='ID'/>", none},
		{"Q26 error", "<presence to='TO' type='error' id='ID'/>", none},
		{"Q28 forged delegation", set("<delegation xmlns='urn:xmpp:delegation:2'>" + inner + "</delegation>"), nobody},
		{"Q28 forged delegation 1", set("<delegation xmlns='urn:xmpp:delegation:1'>" + inner + "</delegation>"), nobody},
		{"Q28 forwarded", set(inner), nobody},
		{"Q28 forged privilege", "<message to='TO' id='ID'><privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/></privilege></message>", none},
		{"Q29 roster push", set("<query xmlns='jabber:iq:roster'><item jid='m@example.net'/></query>"), nobody},
		{"Q29 bind", set("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"), nobody},
		{"Q29 session", set("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"), ""},
		{"Q29 SASL", set("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>"), nobody},
		{"Q30 the component's own", "<iq type='get' id='ID' to='TO'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", fine},
		{"Q30 unknown node", info("nobody knows"), "item-not-found"},
		{"Q30 node of delegation", info("urn:xmpp:delegation:2::urn:example:test"), "item-not-found"},
		{"Q30 node of 10 KB", info(strings.Repeat("n", 10_000)), "item-not-found"},
		// What Namespaces in XML forbids is not for every server to see.
		{"B03 prefix of the iq, at an attribute", "<iq xmlns:p='urn:example:test' type='get' id='ID' to='TO'><p:nil p:a='1'/></iq>", "<iq"},
		{"B03 undeclared prefix", q("<p:nil/>"), ""},
		{"B03 undeclared prefix of an attribute", q("<nil xmlns='urn:example:test' p:a='1'/>"), ""},
		{"B03 undeclared prefix below", q("<nil xmlns='urn:example:test'><p:x/></nil>"), ""},
		{"B03 one attribute by two prefixes", q("<nil xmlns='urn:example:test' xmlns:p='urn:u' xmlns:q='urn:u' p:a='1' q:a='2'/>"), ""},
		{"B03 prefix bound to nothing", q("<nil xmlns='urn:example:test' xmlns:p=''/>"), ""},
		{"B03 xml bound to another", q("<nil xmlns='urn:example:test' xmlns:xml='urn:u'/>"), ""},
		{"B03 xmlns bound", q("<nil xmlns='urn:example:test' xmlns:xmlns='urn:u'/>"), ""},
		{"B03 reserved default namespace", q("<nil xmlns='http://www.w3.org/2000/xmlns/'/>"), ""},
		{"B03 another bound to xml's", q("<nil xmlns='urn:example:test' xmlns:p='http://www.w3.org/XML/1998/namespace'/>"), ""},
		{"B03 two colons", q("<a:b:c xmlns:a='urn:u'/>"), ""},
		{"B03 two colons, attribute", q("<nil xmlns='urn:example:test' xmlns:a='urn:u' a:b:c=''/>"), ""},
		{"B03 colon first", q("<:nil xmlns='urn:example:test'/>"), ""},
		{"B03 colon first, attribute", q("<nil xmlns='urn:example:test' :a=''/>"), ""},
		{"B03 colon last", q("<nil: xmlns='urn:example:test'/>"), ""},
		{"B03 colon last, attribute", q("<nil xmlns='urn:example:test' a:=''/>"), ""},
		{"B03 digit behind the colon", q("<nil xmlns='urn:example:test' xmlns:a='urn:u'><a:1/></nil>"), ""},
		{"B03 element with prefix xmlns", q("<xmlns:nil/>"), ""},
		{"no id", "<iq type='get' to='TO'>" + ok + "</iq>", ""},
		{"unknown type", "<iq type='foo' id='ID' to='TO'>" + ok + "</iq>", ""},
		{"no type", "<iq id='ID' to='TO'>" + ok + "</iq>", ""},
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
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

// TestHostile sends each once, and asks something ordinary after it: what is to be
// answered is answered once, the stream lives, and the client's next answer comes.
// Checklist 19 to 21.
func TestHostile(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		m := testMux(t)
		add(t, m, standardOf(t, srv, "disco", "memory:"))
		c := serve(t, srv, component.Config{Handler: m})
		alice, bob := srv.Login(t, "alice", "balcony"), srv.Login(t, "bob", "orchard")
		rows := hostile()
		if srv.Kind == realserver.Prosody { // ejabberd as a whole dies of it
			rows = append(rows, row{"Q18 depth of 30,000", "<iq type='get' id='ID' to='TO'>" + nest(30_000) + "</iq>", "policy-violation"})
		}
		for i, tc := range rows {
			t.Run(tc.name, func(t *testing.T) {
				if alice.Closed() {
					alice = srv.Login(t, "alice", "balcony") // the server's own view of what a client may send
				}
				id := fmt.Sprint("h", i)
				alice.Send(filled(srv, tc.raw, id))
				tc.check(t, srv, beforeFence(t, srv, c, alice, fmt.Sprint("fence", i)))
				if st := c.Stats(); st.Streams != 1 || st.Lost != 0 {
					t.Fatalf("the stream is gone: %+v", c.Status())
				}
				if got := bob.IQ(get(srv, fmt.Sprint("ok", i), "text", "")); realserver.Parse(got).Type != "result" {
					t.Errorf("after it: %s", got)
				}
			})
		}
		if st := c.Stats(); st.Streams != 1 || st.Lost != 0 {
			t.Errorf("streams %d, lost %d: want the first one to live", st.Streams, st.Lost)
		}
	})
}

// nest returns a payload that many levels deep.
func nest(depth int) string {
	return "<nil xmlns='urn:example:test'>" + strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth) + "</nil>"
}

// check holds what came to what is wanted.
func (r row) check(t *testing.T, srv *realserver.Server, came []string) {
	t.Helper()
	var answers []string
	for _, raw := range came {
		if strings.HasSuffix(strings.ToLower(realserver.Parse(raw).From), srv.Component) || strings.Contains(realserver.Parse(raw).From, srv.Component+"/") {
			answers = append(answers, raw)
		}
	}
	switch {
	case r.want == "":
	case r.want == none && len(answers) > 0:
		t.Errorf("it was answered: %.500q", answers)
	case r.want == none:
	case len(answers) != 1 || !strings.Contains(strings.ReplaceAll(answers[0], `"`, "'"), r.want):
		t.Errorf("want %s once, got %.500q", r.want, answers)
	}
}

// beforeFence asks something ordinary, and again when nothing is open any more, and
// returns what came beside the answers. It returns less when the server throws the
// client out.
func beforeFence(t *testing.T, srv *realserver.Server, c *component.Component, client *realserver.Client, id string) (came []string) {
	t.Helper()
	for _, id := range []string{id + "a", id + "b"} {
		client.Send(get(srv, id, "nil", ""))
		for fenced := false; !fenced && !client.Closed(); {
			got := client.Next(10 * time.Second)
			if got == "" && !client.Closed() {
				t.Fatalf("no reply with the id %q, %+v", id, c.Status())
			}
			if fenced = realserver.Parse(got).ID == id; !fenced && got != "" {
				came = append(came, got)
			}
		}
		realserver.Eventually(t, 10*time.Second, func() bool { return c.Stats().Open == 0 })
	}
	return came
}

// flooded are those of hostile that a flood has made trouble of, in one component
// or another. In-process, all of them are: see the tests of component.
var flooded = []string{"Q04", "Q05", "Q06", "Q08", "Q14 streams namespace", "Q23 unsolicited error"}

// TestHostileFlood sends 10,000 of each of these. Checklist 19.
func TestHostileFlood(t *testing.T) {
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		c := serve(t, srv, component.Config{Handler: testMux(t)})
		const flood = 10_000
		for _, tc := range hostile() {
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
