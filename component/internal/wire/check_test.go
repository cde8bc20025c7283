package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const (
	notWellFormed = "not-well-formed"
	restrictedXML = "restricted-xml"
)

// refused are stanzas that RFC 6120, 11, XML 1.0 or Namespaces in XML forbid.
var refused = map[string]struct{ in, condition string }{
	"B01 bad UTF-8 in text":            {"<iq>\xff</iq>", notWellFormed},
	"B01 bad UTF-8 in an attribute":    {"<iq a='\xff'/>", notWellFormed},
	"B01 bad UTF-8 in a name":          {"<iq\xff/>", notWellFormed},
	"B01 bad UTF-8 in CDATA":           {"<iq><![CDATA[\xc3]]></iq>", notWellFormed},
	"B01 bad UTF-8 inside CDATA":       {"<iq><![CDATA[\xe2\x82a]]></iq>", notWellFormed},
	"B01 cut character":                {"<iq>\xe2\x82</iq>", notWellFormed},
	"B01 overlong slash":               {"<iq>\xc0\xaf</iq>", notWellFormed},
	"B01 overlong, three bytes":        {"<iq>\xe0\x80\xaf</iq>", notWellFormed},
	"B01 surrogate":                    {"<iq>\xed\xa0\x80</iq>", notWellFormed},
	"B01 beyond Unicode":               {"<iq>\xf4\x90\x80\x80</iq>", notWellFormed},
	"B01 NUL":                          {"<iq>\x00</iq>", notWellFormed},
	"B01 NUL in a tag":                 {"<iq \x00/>", notWellFormed},
	"B01 control character":            {"<iq>abcdefgh\x1fabcdefgh</iq>", notWellFormed},
	"B01 control in an attribute":      {"<iq a='\x08'/>", notWellFormed},
	"B01 control in CDATA":             {"<iq><![CDATA[\x0b]]></iq>", notWellFormed},
	"B01 referenced control":           {"<iq>&#1;</iq>", notWellFormed},
	"B01 referenced NUL":               {"<iq a='&#x0;'/>", notWellFormed},
	"B01 referenced surrogate":         {"<iq>&#xD800;</iq>", notWellFormed},
	"B01 reference beyond Unicode":     {"<iq>&#x110000;</iq>", notWellFormed},
	"B01 reference beyond everything":  {"<iq>&#99999999999999999999;</iq>", notWellFormed},
	"B01 U+FFFE":                       {"<iq>\uFFFE</iq>", notWellFormed},
	"B01 U+FFFF in an attribute":       {"<iq a='\uFFFF'/>", notWellFormed},
	"B01 referenced U+FFFE":            {"<iq>&#xFFFE;</iq>", notWellFormed},
	"B02 comment":                      {"<iq><!-- x --></iq>", restrictedXML},
	"B02 comment at top level":         {"<!-- x --><iq/>", restrictedXML},
	"B02 processing instruction":       {"<iq><?php x?></iq>", restrictedXML},
	"B02 instruction at top level":     {"<?php x?><iq/>", restrictedXML},
	"B02 XML declaration":              {"<?xml version='1.0'?><iq/>", restrictedXML},
	"B02 XML declaration inside":       {"<iq><?xml version='1.0'?></iq>", restrictedXML},
	"B02 DOCTYPE":                      {"<!DOCTYPE a [<!ENTITY b 'c'>]><iq/>", restrictedXML},
	"B02 ENTITY inside":                {"<iq><!ENTITY b 'c'></iq>", restrictedXML},
	"unknown markup":                   {"<iq><!x></iq>", notWellFormed},
	"almost a comment":                 {"<iq><!-x></iq>", notWellFormed},
	"almost CDATA":                     {"<iq><![cdata[]]></iq>", notWellFormed},
	"B03 undefined entity":             {"<iq>&nbsp;</iq>", notWellFormed},
	"B03 undefined entity, attribute":  {"<iq a='&foo;'/>", notWellFormed},
	"B03 ampersand":                    {"<iq>a & b</iq>", notWellFormed},
	"B03 empty reference":              {"<iq>&#;</iq>", notWellFormed},
	"B03 empty hexadecimal reference":  {"<iq>&#x;</iq>", notWellFormed},
	"B03 capital X":                    {"<iq>&#X41;</iq>", notWellFormed},
	"B03 hexadecimal digit in decimal": {"<iq>&#4A;</iq>", notWellFormed},
	"B03 end of CDATA in text":         {"<iq>a]]>b</iq>", notWellFormed},
	"B03 end of CDATA, first":          {"<iq>]]></iq>", notWellFormed},
	"B03 mismatched tags":              {"<iq><a></b></iq>", notWellFormed},
	"B03 longer end tag":               {"<iq><a></ab></iq>", notWellFormed},
	"B03 shorter end tag":              {"<iq><ab></a></iq>", notWellFormed},
	"B03 attribute in an end tag":      {"<iq><a></a b='c'></iq>", notWellFormed},
	"B03 other prefix in the end tag":  {"<iq xmlns:p='u' xmlns:q='u'><p:a></q:a></iq>", notWellFormed},
	"B03 tags that overlap":            {"<iq><a><b></a></b></iq>", notWellFormed},
	"B03 duplicate attribute":          {"<iq a='1' b='2' a='3'/>", notWellFormed},
	"B03 duplicate by namespace":       {"<iq xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", notWellFormed},
	"B03 duplicate by reference":       {"<iq xmlns:p='u' xmlns:q='&#117;' p:a='1' q:a='2'/>", notWellFormed},
	"B03 duplicate declaration":        {"<iq xmlns:p='u' xmlns:p='u'/>", notWellFormed},
	"B03 duplicate of many":            {"<iq" + manyAttrs(60) + " a7=''/>", notWellFormed},
	"B03 duplicate xmlns":              {"<iq xmlns='u' xmlns='u'/>", notWellFormed},
	"B03 undeclared prefix":            {"<p:iq/>", notWellFormed},
	"B03 undeclared attribute prefix":  {"<iq p:a='1'/>", notWellFormed},
	"B03 prefix bound to nothing":      {"<iq xmlns:p=''/>", notWellFormed},
	"B03 xml bound to another":         {"<iq xmlns:xml='u'/>", notWellFormed},
	"B03 another bound to xml's":       {"<iq xmlns:p='http://www.w3.org/XML/1998/namespace'/>", notWellFormed},
	"B03 default is xml's":             {"<iq xmlns='http://www.w3.org/XML/1998/namespace'/>", notWellFormed},
	"B03 xmlns bound":                  {"<iq xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>", notWellFormed},
	"B03 another bound to xmlns's":     {"<iq xmlns:p='http://www.w3.org/2000/xmlns/'/>", notWellFormed},
	"B03 default is xmlns's":           {"<iq xmlns='http://www.w3.org/2000/xmlns/'/>", notWellFormed},
	"B03 element with prefix xmlns":    {"<xmlns:iq/>", notWellFormed},
	"B03 colon first":                  {"<:iq/>", notWellFormed},
	"B03 colon last":                   {"<iq:/>", notWellFormed},
	"B03 two colons":                   {"<iq xmlns:a='u'><a:b:c/></iq>", notWellFormed},
	"B03 two colons, attribute":        {"<iq xmlns:a='u' a:b:c=''/>", notWellFormed},
	"B03 colon first, attribute":       {"<iq :a=''/>", notWellFormed},
	"B03 colon last, attribute":        {"<iq a:=''/>", notWellFormed},
	"B03 digit first":                  {"<1iq/>", notWellFormed},
	"B03 digit first, local":           {"<iq xmlns:a='u'><a:1/></iq>", notWellFormed},
	"B03 digit first, attribute":       {"<iq 1a=''/>", notWellFormed},
	"B03 combining character first":    {"<iq><\u0301/></iq>", notWellFormed},
	"B03 symbol in a name":             {"<iq a×b=''/>", notWellFormed},
	"B03 empty name":                   {"<iq>< a/></iq>", notWellFormed},
	"B03 empty tag":                    {"<></>", notWellFormed},
	"B03 end tag alone":                {"</iq>", notWellFormed},
	"B03 no space between attributes":  {"<iq a='1'b='2'/>", notWellFormed},
	"B03 unquoted attribute":           {"<iq a=1/>", notWellFormed},
	"B03 unquoted, as a tag":           {"<iq a=<b></iq>", notWellFormed},
	"B03 attribute without value":      {"<iq a/>", notWellFormed},
	"B03 attribute without =":          {"<iq a'1'/>", notWellFormed},
	"B03 < in an attribute":            {"<iq a='<'/>", notWellFormed},
	"B03 < in a double attribute":      {`<iq a="<"/>`, notWellFormed},
	"B03 slash in a tag":               {"<iq / a='1'/>", notWellFormed},
	"B03 spaced slash":                 {"<iq/ ></iq>", notWellFormed},
	"B03 end tag of another":           {"</iq></stream:stream>", notWellFormed},
	"B09 second stream header":         {"<stream:stream>", "bad-format"},
	"B09 another prefix":               {"<s:stream xmlns:s='http://etherx.jabber.org/streams' id='a'>", "bad-format"},
	"B09 default namespace":            {"<stream xmlns='http://etherx.jabber.org/streams'>", "bad-format"},
	"B09 empty":                        {"<stream:stream/>", "bad-format"},
	"B09 with a bad attribute":         {"<stream:stream a='1' a='2'>", notWellFormed},
}

func manyAttrs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a")
		for ; i > 0; i /= 10 {
			b.WriteByte('0' + byte(i%10))
		}
		b.WriteString("='x'")
	}
	return strings.ReplaceAll(b.String(), " a='x'", "")
}

func TestRefused(t *testing.T) {
	for name, tc := range refused {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, tc.in+ping, wire.Limits{}), wire.Stanza{}
			err := rd.Next(&st)
			if condition(err) != tc.condition {
				t.Errorf("Next(%q) = %q, %v, want %s", tc.in, st.Raw, err, tc.condition)
			}
			if again := rd.Next(&st); again == nil || again.Error() != err.Error() {
				t.Errorf("the error does not stick: %v", again)
			}
		})
	}
}

// TestUndeclaredInside: ejabberd forwards an attribute whose prefix a client had
// declared at its iq, and drops the declaration. That is the end of the stanza, not
// of everybody's stream.
func TestUndeclaredInside(t *testing.T) {
	const head = "<iq type='get' id='7' from='a@example.net/b' to='iq.example.net'>"
	for name, inner := range map[string]string{
		"B03 attribute of the payload":    "<q xmlns='urn:q' p:a='1'/>",
		"B03 prefix out of scope":         "<a xmlns:p='u'/><p:b/>",
		"B03 prefix of a sibling's child": "<a xmlns:p='u'><p:x/></a><b p:y=''/>",
		"B03 in a long one":               "<q xmlns='urn:q' p:a='1'>" + strings.Repeat("x", 5000) + "</q>",
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, head+inner+"</iq>"+ping, wire.Limits{Bytes: 4000}), wire.Stanza{}
			if err := rd.Next(&st); err != nil || st.Skipped == nil || st.Raw != head || st.ID != "7" || !st.First().IsZero() {
				t.Errorf("Next() = %+v, %v", st, err)
			}
			if err := rd.Next(&st); err != nil || st.Raw != ping || st.Skipped != nil {
				t.Errorf("the next stanza: %+v, %v", st, err)
			}
			if _, err := wire.ParseElement(head+inner+"</iq>", nsComponent, wire.Limits{}); condition(err) != notWellFormed {
				t.Errorf("ParseElement() error = %v", err)
			}
		})
	}
}

func TestParseElementRefuses(t *testing.T) {
	cases := map[string]struct{ in, condition string }{
		"B10 never-ending tag": {"<iq a='1", notWellFormed},
		"cut element":          {"<iq><a/>", notWellFormed},
		"cut CDATA":            {"<iq><![CDATA[ü", notWellFormed},
		"cut CDATA start":      {"<iq><![CDA", notWellFormed},
		"cut entity":           {"<iq>&am", notWellFormed},
		"cut ampersand":        {"<iq>&", notWellFormed},
		"cut number":           {"<iq>&#1", notWellFormed},
		"cut character":        {"<iq>\xf0\x9f", notWellFormed},
		"cut name":             {"<iq><a", notWellFormed},
		"cut wide name":        {"<iq><a\xc3", notWellFormed},
		"cut end tag":          {"<iq><ab></a", notWellFormed},
		"cut slash":            {"<iq/", notWellFormed},
		"empty":                {"", notWellFormed},
		"white space":          {" \n", notWellFormed},
		"text":                 {"text", notWellFormed},
		"text first":           {"text<a/>", notWellFormed},
		"text last":            {"<a/>text", notWellFormed},
		"two roots":            {"<a/><b/>", notWellFormed},
		"byte order mark":      {"\uFEFF<a/>", notWellFormed},
		"CDATA":                {"<![CDATA[a]]>", notWellFormed},
		"< alone":              {"<", notWellFormed},
	}
	for name, tc := range refused {
		if !strings.HasPrefix(name, "B09") {
			cases[name] = tc
		}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := wire.ParseElement(tc.in, nsComponent, wire.Limits{})
			if condition(err) != tc.condition {
				t.Errorf("ParseElement(%q) error = %v, want %s", tc.in, err, tc.condition)
			}
		})
	}
}

// accepted are odd stanzas that are well-formed all the same.
var accepted = map[string]string{
	"CDATA":                     "<iq><a><![CDATA[<b>&amp;]] ]>]]]></a></iq>",
	"empty CDATA":               "<iq><![CDATA[]]></iq>",
	"references":                "<iq a='&lt;&gt;&amp;&apos;&quot;&#65;&#x41;&#x00041;'>&lt;&gt;&amp;&apos;&quot;&#65;&#x1f600;&#9;</iq>",
	"non-characters":            "<iq a='\uFDD0'>\uFDD0\U0001FFFE\U0010FFFF</iq>",
	"bidirectional controls":    "<iq a='\u202E'>\u202E\u2066</iq>",
	"C1 controls and DEL":       "<iq>\u007f\u0080\u009f</iq>",
	"replacement character":     "<iq a='\uFFFD'>\uFFFD</iq>",
	"byte order mark inside":    "<iq>\uFEFF</iq>",
	"white space in tags":       "<iq  a = '1'\n\tb\r=\n\"2\" ><a\n/></iq\n>",
	"other quotes":              `<iq a='"' b="'"/>`,
	"> in attributes and text":  `<iq a='>' b=">" c='/>'>a > b ] ]> ]]&gt; ></iq>`,
	"raw line ends":             "<iq id='a\nb\tc\rd'/>",
	"wide names":                "<iq été='1'><日本 é='2'/><a·b/></iq>",
	"names of the 5th edition":  "<iq><\U00010000 \u0218='1'/></iq>",
	"prefix on the root":        "<p:iq xmlns:p='jabber:client'/>",
	"B15 prefix bound again":    "<iq xmlns:p='u'><p:a xmlns:p='v'><p:b/></p:a><p:c/></iq>",
	"B15 declared after use":    "<iq><p:a p:b='1' xmlns:p='u'/></iq>",
	"xml declared as itself":    "<iq xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>",
	"element with prefix xml":   "<iq><xml:a/></iq>",
	"no namespace":              "<iq><a xmlns=''><b/></a></iq>",
	"same local, other spaces":  "<iq xmlns:p='u' xmlns:q='v' p:a='1' q:a='2' a='3'/>",
	"default and prefix alike":  "<iq xmlns='u' xmlns:p='u' p:a='1' a='2'/>",
	"streams namespace inside":  "<iq><stream:stream><stream:error/></stream:stream></iq>",
	"stream error":              "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
	"stream in other namespace": "<stream><a/></stream>",
	"many attributes":           "<iq" + manyAttrs(60) + "/>",
	"B08 other namespace":       "<iq xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>",
	"declaration-like text":     "<iq>?xml version='1.0'?</iq>",
}

func TestAccepted(t *testing.T) {
	for name, in := range accepted {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, in+ping, wire.Limits{}), wire.Stanza{}
			if err := rd.Next(&st); err != nil || st.Raw != in || st.Skipped != nil {
				t.Fatalf("Next(%q) = %q, %v, %v", in, st.Raw, st.Skipped, err)
			}
			if err := rd.Next(&st); err != nil || st.Raw != ping {
				t.Errorf("the next stanza is %q, %v", st.Raw, err)
			}
		})
	}
}

// TestShort holds what skipping relies on: the beginning of well-formed XML is
// never taken for an error in it. A byte limit cuts at each place.
func TestShort(t *testing.T) {
	for name, in := range accepted {
		t.Run(name, func(t *testing.T) {
			for n := 1; n < len(in); n++ {
				rd, st := stream(t, in+ping, wire.Limits{Bytes: n}), wire.Stanza{}
				var limit *wire.LimitError
				if err := rd.Next(&st); err != nil || !errors.As(st.Skipped, &limit) || limit.What != "bytes" {
					t.Fatalf("cut at %d: Next() = %v, %v", n, st.Skipped, err)
				}
				if st.Size != int64(len(in)) {
					t.Fatalf("cut at %d: Size = %d, want %d", n, st.Size, len(in))
				}
			}
		})
	}
}

func TestSyntaxError(t *testing.T) {
	_, err := wire.ParseElement("  <a>\x01</a>", "", wire.Limits{})
	want := "not-well-formed at byte 5: a character that XML 1.0 forbids"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	rd, st := stream(t, ping+"<iq>&x;</iq>", wire.Limits{}), wire.Stanza{}
	for err = nil; err == nil; {
		err = rd.Next(&st)
	}
	var e *wire.SyntaxError
	if !errors.As(err, &e) || e.Offset != int64(len(header+ping)+4) {
		t.Errorf("error = %v, want offset %d", err, len(header+ping)+4)
	}
}

// TestEndTags: an end tag is that of its element to the last byte, whatever its
// length, and wherever in the buffer it is.
func TestEndTags(t *testing.T) {
	for n := 1; n <= 20; n++ {
		name := strings.Repeat("n", n)
		for _, rest := range []string{"", "<i/>", "<i a='0123456789'/>"} {
			for i := range n {
				if _, err := wire.ParseElement("<q><"+name+"></"+name[:i]+"m"+name[i+1:]+">"+rest+"</q>", "", wire.Limits{}); err == nil {
					t.Errorf("%d bytes, wrong at %d, is no error", n, i)
				}
			}
			for _, end := range []string{name, name + " ", name + "\n\t"} {
				if _, err := wire.ParseElement("<q><"+name+"></"+end+">"+rest+"</q>", "", wire.Limits{}); err != nil {
					t.Errorf("</%s>: %v", end, err)
				}
			}
			for _, end := range []string{name[1:], name + "n", " " + name, name + "/"} {
				if _, err := wire.ParseElement("<q><"+name+"></"+end+">"+rest+"</q>", "", wire.Limits{}); err == nil {
					t.Errorf("</%s> is no error", end)
				}
			}
		}
	}
	if _, err := wire.ParseElement("<abcdefgh></abcdefgh>", "", wire.Limits{}); err != nil {
		t.Error(err)
	}
}
