//go:build linux

package load

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
)

const (
	nsStreams = "http://etherx.jabber.org/streams"
	nsAccept  = "jabber:component:accept"
)

// handshake opens the stream as XEP-0114, 3 has it, and looks closely at what the
// component says.
func handshake(conn net.Conn, secret string) error {
	dec := xml.NewDecoder(conn)
	if err := readHeader(dec); err != nil {
		return err
	}
	id := rand.Text()
	if _, err := fmt.Fprintf(conn, "<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' from='%s' id='%s'>",
		nsAccept, nsStreams, Domain, id); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	var digest struct {
		XMLName xml.Name `xml:"jabber:component:accept handshake"`
		Text    string   `xml:",chardata"`
	}
	if err := dec.Decode(&digest); err != nil {
		return fmt.Errorf("read the handshake: %w", err)
	}
	if sum := sha1.Sum([]byte(id + secret)); digest.Text != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("wrong handshake: %q", digest.Text)
	}
	_, err := io.WriteString(conn, "<handshake/>")
	return err
}

// readHeader reads up to the component's stream header.
func readHeader(dec *xml.Decoder) error {
	for {
		tok, err := dec.Token()
		if err != nil {
			return fmt.Errorf("read the header: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		attrs := map[string]string{}
		for _, a := range start.Attr {
			attrs[a.Name.Local] = a.Value
		}
		if (start.Name != xml.Name{Space: nsStreams, Local: "stream"}) || attrs["xmlns"] != nsAccept || attrs["to"] != Domain {
			return fmt.Errorf("not the header of a component at %s: %v", Domain, start)
		}
		return nil
	}
}
