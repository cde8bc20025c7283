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
	"time"
)

// A guess is what the first bytes of a server say about it.
type guess struct{ start, name string }

func guesses() []guess {
	return []guess{
		{"HTTP/", "a web server (HTTP)"},
		{"<!DOCTYPE", "a web server (HTTP)"},
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
	f := finding{mark: wrong, what: "connection", seen: "no component port at " + d.conf.Component.Server + ": " + lastOf(err)}
	said := d.listen(ctx)
	what := recognise(said)
	secured := d.conf.Component.TLS.Enabled
	switch {
	case !secured && (what == tlsOnly || len(said) == 0 && d.speaksTLS(ctx)):
		f.what, f.seen = "tls", "TLS mismatch: the server speaks TLS at "+d.conf.Component.Server+", and we do not"
		f.cause = "[component.tls] is not enabled"
		f.change = []change{
			d.ours("[component.tls] enabled = true", "component", "tls", "enabled"),
			d.ours("server = the port without TLS", "component", "server"),
		}
	case what != "" && what != tlsOnly:
		f.seen = what + " listens at " + d.conf.Component.Server + ": it says " + firstLine(said)
		f.cause = "that is the port of something else"
		f.change = []change{d.ours(`server = "host:port" of the XMPP server's component port, 5347 unless it says otherwise`, "component", "server")}
	case secured && bytes.HasPrefix(said, []byte("<")):
		f.what, f.seen = "tls", "TLS mismatch: the server speaks no TLS at "+d.conf.Component.Server+", and we do"
		f.cause = "the component port of Prosody has none, that of ejabberd has it with tls: true"
		f.change = []change{
			d.ours("[component.tls] enabled = false, on one machine or behind a tunnel", "component", "tls", "enabled"),
			d.theirs("ejabberd", "tls: true and certfile: in the listener"),
			{"Prosody's machine", "stunnel in front of the port, see: iqd server-config prosody"},
		}
	case len(said) == 0:
		f.seen = "the server at " + d.conf.Component.Server + " takes the connection and says nothing: " + lastOf(err)
		f.cause = "it is starting or stopping, hangs, or is an ejabberd listener with tls: true and no certfile"
		f.change = []change{d.theirs("ejabberd", `certfile: "/etc/ejabberd/ejabberd.pem", in the listener`)}
	default:
		f.seen += "\nit says " + firstLine(said)
		f.cause = "that is no port for components"
		f.change = []change{d.ours(`server = "host:port" of the server's component port`, "component", "server")}
	}
	return f
}

// listen opens a stream in plain text and returns the first bytes of the answer.
// The empty lines are for servers that read lines.
func (d *doctor) listen(ctx context.Context) []byte {
	conn, err := d.dialPlain(ctx)
	if err != nil {
		return nil
	}
	defer conn.Close()
	header := "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
		"xmlns:stream='http://etherx.jabber.org/streams' to='" + d.cfg.JID + "'>\r\n\r\n"
	if _, err := io.WriteString(conn, header); err != nil {
		return nil
	}
	buf := make([]byte, 512)
	n, err := io.ReadAtLeast(conn, buf, 4)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return buf[:n]
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
