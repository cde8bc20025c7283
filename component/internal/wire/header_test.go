package wire_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const streamTag = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='1'>"

func TestHeader(t *testing.T) {
	for name, in := range map[string]string{
		"bare":              streamTag,
		"declaration":       "<?xml version='1.0'?>" + streamTag,
		"full declaration":  "<?xml version=\"1.0\" encoding='UTF-8' standalone='yes' ?>\r\n " + streamTag,
		"lower case":        "<?xml version='1.0' encoding='utf-8'?>" + streamTag,
		"standalone":        "<?xml version='1.0' standalone='no'?>" + streamTag,
		"B04 mark":          "\uFEFF" + streamTag,
		"B04 mark and decl": "\uFEFF<?xml version='1.0'?>" + streamTag,
		"white space":       " \n\t" + streamTag,
		"double quotes":     strings.ReplaceAll(streamTag, "'", `"`),
		"other order":       "<stream:stream id='1' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>",
		"other prefix":      "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:component:accept' id='1'\n>",
		"spaces and >":      "<stream:stream xmlns:stream = 'http://etherx.jabber.org/streams' a='>' xmlns='jabber:component:accept' id='1' >",
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(in + ping), singles(in + ping)} {
				rd, st := wire.NewReader(r, wire.Limits{}), wire.Stanza{}
				h, err := rd.Header()
				want := wire.Header{Name: xml.Name{Space: wire.NSStreams, Local: "stream"}, Space: nsComponent, ID: "1", HasID: true}
				if err != nil || h != want {
					t.Fatalf("Header() = %+v, %v", h, err)
				}
				if err := rd.Next(&st); err != nil || st.Raw != ping {
					t.Errorf("Next() = %q, %v", st.Raw, err)
				}
			}
		})
	}
}

func TestHeaderFields(t *testing.T) {
	h, err := wire.NewReader(strings.NewReader("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "+
		"xmlns='jabber:client' from='a&amp;b' to='c' version='1.0' xml:lang='en'>"), wire.Limits{}).Header()
	want := wire.Header{Name: xml.Name{Space: wire.NSStreams, Local: "stream"}, Space: "jabber:client", From: "a&b", To: "c",
		Lang: "en", Version: "1.0"}
	if err != nil || h != want {
		t.Errorf("Header() = %+v, %v, want %+v", h, err, want)
	}
}

// TestHeaderDefaultNamespace: the stream's own namespace may be the default one,
// and the prefix the other.
func TestHeaderDefaultNamespace(t *testing.T) {
	rd := wire.NewReader(strings.NewReader("<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:component:accept'>"+
		"<c:iq><c:q><a xmlns='u'/></c:q></c:iq></stream>"), wire.Limits{})
	var st wire.Stanza
	if _, err := rd.Header(); err != nil {
		t.Fatal(err)
	}
	if err := rd.Next(&st); err != nil || st.Name.Space != nsComponent || st.Payload.Space != nsComponent {
		t.Errorf("Next() = %+v, %v", st, err)
	}
	if name := st.First().Name(); name.Space != nsComponent {
		t.Errorf("First().Name() = %v", name)
	}
	if err := rd.Next(&st); err != wire.ErrClosed {
		t.Errorf("Next() error = %v", err)
	}
}

func TestHeaderRefused(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":               {"", "EOF"},
		"B10 half":              {streamTag[:40], "unexpected EOF"},
		"half a mark":           {"\xef", "unexpected EOF"},
		"half a declaration":    {"<?xml version", "unexpected EOF"},
		"B04 other encoding":    {"<?xml version='1.0' encoding='ISO-8859-1'?>" + streamTag, "unsupported-encoding"},
		"B04 UTF-16":            {"\xff\xfe<\x00s\x00", notWellFormed},
		"B04 two marks":         {"\uFEFF\uFEFF" + streamTag, notWellFormed},
		"version 1.1":           {"<?xml version='1.1'?>" + streamTag, notWellFormed},
		"no version":            {"<?xml encoding='UTF-8'?>" + streamTag, notWellFormed},
		"empty declaration":     {"<?xml ?>" + streamTag, notWellFormed},
		"bad standalone":        {"<?xml version='1.0' standalone='maybe'?>" + streamTag, notWellFormed},
		"wrong order":           {"<?xml version='1.0' standalone='yes' encoding='UTF-8'?>" + streamTag, notWellFormed},
		"unknown attribute":     {"<?xml version='1.0' a='b'?>" + streamTag, notWellFormed},
		"declaration cut short": {"<?xml version='1.0?>" + streamTag, notWellFormed},
		"other instruction":     {"<?xml-stylesheet a='b'?>" + streamTag, notWellFormed},
		"too long declaration":  {"<?xml " + strings.Repeat(" ", 2000), notWellFormed},
		"instruction":           {"<?php?>" + streamTag, restrictedXML},
		"two declarations":      {"<?xml version='1.0'?><?xml version='1.0'?>" + streamTag, restrictedXML},
		"space before":          {" <?xml version='1.0'?>" + streamTag, restrictedXML},
		"B02 DOCTYPE":           {"<!DOCTYPE a []>" + streamTag, restrictedXML},
		"B02 comment":           {"<!-- -->" + streamTag, restrictedXML},
		"CDATA":                 {"<![CDATA[]]>" + streamTag, notWellFormed},
		"end tag":               {"</stream:stream>", notWellFormed},
		"HTTP":                  {"HTTP/1.1 400 Bad Request\r\n", notWellFormed},
		"TLS":                   {"\x15\x03\x01\x00\x02\x02\x46", notWellFormed},
		"HTML":                  {"<html>", "invalid-namespace"},
		"other namespace":       {"<stream:stream xmlns:stream='urn:x'>", "invalid-namespace"},
		"other name":            {"<stream:error xmlns:stream='http://etherx.jabber.org/streams'>", "invalid-namespace"},
		"undeclared":            {"<stream:stream>", notWellFormed},
		"twice":                 {"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1' id='2'>", notWellFormed},
		"empty":                 {"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>", "bad-format"},
		"B10 never-ending":      {"<stream:stream a='" + strings.Repeat("x", 100_000), "policy-violation"},
		"B10 white space":       {strings.Repeat(" ", 100_000), "policy-violation"},
		"B13 attributes":        {"<stream:stream" + manyAttrs(1002) + ">", "more than 1000 attributes or prefixes"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tc.in), singles(tc.in)} {
				rd := wire.NewReader(r, wire.Limits{})
				for range 2 {
					if h, err := rd.Header(); condition(err) != tc.want {
						t.Errorf("Header() = %+v, %v, want %s", h, err, tc.want)
					}
				}
			}
		})
	}
}

// TestReads holds what the writer relies on: Read is not called while there is
// a whole stanza.
func TestReads(t *testing.T) {
	c := &chunks{[]string{header + ping + ping, ping[:10], ping[10:] + "\n" + ping, ping}}
	rd, st := open(t, c, wire.Limits{}), wire.Stanza{}
	for i, want := range []int{3, 3, 1, 1, 0} {
		if err := rd.Next(&st); err != nil || len(c.pieces) != want {
			t.Errorf("Next() %d: %v, %d pieces left, want %d", i, err, len(c.pieces), want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Run("with data", func(t *testing.T) {
		rd, st := open(t, iotest.DataErrReader(strings.NewReader(header+ping)), wire.Limits{}), wire.Stanza{}
		if err := rd.Next(&st); err != nil || st.Raw != ping {
			t.Errorf("Next() = %q, %v", st.Raw, err)
		}
		if err := rd.Next(&st); err != io.EOF {
			t.Errorf("Next() error = %v", err)
		}
	})
	t.Run("timeout", func(t *testing.T) {
		r := io.MultiReader(strings.NewReader(header+ping[:9]), iotest.TimeoutReader(singles(ping[9:])))
		rd, st := open(t, r, wire.Limits{}), wire.Stanza{}
		if err := rd.Next(&st); err != iotest.ErrTimeout {
			t.Fatalf("Next() error = %v", err)
		}
		if err := rd.Next(&st); err != nil || st.Raw != ping {
			t.Errorf("Next() = %q, %v", st.Raw, err)
		}
	})
	t.Run("no progress", func(t *testing.T) {
		rd := wire.NewReader(idle{}, wire.Limits{})
		if _, err := rd.Header(); err != io.ErrNoProgress {
			t.Errorf("Header() error = %v", err)
		}
	})
}

// idle reads nothing.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestJunk(t *testing.T) {
	rd, st := stream(t, "291\n"+ping+" ä \xf0\x9f\x98\x80"+ping, wire.Limits{}), wire.Stanza{}
	for _, want := range []uint64{3, 9} {
		if err := rd.Next(&st); err != nil || rd.Junk() != want {
			t.Errorf("Next() = %v, Junk() = %d, want %d", err, rd.Junk(), want)
		}
	}
}
