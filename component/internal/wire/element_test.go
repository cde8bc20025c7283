package wire_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

func parse(t testing.TB, s string) wire.Element {
	t.Helper()
	e, err := wire.ParseElement(s, nsComponent, wire.Limits{})
	if err != nil {
		t.Fatalf("ParseElement(%q) error = %v", s, err)
	}
	return e
}

func TestElement(t *testing.T) {
	e := parse(t, ` <q xmlns='urn:q' xmlns:p = "urn:p&amp;x" a='1&lt;2' p:a="2" xml:lang='de' b = ''> t<p:c p:d='3'/>&amp;`+
		"<![CDATA[<u>]]>\r\n<d xmlns=''><e/></d>\r<c/></q> ")
	if name := e.Name(); name != (xml.Name{Space: "urn:q", Local: "q"}) {
		t.Errorf("Name() = %v", name)
	}
	if got := e.Text(); got != " t&<u>\n\n" {
		t.Errorf("Text() = %q", got)
	}
	want := map[xml.Name]string{{Local: "a"}: "1<2", {Space: "urn:p&x", Local: "a"}: "2",
		{Space: wire.NSXML, Local: "lang"}: "de", {Local: "b"}: ""}
	if got := maps.Collect(e.Attrs()); !reflect.DeepEqual(got, want) {
		t.Errorf("Attrs() = %v", got)
	}
	var names []string
	for child := range e.Children() {
		names = append(names, fmt.Sprint(child.Name(), child.Raw()))
	}
	if got := strings.Join(names, " "); got != "{urn:p&x c}<p:c p:d='3'/> { d}<d xmlns=''><e/></d> {urn:q c}<c/>" {
		t.Errorf("Children() = %s", got)
	}
	if got := e.Child("", "d").Child("", "e").Raw(); got != "<e/>" {
		t.Errorf("Child() = %q", got)
	}
	if !e.Child("urn:q", "d").IsZero() {
		t.Error("Child() of another namespace")
	}
}

func TestElementAttr(t *testing.T) {
	e := parse(t, "<q xmlns='u' xmlns:p='v' p:a='1' b='x\ny\r' c='&#xA;' xml:lang='de'/>")
	for name, tc := range map[string]struct {
		space, local, value string
		ok                  bool
	}{
		"plain":       {"", "b", "x\ny\r", true},
		"reference":   {"", "c", "\n", true},
		"prefixed":    {"v", "a", "1", true},
		"xml":         {wire.NSXML, "lang", "de", true},
		"by prefix":   {"", "p:a", "", false},
		"declaration": {"", "xmlns", "", false},
		"local only":  {"", "a", "", false},
		"other space": {"u", "a", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := e.AttrNS(tc.space, tc.local); got != tc.value || ok != tc.ok {
				t.Errorf("AttrNS() = %q, %v", got, ok)
			}
		})
	}
}

// Values of each length, with a reference at each place.
func TestReferences(t *testing.T) {
	for n := range 70 {
		for i := range n + 1 {
			value := strings.Repeat("v", i) + "&lt;é&#x1F600;" + strings.Repeat("w", n-i)
			want := strings.Repeat("v", i) + "<é😀" + strings.Repeat("w", n-i)
			for _, quote := range []string{"'", `"`} {
				e := parse(t, "<a b="+quote+value+quote+" c='&amp;'>"+value+"</a>")
				b, _ := e.Attr("b")
				if c, _ := e.Attr("c"); b != want || c != "&" || e.Text() != want {
					t.Fatalf("%s: %q, %q, %q", value, b, c, e.Text())
				}
			}
		}
	}
}

func TestZeroElement(t *testing.T) {
	var e wire.Element
	_, ok := e.Attr("a")
	_, okNS := e.AttrNS("a", "b")
	if !e.IsZero() || e.Name() != (xml.Name{}) || ok || okNS || e.Text() != "" || e.Raw() != "" ||
		!e.Child("", "a").IsZero() || len(maps.Collect(e.Attrs())) > 0 {
		t.Error("the zero element has something")
	}
	for range e.Children() {
		t.Error("the zero element has a child")
	}
	if tok, err := e.TokenReader().Token(); tok != nil || err != io.EOF {
		t.Errorf("Token() = %v, %v", tok, err)
	}
	var st wire.Stanza
	if !st.Element().IsZero() || !st.First().IsZero() {
		t.Error("the zero stanza has an element")
	}
}

// TestIterationStops ends each loop after its first step.
func TestIterationStops(t *testing.T) {
	e := parse(t, "<a b='1' c='2'>x<d/><e/></a>")
	for name := range e.Attrs() {
		if name.Local != "b" {
			t.Errorf("Attrs() went on to %v", name)
		}
		break
	}
	for child := range e.Children() {
		if child.Name().Local != "d" {
			t.Errorf("Children() went on to %v", child.Raw())
		}
		break
	}
}

// TestScope: declarations on the stream and on the stanza hold in its payload.
func TestScope(t *testing.T) {
	st := one(t, "<iq xmlns:p='urn:p' xmlns='jabber:client'><p:a b='1'/><c/></iq>")
	if st.Payload != (xml.Name{Space: "urn:p", Local: "a"}) || st.First().Name() != st.Payload {
		t.Errorf("Payload = %v, First() = %v", st.Payload, st.First().Name())
	}
	if got := st.Element().Child("jabber:client", "c").Raw(); got != "<c/>" {
		t.Errorf("Child() = %q", got)
	}
	st = one(t, "<iq><stream:a/></iq>")
	if st.Payload != (xml.Name{Space: wire.NSStreams, Local: "a"}) || st.First().Name() != st.Payload {
		t.Errorf("Payload = %v, First() = %v", st.Payload, st.First().Name())
	}
}

func TestStanzaText(t *testing.T) {
	for in, want := range map[string]bool{
		"<iq/>":                           false,
		"<iq> <a>x</a>\n&#10;&#x20;</iq>": false,
		"<iq>x<a/></iq>":                  true,
		"<iq><a/>x</iq>":                  true,
		"<iq><a/>&amp;</iq>":              true,
		"<iq><![CDATA[x]]></iq>":          true,
		"<iq><![CDATA[ ]]></iq>":          false,
		"<iq>\u00a0</iq>":                 true,
	} {
		if st := one(t, in); st.Text != want {
			t.Errorf("%s: Text = %v", in, st.Text)
		}
	}
}

// TestTokens compares with encoding/xml.
func TestTokens(t *testing.T) {
	for name, in := range accepted {
		if strings.Contains(name, "5th edition") {
			continue // encoding/xml takes the names of the fourth one only
		}
		t.Run(name, func(t *testing.T) {
			st := one(t, in)
			in = strings.TrimPrefix(header, "<?xml version='1.0'?>") + in + footer
			want := xml.NewDecoder(strings.NewReader(in))
			if _, err := want.Token(); err != nil {
				t.Fatal(err)
			}
			compareTokens(t, st.Element().TokenReader(), want, 0)
			got := xml.NewTokenDecoder(st.Element().TokenReader())
			want = xml.NewDecoder(strings.NewReader(in))
			_, _ = want.Token()
			compareTokens(t, got, want, 0)
		})
	}
}

// compareTokens compares the tokens of one element.
func compareTokens(t testing.TB, got, want xml.TokenReader, depth int) {
	t.Helper()
	for {
		a, errA := got.Token()
		b, errB := want.Token()
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("Token() = %#v, %v, want %#v, %v", a, errA, b, errB)
		}
		switch a.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			if depth--; depth == 0 {
				if a, err := got.Token(); a != nil || err != io.EOF {
					t.Fatalf("Token() at the end = %v, %v", a, err)
				}
				return
			}
		}
	}
}

func TestDecode(t *testing.T) {
	st := one(t, rosterSet)
	var query struct {
		XMLName xml.Name `xml:"jabber:iq:roster query"`
		Items   []struct {
			JID    string   `xml:"jid,attr"`
			Name   string   `xml:"name,attr"`
			Groups []string `xml:"group"`
		} `xml:"item"`
	}
	if err := xml.NewTokenDecoder(st.First().TokenReader()).Decode(&query); err != nil {
		t.Fatal(err)
	}
	if len(query.Items) != 1 || query.Items[0].Name != "Nurse <3" || query.Items[0].Groups[0] != "Servants" {
		t.Errorf("Decode() = %+v", query)
	}
}
