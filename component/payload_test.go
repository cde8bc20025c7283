package component_test

import (
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/form"
)

// answered has a handler return p and gives back the payload that came out.
func answered(t *testing.T, p component.Payload) component.Element {
	t.Helper()
	got := serve(t, false, give(p, nil)).ask(juliet)
	got.wants(t, "result")
	for c := range got.el.Children() {
		return c
	}
	return component.Element{}
}

// tokensOf is a marshaler of what it is given.
type tokensOf []xml.Token

func (m tokensOf) TokenReader() xml.TokenReader {
	i := 0
	return xmlstream.ReaderFunc(func() (xml.Token, error) {
		if i == len(m) {
			return nil, io.EOF
		}
		i++
		if err, ok := m[i-1].(error); ok {
			return nil, err
		}
		return m[i-1], nil
	})
}

// TestMelliumPayloads: the types of mellium.im/xmpp come out as they are.
func TestMelliumPayloads(t *testing.T) {
	for label, tc := range map[string]struct {
		p    component.Payload
		want string
	}{
		"identity": {component.Tokens(info.Identity{Category: "gateway", Type: "x", Name: "A & B", Lang: "de"}), ""},
		"feature":  {component.Tokens(feature{info.Feature{Var: "urn:x"}}), "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:x'/></query>"},
		"form":     {component.Tokens(tokensFrom(form.New(form.Title("t")))), ""},
		"value": {component.Value(struct {
			XMLName xml.Name `xml:"urn:v v"`
			A       string   `xml:"a,attr"`
			B       []int    `xml:"b"`
		}{A: "<", B: []int{1, 2}}), "<v xmlns='urn:v' a='&lt;'><b>1</b><b>2</b></v>"},
		"white space around": {component.Tokens(tokensOf{xml.CharData(" \n"), xml.StartElement{Name: xmlName("urn:x", "x")}, xml.EndElement{}, xml.CharData("\n")}), "<x xmlns='urn:x'/>"},
		"attributes": {component.Tokens(tokensOf{xml.StartElement{Name: xmlName("urn:x", "x"), Attr: []xml.Attr{
			{Name: xmlName("", "xmlns"), Value: "urn:x"}, {Name: xmlName("xmlns", "p"), Value: "urn:p"}, {Name: xmlName("urn:p", "a"), Value: "1"}, {Name: xmlName("xml", "lang"), Value: "de"}}}, xml.EndElement{}}),
			"<x xmlns='urn:x' xmlns:ns0='urn:p' ns0:a='1' xml:lang='de'/>"},
	} {
		t.Run(label, func(t *testing.T) {
			got := answered(t, tc.p)
			if got.IsZero() || tc.want != "" && got.XML() != tc.want {
				t.Errorf("got  %s\nwant %s", got.XML(), tc.want)
			}
		})
	}
}

// A feature is put where XEP-0030 has it.
type feature struct{ f info.Feature }

func (f feature) TokenReader() xml.TokenReader {
	return xmlstream.Wrap(f.f.TokenReader(), xml.StartElement{Name: xmlName("http://jabber.org/protocol/disco#info", "query")})
}

// tokensFrom makes what marshals itself a value that can be handed around.
func tokensFrom(f *form.Data) xmlstream.Marshaler {
	r, _ := f.Submit()
	toks, _ := xmlstream.ReadAll(r)
	return tokensOf(toks)
}

// Bad tokens and values are errors of ours, and never of the stream.
func TestBadPayloads(t *testing.T) {
	start := xml.StartElement{Name: xmlName("urn:x", "x")}
	for label, p := range map[string]component.Payload{
		"comment":    component.Tokens(tokensOf{start, xml.Comment("x"), xml.EndElement{}}),
		"PI":         component.Tokens(tokensOf{start, xml.ProcInst{Target: "x"}, xml.EndElement{}}),
		"directive":  component.Tokens(tokensOf{xml.Directive("DOCTYPE x")}),
		"unbalanced": component.Tokens(tokensOf{start}),
		"early end":  component.Tokens(tokensOf{xml.EndElement{}}),
		"error":      component.Tokens(tokensOf{start, xml.Token(errors.New("on fire"))}),
		"nil":        component.Tokens(nil),
		"value":      component.Value(func() {}),
		"fails":      payloadFunc(func(e *component.Encoder) { e.Empty(nsTest, "x"); e.Fail(errors.New("no")); e.Fail(nil) }),
		"zero tag":   payloadFunc(func(e *component.Encoder) { e.Start(nsTest, "x"); e.EmptyTag(component.Tag{}); e.End() }),
		"no value":   payloadFunc(func(e *component.Encoder) { e.Start(nsTest, "x"); e.EmptyTag(component.MustTag("y", "a")); e.End() }),
		"late attr":  payloadFunc(func(e *component.Encoder) { e.Start(nsTest, "x"); e.Text("t"); e.Attr("a", ""); e.End() }),
	} {
		t.Run(label, func(t *testing.T) {
			r := serve(t, true, give(p, nil))
			r.ask(juliet).wants(t, "internal-server-error")
			r.alive()
		})
	}
}

// TestEncoder writes each kind of thing once.
func TestEncoder(t *testing.T) {
	sub, err := component.ParseElement("<p:sub xmlns:p='urn:p' p:a='1'><b xmlns='urn:b'>x</b></p:sub>")
	if err != nil {
		t.Fatal(err)
	}
	got := answered(t, payloadFunc(func(e *component.Encoder) {
		e.Start("urn:x", "x")
		e.OptAttr("none", "")
		e.OptAttr("some", "1")
		e.AttrNS("urn:p", "a", "2")
		e.Start("", "child")
		e.Text("a<b")
		e.End()
		e.Empty("", "none")
		tag := component.MustTag("tag", "a", "b", "c")
		e.EmptyTag(tag, "1", "", "<2>")
		e.StartTag(tag, "", "3", "")
		e.Attr("d", "4")
		e.End()
		e.Element(sub)
		e.End()
		if e.Err() != nil {
			t.Error(e.Err())
		}
	}))
	const want = "<x xmlns='urn:x' some='1' xmlns:ns0='urn:p' ns0:a='2'><child>a&lt;b</child><none/><tag a='1' c='&lt;2&gt;'/><tag b='3' d='4'/><sub xmlns='urn:p' xmlns:ns0='urn:p' ns0:a='1'><b xmlns='urn:b'>x</b></sub></x>"
	if got.XML() != want {
		t.Errorf("got  %s\nwant %s", got.XML(), want)
	}
}

// A tag with a bad name is found where the program begins.
func TestMustTag(t *testing.T) {
	defer func() {
		if v := recover(); v != `component: "a b" is not the name of an attribute` {
			t.Errorf("MustTag panics with %v", v)
		}
	}()
	component.MustTag("x", "a b")
}

// TestElement reads what a handler is given, and what is not there.
func TestElement(t *testing.T) {
	el, err := component.ParseElement("<q xmlns='urn:q' a='1' xmlns:p='urn:p' p:b='2'>one<x/>two<y xmlns='urn:y'>t</y></q>")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := el.Attr("a"); v != "1" || !ok || el.Get("b") != "" || el.Text() != "onetwo" {
		t.Errorf("a = %q, text %q", v, el.Text())
	}
	if v, ok := el.AttrNS("urn:p", "b"); v != "2" || !ok {
		t.Errorf("p:b = %q, %v", v, ok)
	}
	n := 0
	for name, v := range el.Attrs() {
		n++
		if name.Local != "a" && name.Space != "urn:p" {
			t.Errorf("%v = %q", name, v)
		}
	}
	for range el.Children() {
		n++
		break
	}
	if n != 3 || el.Child("", "x").IsZero() || el.Child("urn:y", "y").Text() != "t" || !el.Child("", "y").Child("", "z").IsZero() {
		t.Errorf("%d attributes and children: %s", n, el.XML())
	}
	var zero component.Element
	if zero.XML() != "" || zero.Get("x") != "" || zero.Text() != "" || !zero.Child("a", "b").IsZero() || zero.Name().Local != "" {
		t.Error("the absent element is not absent")
	}
	for _, bad := range []string{"", "text", "<a>", "<a/><b/>", "<a><!-- --></a>", "<!DOCTYPE a><a/>", "<a>&x;</a>"} {
		if _, err := component.ParseElement(bad); err == nil {
			t.Errorf("ParseElement(%q) returned no error", bad)
		}
	}
}
