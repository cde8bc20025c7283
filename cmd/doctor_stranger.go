package iqdcmd

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A guess is what the first bytes of a server say about it.
type guess struct{ start, name string }

func guesses() []guess {
	return []guess{
		{"HTTP/", "a web server (HTTP)"},
		{"<!DOCTYPE html", "a web server (HTTP)"},
		{"<html", "a web server (HTTP)"},
		{"220", "a mail or FTP server (SMTP, FTP)"},
		{"SSH-", "an SSH server"},
		{"* OK", "a mail server (IMAP)"},
		{"+OK", "a mail server (POP3)"},
		{"\x15\x03", tlsOnly},
	}
}

const tlsOnly = "a port for TLS"

// stranger finds out what listens where no component port answers. It opens
// connections of its own and reads what comes.
func (d *doctor) stranger(ctx context.Context, err error) finding {
	addr, secured := d.conf.Component.Server, d.conf.Component.TLS.Enabled
	// The empty lines are for servers that read lines.
	said := d.say(ctx, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "+
		"xmlns:stream='http://etherx.jabber.org/streams' to='"+d.cfg.JID+"'>\r\n\r\n")
	if !secured && (recognise(said) == tlsOnly || len(said) == 0 && d.speaksTLS(ctx)) {
		return d.needsTLS()
	}
	if len(said) == 0 { // web servers wait for a request of theirs
		said = d.say(ctx, "GET / HTTP/1.0\r\n\r\n")
	}
	f := finding{mark: wrong, what: "connection"}
	fix := d.ours(`server = "host:port" of the XMPP server's component port, 5347 unless it says otherwise`, "component", "server")
	switch what := recognise(said); {
	case what != "" && what != tlsOnly:
		f.seen, f.cause = what+" listens at "+addr+": it says "+firstLine(said), "that is the port of something else"
	case secured && bytes.HasPrefix(said, []byte("<")):
		return d.hasNoTLS()
	case isComponentPort(said):
		return d.noAnswer(err)
	case len(said) == 0:
		f.seen = "the server at " + addr + " takes the connection and says nothing: " + lastOf(err)
		f.cause = "it is starting or stopping, hangs, or is an ejabberd listener with tls: true and no certfile"
		fix = d.theirs("ejabberd", `certfile: "/etc/ejabberd/ejabberd.pem", in the listener`)
	default:
		f.seen = "no component port at " + addr + ": " + lastOf(err) + "\nit says " + firstLine(said)
		f.cause = "that is no port for components"
	}
	f.change = []change{fix}
	return f
}

// isComponentPort reports whether a server that says that has opened a stream for
// components (XEP-0114, 3).
func isComponentPort(said []byte) bool {
	for _, part := range []string{"stream", "http://etherx.jabber.org/streams", "jabber:component:accept"} {
		if !bytes.Contains(said, []byte(part)) {
			return false
		}
	}
	return bytes.HasPrefix(said, []byte("<"))
}

// noAnswer explains a component port that did not take us, and did not say why.
func (d *doctor) noAnswer(err error) finding {
	f := finding{mark: wrong, what: "handshake"}
	var bad *component.StreamError
	switch {
	case errors.As(err, &bad):
		f.seen = "the server opens a stream for components, and then writes what is no XMPP: " + bad.Error()
		f.cause = "something between us changes what it writes, or it is no XMPP server"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.seen = "the server closed the stream after our handshake"
		f.cause = "it is stopping or starting, try again; the server's log says more"
	default:
		f.seen = "the server opens a stream for components, and does not answer our handshake: " + lastOf(err)
		f.cause = "it is overloaded or hangs; the server's log says more"
	}
	return f
}

func (d *doctor) needsTLS() finding {
	return finding{
		mark: wrong, what: "tls",
		seen:  "TLS mismatch: the server speaks TLS at " + d.conf.Component.Server + ", and we do not",
		cause: "[component.tls] is not enabled",
		change: []change{
			d.ours("[component.tls] enabled = true", "component", "tls", "enabled"),
			d.ours("server = the port without TLS", "component", "server"),
		},
	}
}

func (d *doctor) hasNoTLS() finding {
	return finding{
		mark: wrong, what: "tls",
		seen:  "TLS mismatch: the server speaks no TLS at " + d.conf.Component.Server + ", and we do",
		cause: "the component port of Prosody has none, that of ejabberd has it with tls: true",
		change: []change{
			d.ours("[component.tls] enabled = false, on one machine or behind a tunnel", "component", "tls", "enabled"),
			d.theirs("ejabberd", "tls: true and certfile: in the listener"),
			{"Prosody's machine", "stunnel in front of the port, see: iqd server-config prosody"},
		},
	}
}

// say opens a connection, writes and reads.
func (d *doctor) say(ctx context.Context, hello string) []byte {
	conn, err := d.dialPlain(ctx)
	if err != nil {
		return nil
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, hello); err != nil {
		return nil
	}
	buf, n := make([]byte, 512), 0
	for err = nil; err == nil && !enough(buf[:n]); {
		var more int
		more, err = conn.Read(buf[n:])
		n += more
	}
	return buf[:n]
}

// enough reports whether there is something to go by: more than a few bytes, and
// what stands behind an XML declaration too.
func enough(said []byte) bool {
	declared := bytes.HasPrefix(said, []byte("<?xml")) && bytes.Count(said, []byte(">")) < 2
	return len(said) == cap(said) || len(said) >= 4 && !declared
}

// speaksTLS reports whether a TLS handshake gets an answer, whatever is in it.
func (d *doctor) speaksTLS(ctx context.Context) bool {
	conn, err := d.dialPlain(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	// Nothing is sent over it: the certificate does not matter.
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil
}

func (d *doctor) dialPlain(ctx context.Context) (net.Conn, error) {
	network, addr := "tcp", d.conf.Component.Server
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	conn, err := (&net.Dialer{Timeout: d.wait}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(d.wait))
}

// recognise names what says that, or returns an empty string.
func recognise(said []byte) string {
	for _, g := range guesses() {
		if len(said) >= len(g.start) && strings.EqualFold(string(said[:len(g.start)]), g.start) {
			return g.name
		}
	}
	return ""
}

// firstLine returns the beginning of what a stranger said, fit for a terminal.
func firstLine(said []byte) string {
	line, _, _ := strings.Cut(string(said), "\n")
	line = strings.TrimSpace(line)
	if len(line) > 60 {
		line = line[:60] + "..."
	}
	return strconv.Quote(line)
}
