package componenttest

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strings"
)

const (
	nsAccept  = "jabber:component:accept"
	nsClient  = "jabber:client"
	nsServer  = "jabber:server"
	nsStream  = "http://etherx.jabber.org/streams"
	nsStreams = "urn:ietf:params:xml:ns:xmpp-streams"
	nsStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
	nsPing    = "urn:xmpp:ping"
)

// A node is an element, or character data when it has no name.
type node struct {
	name  xml.Name
	attrs []xml.Attr // without declarations of namespaces, sorted by name
	kids  []*node
	text  string
}

func newNode(t xml.StartElement) *node {
	n := &node{name: t.Name}
	for _, a := range t.Attr {
		if !declares(a) {
			n.attrs = append(n.attrs, a)
		}
	}
	slices.SortFunc(n.attrs, func(a, b xml.Attr) int { return compareNames(a.Name, b.Name) })
	return n
}

func compareNames(a, b xml.Name) int {
	return cmp.Or(strings.Compare(a.Space, b.Space), strings.Compare(a.Local, b.Local))
}

// declares reports whether an attribute declares a namespace.
func declares(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
}

func (n *node) isText() bool { return n.name.Local == "" }

// addText adds character data, as one node with what stands before it.
func (n *node) addText(s string) {
	if last := len(n.kids) - 1; last >= 0 && n.kids[last].isText() {
		n.kids[last].text += s
		return
	}
	n.kids = append(n.kids, &node{text: s})
}

// attr returns an attribute in no namespace, and whether it is there.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name == (xml.Name{Local: local}) {
			return a.Value, true
		}
	}
	return "", false
}

func (n *node) get(local string) string {
	v, _ := n.attr(local)
	return v
}

// holds reports whether there is a child with that name.
func (n *node) holds(space, local string) bool {
	return slices.ContainsFunc(n.kids, func(k *node) bool { return k.name == xml.Name{Space: space, Local: local} })
}

// isRequest reports whether n is an IQ that has to be answered.
func (n *node) isRequest() bool {
	return n.name.Local == "iq" && (n.get("type") == "get" || n.get("type") == "set")
}

// isReply reports whether n answers an IQ.
func (n *node) isReply() bool {
	return n.name.Local == "iq" && (n.get("type") == "result" || n.get("type") == "error")
}

// depth returns how many elements lie within each other.
func (n *node) depth() int {
	deepest, level := 0, []*node{n}
	for ; len(level) > 0; deepest++ {
		var next []*node
		for _, e := range level {
			for _, k := range e.kids {
				if !k.isText() {
					next = append(next, k)
				}
			}
		}
		level = next
	}
	return deepest
}

// lines returns n as text, one idea a line, always the same for equal nodes.
func (n *node) lines() []string { return n.appendLines(nil, "", nsAccept) }

func (n *node) appendLines(out []string, indent, space string) []string {
	if n.isText() {
		return append(out, indent+strings.ReplaceAll(n.text, "\n", "\n"+indent))
	}
	var b strings.Builder
	b.WriteString(indent + "<" + n.name.Local)
	if n.name.Space != space {
		b.WriteString(" xmlns=" + quote(n.name.Space))
	}
	for _, a := range n.attrs {
		b.WriteByte(' ')
		if a.Name.Space == nsXML {
			b.WriteString("xml:")
		} else if a.Name.Space != "" {
			b.WriteString("{" + a.Name.Space + "}")
		}
		b.WriteString(a.Name.Local + "=" + quote(a.Value))
	}
	if len(n.kids) == 0 {
		return append(out, b.String()+"/>")
	}
	out = append(out, b.String()+">")
	for _, k := range n.kids {
		out = k.appendLines(out, indent+"  ", n.name.Space)
	}
	return append(out, indent+"</"+n.name.Local+">")
}

// quote writes an attribute's value so that each byte of it can be seen.
func quote(s string) string {
	return "'" + escape(s) + "'"
}

// escape makes s fit for an attribute or for text.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;", `"`, "&quot;",
		"\n", "&#xA;", "\t", "&#x9;", "\r", "&#xD;").Replace(s)
}
