package wire_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

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
		"payload":   "<iq><p:a/>" + strings.Repeat("x", 5000) + "</iq>",
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

// repeat delivers a piece n times between a beginning and an end.
type repeat struct {
	begin, piece, end string
	n                 int
	at                int
}

func (r *repeat) Read(p []byte) (int, error) {
	for {
		s := r.piece
		switch {
		case r.begin != "":
			n := copy(p, r.begin)
			r.begin = r.begin[n:]
			return n, nil
		case r.n == 0 && r.end == "":
			return 0, io.EOF
		case r.n == 0:
			n := copy(p, r.end)
			r.end = r.end[n:]
			return n, nil
		}
		n := 0
		for n < len(p) && r.n > 0 {
			k := copy(p[n:], s[r.at:])
			n += k
			if r.at += k; r.at == len(s) {
				r.at = 0
				r.n--
			}
		}
		return n, nil
	}
}

// TestBoundedMemory has stanzas without a reasonable end, each followed by a
// ping. Memory stays below what a few limits take, and time is linear.
func TestBoundedMemory(t *testing.T) {
	size := 1 << 30
	if raceEnabled || testing.Short() {
		size = 64 << 20
	}
	big := strings.Repeat("x", 64<<10)
	for name, r := range map[string]*repeat{
		"B06 white space": {begin: "", piece: strings.Repeat(" \n", 32<<10), n: 16},
		"B05 text":        {begin: "", piece: big, n: 16},
		"B10 text":        {begin: headTag + "<q>", piece: big, n: size / len(big), end: "</q></iq>"},
		"B10 attribute":   {begin: "<iq a='", piece: big, n: size / len(big) / 8, end: "'/>"},
		"B10 name":        {begin: "<", piece: big, n: size / len(big) / 16, end: "/>"},
		"B10 end tag":     {begin: headTag + "<q></q", piece: strings.Repeat(" ", 64<<10), n: size / len(big) / 16, end: "></iq>"},
		"B10 CDATA":       {begin: headTag + "<![CDATA[", piece: big, n: size / len(big) / 8, end: "]]></iq>"},
		"B10 children":    {begin: headTag, piece: strings.Repeat("<item jid='a'/>", 4096), n: size / len(big) / 16, end: "</iq>"},
		"B12 depth":       {begin: headTag, piece: strings.Repeat("<a>", 1000), n: 1000, end: strings.Repeat("</a>", 1_000_000) + "</iq>"},
		"B13 attributes":  {begin: "<iq", piece: strings.Repeat(" a='>'", 10_000), n: 100, end: "/>"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			r.begin = header + r.begin
			r.end += ping
			if grown := growth(t, r); grown > 8<<20 {
				t.Errorf("%d bytes more in use", grown)
			}
			if d := time.Since(begin); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// growth reads all of r and returns how much the heap grew at its largest.
func growth(t *testing.T, r io.Reader) int64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	watch := &watching{r: r}
	rd, st := open(t, watch, wire.Limits{}), wire.Stanza{}
	for st.Raw != ping {
		if err := rd.Next(&st); err != nil {
			t.Fatalf("Next() error = %v", err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 1<<20 {
		t.Errorf("%d bytes are kept afterwards", kept)
	}
	runtime.KeepAlive(rd)
	return max(watch.most-int64(before.HeapAlloc), int64(after.Sys)-int64(before.Sys))
}

// watching looks at the heap now and then.
type watching struct {
	r    io.Reader
	n    int
	most int64
}

func (w *watching) Read(p []byte) (int, error) {
	if w.n++; w.n%64 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.most = max(w.most, int64(m.HeapAlloc))
	}
	return w.r.Read(p)
}

// TestBoundedTime has stanzas below the limit of bytes that make a careless
// reader slow.
func TestBoundedTime(t *testing.T) {
	const size = 2_000_000
	fill := func(begin, piece, end string) string {
		return begin + strings.Repeat(piece, (size-len(begin)-len(end))/len(piece)) + end
	}
	uri := strings.Repeat("u", 900)
	for name, in := range map[string]string{
		"B13 32 attributes each":   fill("<iq>", "<a"+manyAttrs(32)+"/>", "</iq>"),
		"B13 999 attributes each":  fill("<iq>", "<a"+manyAttrs(999)+"/>", "</iq>"),
		"B13 prefixes":             fill("<iq"+prefixes(127)+">", "<p0:a p0:b=''/>", "</iq>"),
		"B13 namespaces":           fill("<iq>", "<a xmlns:p='urn:p' xmlns='urn:q'/>", "</iq>"),
		"B13 long alike spaces":    fill("<iq xmlns:p='"+uri+"v' xmlns:q='"+uri+"w'>", "<a p:a='' q:a=''/>", "</iq>"),
		"B14 long names":           fill("<iq>", "<"+strings.Repeat("n", 1000)+"/>", "</iq>"),
		"references":               fill("<iq>", "&apos;", "</iq>"),
		"references in attributes": fill("<iq id='", "&apos;", "'/>"),
		"empty CDATA":              fill("<iq>", "<![CDATA[]]>", "</iq>"),
		"wide names":               fill("<iq>", "<é/>", "</iq>"),
		"quotes":                   fill("<iq>", `<a b='"' c="'>"/>`, "</iq>"),
	} {
		t.Run(name, func(t *testing.T) {
			rd, st := stream(t, in, wire.Limits{}), wire.Stanza{}
			begin := time.Now()
			if err := rd.Next(&st); err != nil || st.Skipped != nil {
				t.Fatalf("Next() = %v, %v", st.Skipped, err)
			}
			d := time.Since(begin)
			t.Logf("%v", d)
			if d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}
