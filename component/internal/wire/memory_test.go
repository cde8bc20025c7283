package wire_test

import (
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// repeat delivers a piece n times between a beginning and an end.
type repeat struct {
	begin, piece, end string
	n                 int
	at                int
}

func (r *repeat) Read(p []byte) (int, error) {
	s := &r.begin
	switch {
	case r.begin == "" && r.n == 0 && r.end == "":
		return 0, io.EOF
	case r.begin == "" && r.n == 0:
		s = &r.end
	case r.begin == "":
		return r.pieces(p), nil
	}
	n := copy(p, *s)
	*s = (*s)[n:]
	return n, nil
}

// pieces fills p with pieces.
func (r *repeat) pieces(p []byte) int {
	n := 0
	for n < len(p) && r.n > 0 {
		k := copy(p[n:], r.piece[r.at:])
		n += k
		if r.at += k; r.at == len(r.piece) {
			r.at = 0
			r.n--
		}
	}
	return n
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
	size := 2_000_000
	if raceEnabled {
		size /= 8
	}
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
		"B05 text, byte by byte":   fill("<iq><a>", "x", "</a></iq>"),
		"value, byte by byte":      fill("<iq><a b='", "x", "'/></iq>"),
		"values, byte by byte":     fill("<iq>", "<a b='"+strings.Repeat("&gt;", 500)+"'/>", "</iq>"),
		"names, byte by byte":      fill("<iq>", "<"+strings.Repeat("é", 500)+"/>", "</iq>"),
		"CDATA, byte by byte":      fill("<iq>", "<![CDATA["+strings.Repeat("\n", 2000)+"]]>", "</iq>"),
		"quotes":                   fill("<iq>", `<a b='"' c="'>"/>`, "</iq>"),
	} {
		t.Run(name, func(t *testing.T) {
			var src io.Reader = strings.NewReader(header + in)
			if strings.HasSuffix(name, "byte by byte") {
				src = iotest.OneByteReader(src)
			}
			rd, st := open(t, src, wire.Limits{}), wire.Stanza{}
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
