package wire_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const headTag = "<iq type='get' id='7' from='a@example.net/b' to='iq.example.net' xml:lang='de'>"

func TestSkipped(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	payload := "<q xmlns='urn:q' a='>'>"
	for name, tc := range map[string]struct {
		in, what, raw, payload string
		limit                  int
	}{
		"B10 long text":               {headTag + payload + strings.Repeat("x", 5000) + "</q></iq>", "bytes", headTag, "q", 4000},
		"B10 long text first":         {headTag + strings.Repeat("x", 5000) + payload + "</q></iq>", "bytes", headTag, "", 4000},
		"B10 long attribute":          {headTag + "<q xmlns='urn:q' a='" + strings.Repeat(">/ ", 2000) + "'/></iq>", "bytes", headTag, "", 4000},
		"B10 long attribute of iq":    {"<iq id='" + strings.Repeat("x>", 3000) + "'/>", "bytes", "", "", 4000},
		"B10 long CDATA":              {headTag + payload + "<![CDATA[" + strings.Repeat("</iq>]]", 700) + "]]></q></iq>", "bytes", headTag, "q", 4000},
		"B11 a byte too many":         {headTag + payload + strings.Repeat("x", 3997-len(headTag+payload)) + "</q></iq>", "bytes", headTag, "q", 4000},
		"B12 a level too deep":        {headTag + payload + deep(19) + "</q></iq>", "depth", headTag, "q", 20},
		"B12 an empty level":          {headTag + payload + deep(17)[:51] + "<b/><b/>" + deep(17)[51:] + "</q></iq>", "", "", "q", 20},
		"B12 an empty level too deep": {headTag + payload + deep(18)[:54] + "<b/><b/>" + deep(18)[54:] + "</q></iq>", "depth", headTag, "q", 20},
		"B13 attributes":              {headTag + "<q xmlns='urn:q'" + manyAttrs(1001) + "/></iq>", "attributes", headTag, "", 1000},
		"B13 attributes below":        {headTag + payload + "<b" + manyAttrs(1002) + "/></q></iq>", "attributes", headTag, "q", 1000},
		"B13 attributes of iq":        {headTag[:len(headTag)-1] + manyAttrs(1001) + ">" + payload + "</q></iq>", "attributes", headTag[:len(headTag)-1] + manyAttrs(1001) + ">", "", 1000},
		"B13 prefixes":                {headTag + payload + "<b" + prefixes(129) + "/></q></iq>", "attributes", headTag, "q", 128},
		"B14 long name":               {headTag + payload + "<" + strings.Repeat("n", 1025) + "/></q></iq>", "name", headTag, "q", 1024},
		"B14 long payload name":       {headTag + "<" + strings.Repeat("n", 1025) + "/></iq>", "name", headTag, "", 1024},
		"B14 long attribute name":     {headTag + payload + "<b " + strings.Repeat("n", 1025) + "=''/></q></iq>", "name", headTag, "q", 1024},
		"B14 long name of iq":         {"<" + strings.Repeat("n", 200_000) + " id='1'/>", "name", "", "", 1024},
		"B14 long namespace":          {headTag + payload + "<b xmlns:p='" + strings.Repeat("n", 1025) + "'/></q></iq>", "name", headTag, "q", 1024},
	} {
		t.Run(name, func(t *testing.T) {
			lim := wire.Limits{}
			switch tc.limit {
			case 4000:
				lim.Bytes = 4000
			case 20:
				lim.Depth = 20
			}
			for _, r := range []io.Reader{strings.NewReader(header + tc.in + ping), singles(header + tc.in + ping)} {
				rd, st := open(t, r, lim), wire.Stanza{}
				if err := rd.Next(&st); err != nil {
					t.Fatalf("Next() error = %v", err)
				}
				checkSkipped(t, &st, tc.in, tc.what, tc.raw, tc.payload, tc.limit)
				if err := rd.Next(&st); err != nil || st.Raw != ping || st.Skipped != nil {
					t.Errorf("the next stanza: %+v, %v", st, err)
				}
			}
		})
	}
}

func checkSkipped(t *testing.T, st *wire.Stanza, in, what, raw, payload string, limit int) {
	t.Helper()
	if what == "" {
		if st.Skipped != nil {
			t.Errorf("Skipped = %v", st.Skipped)
		}
		return
	}
	var e *wire.LimitError
	if !errors.As(st.Skipped, &e) || e.What != what || e.Limit != limit || !strings.Contains(e.Error(), fmt.Sprint(limit)) {
		t.Errorf("Skipped = %v, want %s %d", st.Skipped, what, limit)
	}
	if st.Raw != raw || st.Size != int64(len(in)) || st.Payload.Local != payload {
		t.Errorf("Raw, Size, Payload = %.200q, %d, %v", st.Raw, st.Size, st.Payload)
	}
	if raw != "" && (st.ID != "7" || st.From != "a@example.net/b" || st.Lang != "de" || st.Name.Space != nsComponent) {
		t.Errorf("head = %+v", st)
	}
	if !st.Element().IsZero() || !st.First().IsZero() {
		t.Error("a skipped stanza has an element")
	}
}

func prefixes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " xmlns:p%d='urn:%d'", i, i)
	}
	return b.String()
}

// TestWithinLimits has stanzas that are just as large as is allowed.
func TestWithinLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		in  string
		lim wire.Limits
	}{
		"bytes":      {ping, wire.Limits{Bytes: len(ping)}},
		"depth":      {strings.Repeat("<a>", 128) + strings.Repeat("</a>", 128), wire.Limits{}},
		"attributes": {"<iq" + manyAttrs(1001)[len(" a1='x'"):] + "/>", wire.Limits{}},
		"name":       {"<" + strings.Repeat("n", 1024) + "/>", wire.Limits{}},
		"prefixes":   {"<iq" + prefixes(127) + "/>", wire.Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, tc.in, tc.lim), wire.Stanza{}
			if err := rd.Next(&st); err != nil || st.Skipped != nil || st.Raw != tc.in {
				t.Errorf("Next() = %v, %v", st.Skipped, err)
			}
		})
	}
}

// TestTooManyHeadAttributes has so many attributes that not all are looked at,
// and one of the head twice.
func TestTooManyHeadAttributes(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"twice":         {"<iq" + manyAttrs(1001) + " id='1' id='2'/>", notWellFormed},
		"very often":    {"<iq" + manyAttrs(1001) + strings.Repeat(" id='1'", 9) + "/>", notWellFormed},
		"prefix unseen": {"<p:iq" + manyAttrs(1001) + " xmlns:p='u' id='1'/>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, tc.in, wire.Limits{}), wire.Stanza{}
			if err := rd.Next(&st); condition(err) != tc.want || err == nil && st.Skipped == nil {
				t.Errorf("Next() = %v, want %s", err, tc.want)
			}
		})
	}
}

// TestSkippedMalformed: what was seen of a skipped stanza is checked.
func TestSkippedMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"start tag": "<iq a='1' a='2'>" + strings.Repeat("x", 5000) + "</iq>",
		"payload":   "<iq><a b='1' b='2'/>" + strings.Repeat("x", 5000) + "</iq>",
		"comment":   "<iq>" + strings.Repeat("x", 5000) + "<!-- --></iq>",
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, in, wire.Limits{Bytes: 4000}), wire.Stanza{}
			var e *wire.SyntaxError
			if err := rd.Next(&st); !errors.As(err, &e) {
				t.Errorf("Next() error = %v", err)
			}
		})
	}
}

func TestSetLimits(t *testing.T) {
	rd, st := stream(t, ping+ping+ping, wire.Limits{}), wire.Stanza{}
	for i, lim := range []int{0, 50, 0} {
		rd.SetLimits(wire.Limits{Bytes: lim})
		if err := rd.Next(&st); err != nil || (st.Skipped != nil) != (i == 1) {
			t.Errorf("stanza %d: %v, %v", i, st.Skipped, err)
		}
	}
}
