//go:build linux

package load_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/bench/load"
)

// An answerer is a small component that answers rightly but for what change does.
type answerer struct {
	items   int
	quote   string // around values
	extra   string // attributes
	after   string // each stanza
	pair    bool   // a start tag and an end tag in the place of an empty element
	numeric bool   // references in the addresses
	secret  string
	domain  string
	change  func(i int, a *answer)
}

// An answer is what the answerer is about to send, and how often.
type answer struct {
	before, id, typ, to, from, payload string
	times                              int
}

// against has a plan carried out with an answerer.
func against(t *testing.T, a answerer, plan load.Plan) (load.Result, error) {
	t.Helper()
	stream, err := accept(t, a)
	if err != nil {
		t.Fatal(err)
	}
	res, err := stream.Run(plan)
	if end := stream.Close(); err == nil {
		err = end
	}
	return res, err
}

func accept(t *testing.T, a answerer) (*load.Stream, error) {
	t.Helper()
	srv, err := load.Listen("secret")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.serve(srv.Port())
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return srv.Accept(5 * time.Second)
}

type request struct {
	ID      string `xml:"id,attr"`
	From    string `xml:"from,attr"`
	To      string `xml:"to,attr"`
	Payload struct {
		XMLName xml.Name
		Inner   []struct{} `xml:",any"`
		Text    string     `xml:",chardata"`
	} `xml:",any"`
}

// serve opens the stream and answers until it ends.
func (a answerer) serve(port int) {
	conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		return
	}
	defer conn.Close()
	if a.domain == "" {
		a.domain = load.Domain
	}
	fmt.Fprintf(conn, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", a.domain)
	dec := xml.NewDecoder(conn)
	for opened := false; ; {
		tok, err := dec.Token()
		start, ok := tok.(xml.StartElement)
		switch {
		case err != nil:
			return
		case !ok:
		case !opened:
			opened = true
			fmt.Fprintf(conn, "<handshake>%x</handshake>", sha1.Sum([]byte(attr(start, "id")+"secret"+a.secret)))
		case start.Name.Local == "handshake":
			_ = dec.Skip()
			a.answerAll(dec, conn)
			return
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (a answerer) answerAll(dec *xml.Decoder, w io.Writer) {
	for i := 0; ; {
		tok, err := dec.Token()
		if _, end := tok.(xml.EndElement); err != nil || end {
			return
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		var req request
		if dec.DecodeElement(&req, &start) != nil {
			return
		}
		reply := answer{id: req.ID, typ: "result", to: req.From, from: req.To, payload: a.payload(req), times: 1}
		if strings.HasPrefix(reply.payload, "<error") {
			reply.typ = "error"
		}
		if a.change != nil {
			a.change(i, &reply)
		}
		i++
		if _, err := io.WriteString(w, a.write(reply)); err != nil {
			return
		}
	}
}

func (a answerer) payload(req request) string {
	switch space := req.Payload.XMLName.Space; space {
	case "urn:bench:plugin":
		return "<query xmlns='urn:bench:plugin'/>"
	case "urn:bench:unknown":
		return "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
	case "http://jabber.org/protocol/disco#items":
		return list(space, 20, "<item name='Node %[1]d' jid='node%[1]d."+load.Domain+"'/>")
	case "http://jabber.org/protocol/disco#info":
		return list(space, 10, "<feature var='urn:%d'/>", "<identity category='component' type='generic' name='Bench component'/>")
	case "jabber:iq:roster":
		if len(req.Payload.Inner) == 0 {
			return list(space, a.items, "<item jid='contact%[1]d@example.net' name='Contact %[1]d' subscription='both'><group>Friends</group></item>")
		}
	}
	return ""
}

func list(space string, n int, format string, first ...string) string {
	out := "<query xmlns='" + space + "'>" + strings.Join(first, "")
	for i := range n {
		out += fmt.Sprintf(format, i)
	}
	return out + "</query>"
}

func (a answerer) write(r answer) string {
	value := func(s string) string {
		if a.numeric {
			return strings.NewReplacer("&", "&#38;", "<", "&#x3C;", "\U0001F339", "&#x1f339;").Replace(s)
		}
		var b bytes.Buffer
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	}
	out := "<iq" + a.extra
	for _, at := range [][2]string{{"from", r.from}, {"id", r.id}, {"type", r.typ}, {"to", r.to}} {
		if at[1] != "" {
			out += " " + at[0] + "='" + value(at[1]) + "'"
		}
	}
	if a.quote != "" {
		out = strings.ReplaceAll(out, "'", a.quote)
	}
	if r.payload == "" && !a.pair {
		out += "/>"
	} else {
		out += ">" + r.payload + "</iq>"
	}
	return r.before + strings.Repeat(out+a.after, r.times)
}
