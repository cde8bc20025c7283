package component_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmlstream"
	"mellium.im/xmpp/disco/info"
	"mellium.im/xmpp/form"
	"mellium.im/xmpp/stanza"
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
		e.Element(sub)
		e.End()
		if e.Err() != nil {
			t.Error(e.Err())
		}
	}))
	const want = "<x xmlns='urn:x' some='1' xmlns:ns0='urn:p' ns0:a='2'><child>a&lt;b</child><sub xmlns='urn:p' xmlns:ns0='urn:p' ns0:a='1'><b xmlns='urn:b'>x</b></sub></x>"
	if got.XML() != want {
		t.Errorf("got  %s\nwant %s", got.XML(), want)
	}
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

// TestRequest: what a handler can ask of its request, and that it may return what
// it was given.
func TestRequest(t *testing.T) {
	r := serve(t, false, func(ctx context.Context, req *component.Request) (component.Payload, error) {
		var v struct {
			A string `xml:"a,attr"`
		}
		if err := req.Decode(&v); err != nil || v.A != "1" {
			t.Errorf("Decode() = %v, %+v", err, v)
		}
		var bad struct {
			A int `xml:"x>y"`
		}
		var se *component.Error
		if err := req.Decode(&bad); req.Payload().Child("", "x").IsZero() != (err == nil) || err != nil && (!errors.As(err, &se) || se.Condition != stanza.BadRequest) {
			t.Errorf("Decode() = %v", err)
		}
		d := xml.NewTokenDecoder(req.TokenReader())
		if tok, err := d.Token(); err != nil || tok.(xml.StartElement).Name != name("q") {
			t.Errorf("Token() = %v, %v", tok, err)
		}
		from, err := req.FromJID()
		if err != nil {
			return nil, err
		}
		owner, err2 := req.Owner()
		to, err3 := req.ToJID()
		if err2 != nil || err3 != nil || owner.String() != from.Bare().String() || to.String() != domain {
			t.Errorf("owner %v %v, to %v %v", owner, err2, to, err3)
		}
		if !req.Local() || req.At() != component.Domain || req.Handler() != "test" || req.Mux() == nil || req.Lang != "de" ||
			time.Since(req.Received()) > time.Minute || req.Requester() == nil || req.Name != name("q") {
			t.Errorf("%+v", req)
		}
		return req.Payload(), nil
	})
	r.send("<iq type='get' id='1' xml:lang='de' from='" + juliet + "' to='" + domain + "'><p:q xmlns:p='" + nsTest + "' a='1'>t<p:x><p:y>z</p:y></p:x></p:q></iq>")
	if got := r.reply("1").el.Child(nsTest, "q"); got.XML() != "<q xmlns='urn:example:test' a='1'>t<x><y>z</y></x></q>" {
		t.Errorf("echoed %s", got.XML())
	}
	r.send(iq("get", "2", "a\u200b@example.net/\u00ad", domain, "<q xmlns='"+nsTest+"' a='1'/>"))
	r.reply("2").wants(t, "jid-malformed")
	alone := &component.Request{From: juliet}
	if alone.Local() || !alone.Received().IsZero() || alone.Handler() != "" {
		t.Errorf("a request of no component: %+v", alone)
	}
}

type keyOf string

// TestContext: deadline, value, cause, and no goroutine for what derives from it.
func TestContext(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		kept := make(chan context.Context, 2)
		fired := make(chan string, 3)
		cfg := quiet(two(t, component.Extension{Timeout: 7 * time.Second}, quick, func(ctx context.Context, req *component.Request) (component.Payload, error) {
			if d, ok := ctx.Deadline(); !ok || d.Sub(req.Received()) != 7*time.Second {
				t.Errorf("deadline %v", d.Sub(req.Received()))
			}
			if ctx.Err() != nil || context.Cause(ctx) != nil || ctx.Value(keyOf("x")) != nil {
				t.Errorf("Err() = %v, Cause() = %v", ctx.Err(), context.Cause(ctx))
			}
			context.AfterFunc(ctx, func() { fired <- "after" })
			if stop := context.AfterFunc(ctx, func() { fired <- "stopped" }); !stop() || stop() {
				t.Error("stop() does not say that it stopped")
			}
			child, cancel := context.WithTimeout(ctx, time.Hour)
			t.Cleanup(cancel)
			if d, _ := child.Deadline(); d.Sub(req.Received()) != 7*time.Second {
				t.Errorf("deadline of the child %v", d.Sub(req.Received()))
			}
			kept <- child
			kept <- ctx
			return nil, nil
		}))
		r := begin(t, cfg)
		r.reply(r.sleep(juliet)).wants(t, "result")
		for range 2 {
			select {
			case <-(<-kept).Done():
			case <-time.After(patient):
				t.Fatal("a context has not ended with its request")
			}
		}
		if got := <-fired; got != "after" {
			t.Errorf("%q was called", got)
		}
	})
	t.Run("derived", func(t *testing.T) {
		g := newGate()
		defer g.open()
		counted := make(chan int, 1)
		r := serve(t, false, func(ctx context.Context, _ *component.Request) (component.Payload, error) {
			before := runtime.NumGoroutine()
			for range 100 {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				_ = child.Done()
			}
			counted <- runtime.NumGoroutine() - before
			return nil, nil
		})
		r.ask(juliet).wants(t, "result")
		if n := <-counted; n > 20 {
			t.Errorf("100 derived contexts started %d goroutines", n)
		}
	})
}

// TestErrors: what the errors say and are.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{component.Errorf(stanza.Gone, "to %s", "x"), "gone: to x"},
		{&component.Error{Condition: stanza.Gone}, "gone"},
		{&component.PeerError{From: "a", Condition: stanza.Gone, Text: "t"}, `"a" answered gone: "t"`},
		{&component.TimeoutError{}, "component: no reply in time"},
		{&component.TimeoutError{Disconnected: true}, "component: no reply in time, and the stream broke meanwhile"},
		{&component.StreamError{Condition: "conflict"}, "stream error conflict"},
	} {
		if got := fmt.Sprint(tc.err); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// TestAddresses: what servers take for the same address, and where a reply can be
// sent (servers.md 2.7, RFC 7622, 3).
func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"a@b/C": "a@b/C", "A@B/C": "a@b/C", "B.": "b", "a@b./r.": "a@b/r.", "Ⅳ@x": "iv@x", "ß@x": "ss@x", "x/\u2163": "x/IV",
		"a@b/c@D/e": "a@b/c@D/e", "İ@x": "i̇@x", "": "", "/": "/", "@": "@",
	} {
		if got := component.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("x", 1023)
	for in, want := range map[string]bool{
		"a@b/c": true, "b": true, "b/c": true, "a@b": true, long + "@" + long + "/" + long: true, "a@b/c@d/e": true, "a@b//": true,
		"": false, "@b": false, "a@": false, "b/": false, "a@b/": false, "/c": false, "a@@b": false, "a@b@c": false, "x" + long: false, "x" + long + "@b": false, "b/x" + long: false,
	} {
		if got := component.Addressable(in); got != want {
			t.Errorf("Addressable(%.20q) = %v, want %v", in, got, want)
		}
	}
}
