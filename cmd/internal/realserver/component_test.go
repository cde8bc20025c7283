package realserver_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// component is XEP-0114 by hand: it answers every request with an empty result.
type component struct {
	conn net.Conn
	in   *xml.Decoder
	err  chan error  // why it ended
	ids  chan string // of the answers to what it asked
}

// attach connects a component and serves until the stream ends.
func attach(t testing.TB, conn net.Conn, domain, secret string) *component {
	t.Helper()
	c := &component{conn: conn, in: xml.NewDecoder(conn), err: make(chan error, 1), ids: make(chan string, 1)}
	if err := c.handshake(domain, secret); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	go func() { c.err <- c.serve() }()
	t.Cleanup(func() { conn.Close() })
	return c
}

func (c *component) handshake(domain, secret string) error {
	fmt.Fprintf(c.conn, "<stream:stream xmlns='jabber:component:accept' "+
		"xmlns:stream='http://etherx.jabber.org/streams' to='%s'>", domain)
	header, err := c.nextStart()
	if err != nil {
		return err
	}
	for _, a := range header.Attr {
		if a.Name.Local == "id" {
			sum := sha1.Sum([]byte(a.Value + secret))
			fmt.Fprintf(c.conn, "<handshake>%s</handshake>", hex.EncodeToString(sum[:]))
		}
	}
	answer, err := c.nextStart()
	if err == nil && answer.Name.Local != "handshake" {
		err = fmt.Errorf("got <%s/>", answer.Name.Local)
	}
	return err
}

func (c *component) serve() error {
	for {
		start, err := c.nextStart()
		if err != nil {
			return err
		}
		iq := realserver.Stanza{}
		if err := c.in.DecodeElement(&iq, &start); err != nil {
			return err
		}
		switch iq.Type {
		case "get", "set":
			fmt.Fprintf(c.conn, "<iq type='result' id='%s' from='%s' to='%s'/>", iq.ID, iq.To, iq.From)
		case "result":
			c.ids <- iq.ID
		}
	}
}

func (c *component) nextStart() (xml.StartElement, error) {
	for {
		tok, err := c.in.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			return tok, nil
		case xml.EndElement:
			if tok.Name.Local == "stream" {
				return xml.StartElement{}, io.EOF
			}
		}
	}
}
