package wire_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// TestElementAgain writes each accepted element again and compares what both mean.
func TestElementAgain(t *testing.T) {
	for name, in := range accepted {
		t.Run(name, func(t *testing.T) {
			st := one(t, in)
			out, err := encode(func(e *wire.Encoder) { e.Element(st.Element()) })
			if strings.Contains(name, "5th edition") {
				if err == nil {
					t.Errorf("%s was written", out)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", in, err)
			}
			again := parse(t, out)
			if a, b := meaning(st.Element()), meaning(again); a != b {
				t.Errorf("%s means\n%s, and\n%s means\n%s", in, a, out, b)
			}
			if twice, _ := encode(func(e *wire.Encoder) { e.Element(again) }); twice != out {
				t.Errorf("%s is written again as %s", out, twice)
			}
		})
	}
}

// meaning is an element without the way it is written: text joined, names
// resolved, no declarations.
func meaning(e wire.Element) string {
	var b strings.Builder
	text := ""
	for r := e.TokenReader(); ; {
		tok, err := r.Token()
		if c, ok := tok.(xml.CharData); ok {
			text += string(c)
			continue
		}
		if text != "" {
			fmt.Fprintf(&b, "%q", text)
			text = ""
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			fmt.Fprintf(&b, "<%q", tok.Name)
			for _, a := range tok.Attr {
				if a.Name.Space != "xmlns" && a.Name != (xml.Name{Local: "xmlns"}) {
					// Attr keeps raw line ends, tokens do as encoding/xml.
					fmt.Fprintf(&b, " %q=%q", a.Name, strings.ReplaceAll(strings.ReplaceAll(a.Value, "\r\n", "\n"), "\r", "\n"))
				}
			}
			b.WriteString(">")
		case xml.EndElement:
			fmt.Fprintf(&b, "</%q>", tok.Name)
		}
		if err == io.EOF {
			return b.String()
		}
	}
}

// node is a tree to write.
type node struct {
	Space, Local, Text string
	Attrs              map[string]string
	Kids               []*node
}

var words = []string{"a", "b", "query", "x-1", "é", "item", "xml"}

// clean makes a random tree writable, with at most depth levels.
func (n *node) clean(depth int) {
	pick := func(s string) string { return words[len(s)%len(words)] }
	n.Local, n.Space = pick(n.Local), "urn:"+pick(n.Space)
	n.Text = strings.ToValidUTF8(strings.Map(writable, n.Text), "")
	attrs := map[string]string{}
	for k, v := range n.Attrs {
		attrs[pick(k)] = strings.Map(writable, strings.ToValidUTF8(v, ""))
	}
	n.Attrs = attrs
	kids := n.Kids[:0]
	for _, k := range n.Kids {
		if k != nil && depth > 0 && len(kids) < 4 {
			k.clean(depth - 1)
			kids = append(kids, k)
		}
	}
	n.Kids = kids
	if len(kids) == 0 {
		n.Kids = nil
	}
}

func writable(r rune) rune {
	if wire.ValidText(string(r)) {
		return r
	}
	return -1
}

func (n *node) write(e *wire.Encoder) {
	e.Start(n.Space, n.Local)
	for k, v := range n.Attrs {
		e.Attr(k, v)
	}
	e.Text(n.Text)
	for _, k := range n.Kids {
		k.write(e)
	}
	e.End()
}

func read(e wire.Element) *node {
	n := &node{Space: e.Name().Space, Local: e.Name().Local, Text: e.Text(), Attrs: map[string]string{}}
	for name, value := range e.Attrs() {
		n.Attrs[name.Local] = value
	}
	for child := range e.Children() {
		n.Kids = append(n.Kids, read(child))
	}
	return n
}

// TestRoundTrip: what is written is what is read.
func TestRoundTrip(t *testing.T) {
	err := quick.Check(func(n *node) bool {
		if n == nil {
			return true
		}
		n.clean(4)
		out, err := encode(n.write)
		var limit *wire.LimitError
		if errors.As(err, &limit) {
			return true
		}
		if err != nil {
			t.Error(err)
			return false
		}
		return reflect.DeepEqual(read(parse(t, out)), n)
	}, &quick.Config{MaxCount: 150})
	if err != nil {
		t.Error(err)
	}
}
