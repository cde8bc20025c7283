package wire_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const ping = "<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net' xml:lang='en'>" +
	"<ping xmlns='urn:xmpp:ping'/></iq>"

const rosterSet = `<iq type="set" id="r&amp;1" from="juliet@example.net/balcony" to="iq.example.net">` +
	`<query xmlns="jabber:iq:roster"><item jid="nurse@example.net" name="Nurse &lt;3"><group>Servants</group></item></query></iq>`

func TestNext(t *testing.T) {
	st := one(t, ping)
	want := wire.Stanza{
		Raw: ping, Name: xml.Name{Space: nsComponent, Local: "iq"}, Size: int64(len(ping)),
		Type: "get", ID: "1", From: "juliet@example.net/balcony", To: "iq.example.net", Lang: "en",
		HasType: true, HasID: true, HasFrom: true, HasTo: true,
		Payload: xml.Name{Space: "urn:xmpp:ping", Local: "ping"}, Children: 1,
	}
	if st.Raw != want.Raw || st.Name != want.Name || st.Size != want.Size || st.Type != want.Type || st.ID != want.ID ||
		st.From != want.From || st.To != want.To || st.Lang != want.Lang || !st.HasType || !st.HasID || !st.HasFrom ||
		!st.HasTo || st.Payload != want.Payload || st.Children != 1 || st.Text || st.Skipped != nil {
		t.Errorf("Next() = %+v, want %+v", st, want)
	}
	if got := st.First().Raw(); got != "<ping xmlns='urn:xmpp:ping'/>" {
		t.Errorf("First() = %q", got)
	}
}

// TestStanzaIsKept: a stanza has nothing of the buffer, which others use again.
func TestStanzaIsKept(t *testing.T) {
	text := func(i int) string {
		return fmt.Sprintf("<iq id='%[1]d' xmlns:p='urn:%[1]d' xmlns='jabber:%[1]d'><p:a xml:lang='%[1]d'>x</p:a><b/></iq>", i)
	}
	var all strings.Builder
	for i := range 3000 {
		all.WriteString(text(i))
	}
	rd, kept := stream(t, all.String(), wire.Limits{}), make([]wire.Stanza, 3000)
	for i := range kept {
		if err := rd.Next(&kept[i]); err != nil {
			t.Fatalf("Next() error = %v", err)
		}
	}
	for i, st := range kept {
		n, el := fmt.Sprint(i), st.First()
		lang, _ := el.AttrNS(wire.NSXML, "lang")
		if st.Raw != text(i) || st.ID != n || st.Name.Space != "jabber:"+n || st.Payload.Space != "urn:"+n ||
			el.Name() != st.Payload || lang != n || el.Text() != "x" {
			t.Fatalf("stanza %d has become %+v", i, st)
		}
	}
}

func TestNextEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want error
	}{
		"close tag":        {ping + footer, wire.ErrClosed},
		"spaced close tag": {ping + "</stream:stream \n>", wire.ErrClosed},
		"between stanzas":  {ping, io.EOF},
		"after space":      {ping + " \n", io.EOF},
		"inside":           {ping + "<iq>", io.ErrUnexpectedEOF},
		"one byte":         {ping + "<", io.ErrUnexpectedEOF},
		"half a close tag": {ping + "</stre", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, tc.in, wire.Limits{}), wire.Stanza{}
			if err := rd.Next(&st); err != nil {
				t.Fatalf("first Next() error = %v", err)
			}
			for range 2 {
				if err := rd.Next(&st); !errors.Is(err, tc.want) {
					t.Errorf("Next() error = %v, want %v", err, tc.want)
				}
			}
		})
	}
}

func TestCuts(t *testing.T) {
	for name, s := range corpus() {
		t.Run(name, func(t *testing.T) {
			all := header + s + ping + footer
			want := transcript(wire.NewReader(strings.NewReader(all), wire.Limits{Depth: 5, Bytes: 900}))
			if got := transcript(wire.NewReader(singles(all), wire.Limits{Depth: 5, Bytes: 900})); got != want {
				t.Errorf("in single bytes:\n%s\nwant\n%s", got, want)
			}
			for i := range all {
				if got := transcript(wire.NewReader(cut(all, i), wire.Limits{Depth: 5, Bytes: 900})); got != want {
					t.Fatalf("cut at %d:\n%s\nwant\n%s", i, got, want)
				}
			}
		})
	}
}

// Tokens up to and above what is looked at twice, cut where it matters and here and there.
func TestCutsLong(t *testing.T) {
	for name, s := range map[string]string{
		"text":      "<iq><a>" + strings.Repeat("ä]]&gt; ", 600) + "</a></iq>",
		"blank":     "<iq>" + strings.Repeat(" \n", 1500) + "<a/>" + strings.Repeat(" ", 3000) + "x</iq>",
		"value":     "<iq><a b='" + strings.Repeat("v>", 1020) + "'/><a b='" + strings.Repeat("v>", 1100) + "'/></iq>",
		"reference": "<iq><a>&#" + strings.Repeat("0", 2500) + "65;</a></iq>",
		"cdata":     "<iq><a><![CDATA[" + strings.Repeat("]>", 1400) + "]]></a></iq>",
		"items":     "<iq id='1'><q xmlns='urn:q'>" + strings.Repeat("<item jid='romeo@example.net'><group>F</group></item>", 60) + "</q></iq>",
		"prefixes":  "<iq><q xmlns:p='urn:p'>" + strings.Repeat("<p:item/>", 300) + "</q>" + strings.Repeat("<item p='1'/>", 200) + "</iq>",
		"late":      "<iq>" + strings.Repeat("<item/>", 500) + "<p:a/></iq>" + ping + "<iq>" + strings.Repeat("<item/>", 500) + "<a></b></iq>",
	} {
		t.Run(name, func(t *testing.T) {
			all := header + s + ping + footer
			want := transcript(wire.NewReader(strings.NewReader(all), wire.Limits{}))
			if got := transcript(wire.NewReader(singles(all), wire.Limits{})); got != want {
				t.Errorf("in single bytes:\n%.300s\nwant\n%.300s", got, want)
			}
			for i := 0; i < len(all); i += 1 + i%13 {
				if got := transcript(wire.NewReader(cut(all, i), wire.Limits{})); got != want {
					t.Fatalf("cut at %d:\n%.300s\nwant\n%.300s", i, got, want)
				}
			}
		})
	}
}

func corpus() map[string]string {
	return map[string]string{
		"ping":      ping,
		"rosterSet": rosterSet,
		"several":   ping + rosterSet + " \n" + ping + "291" + ping,
		"cdata":     "<iq><a>x<![CDATA[ <b> ]] ]]]>y</a></iq><iq><![CDATA[]]></iq>",
		"cdend":     "<iq><a>]] >]]&gt;]>x]</a></iq>" + ping + "<iq><a>x]]></a></iq>",
		"blank":     "<iq> \n <a> x </a>\t</iq><iq> \n <a/> \n &#32;</iq>",
		"declared":  "<iq><a xmlns:p='urn:p'><p:b p:c=''/></a><c p='1'/></iq><iq xmlns:p='urn:p'><p:a/></iq><iq><p:a/></iq>",
		"shadowed":  "<iq xmlns:stream='urn:p'><stream:a stream:b=''/></iq>" + ping,
		"twice":     "<iq a='1'><b a='1' c='2' a='3'/></iq>",
		"quotes":    `<iq a='>"/' b="/>'"/><iq a="'" b='/' /><iq a='/'/><iq a='x' >/></iq>`,
		"chars":     "<iq id='ä€😀'>ä€😀&#x1F600;&#10;</iq>ä€",
		"deep":      "<a><b><c><d><e><f/></e></d></c></b></a>" + ping,
		"deeper":    "<a id='7'><p:b xmlns:p='urn:x'><c><d><e><f><g>'\"</g></f></e></d></c></p:b></a>" + ping,
		"long":      "<iq id='5'><q xmlns='urn:q'>" + strings.Repeat("xyz&amp;/>", 150) + "</q></iq>" + ping,
		"longhead":  "<iq id='" + strings.Repeat("/'", 1) + " a='" + strings.Repeat("x", 999) + "'/>" + ping,
		"header":    ping + "<stream:stream>",
		"header2":   ping + "<s:stream xmlns:s='http://etherx.jabber.org/streams' a='b'/>",
		"stream":    "<iq><stream:stream>" + ping + "</stream:stream></iq>",
		"comment":   "<iq><!-- --></iq>",
		"doctype":   "<!DOCTYPE foo>",
		"pi":        "<iq><?foo?></iq>",
		"badbang":   "<iq><!foo></iq>",
		"badcdata":  "<iq><![CDAT[]]></iq>",
		"badutf8":   "<iq>\xff</iq>",
		"junkutf8":  "ä\xc3<iq/>",
		"badjunk":   "\x01<iq/>",
		"mismatch":  "<iq><a></b></iq>",
		"overclose": "</foo>",
	}
}
