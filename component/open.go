package component

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// dial connects to the server. Its name is resolved anew each time.
func (c *Component) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	if c.cfg.Dial != nil {
		return c.cfg.Dial(ctx)
	}
	network, addr := "tcp", c.cfg.Server
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	var d net.Dialer
	if c.cfg.TLS == nil {
		return d.DialContext(ctx, network, addr)
	}
	cfg := c.cfg.TLS.Clone()
	if cfg.ServerName == "" && !cfg.InsecureSkipVerify {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		cfg.ServerName = host
	}
	return (&tls.Dialer{NetDialer: &d, Config: cfg}).DialContext(ctx, network, addr)
}

// open opens the stream and has the server accept us (XEP-0114, 3). What comes
// before the acknowledgement is not trusted.
func (s *stream) open(ctx context.Context) error {
	c := s.c
	_ = s.conn.SetDeadline(time.Now().Add(c.cfg.ConnectTimeout))
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	header := "<?xml version='1.0'?><stream:stream xmlns='" + nsAccept + "' xmlns:stream='" + nsStream + "' to='" + c.cfg.JID + "'>"
	if _, err := io.WriteString(s.conn, header); err != nil {
		return headerError(err)
	}
	h, err := s.rd.Header()
	if err != nil {
		return headerError(err)
	}
	if h.Name.Space != nsStream || h.Name.Local != "stream" {
		return errors.New("this is no XMPP server: it opened no stream")
	}
	if h.ID != "" {
		if _, err := io.WriteString(s.conn, "<handshake>"+handshake(h.ID, c.cfg.Secret)+"</handshake>"); err != nil {
			return handshakeError(err)
		}
	} // without an id only an error can follow: Prosody does not know our domain
	if err := s.acknowledged(); err != nil {
		return err
	}
	if h.From != "" && fold(h.From) != c.cfg.JID {
		c.cfg.Log.Warn("the server calls us by another name", "name", clip(h.From), "jid", c.cfg.JID)
	}
	if !stop() {
		return ctx.Err()
	}
	return s.conn.SetDeadline(time.Time{})
}

func (s *stream) acknowledged() error {
	for {
		if err := s.rd.Next(&s.st); err != nil {
			return handshakeError(err)
		}
		switch name := s.st.Name; {
		case name.Space == nsStream && name.Local == "error":
			e := streamError(s.st.Element())
			e.Setup = true
			return e
		case name.Local == "handshake" && stanzaSpace(name.Space):
			return nil
		}
	}
}

// handshake proves that we know the secret. XEP-0114 wants SHA-1 in lower-case
// hexadecimal digits.
func handshake(id, secret string) string {
	sum := sha1.Sum([]byte(id + secret))
	return hex.EncodeToString(sum[:])
}

// handshakeError says what became of the handshake. A server that refuses us says
// why, or closes the stream with a tag.
func handshakeError(err error) error {
	switch {
	case errors.Is(err, wire.ErrClosed):
		return errors.New("the server closed the stream during the handshake")
	case isEnd(err):
		return &earlyEndError{"the server closed the connection during the handshake", err}
	}
	return fmt.Errorf("handshake: %w", readError(err))
}

// headerError says what the bytes look like that are no stream header.
func headerError(err error) error {
	var syn *wire.SyntaxError
	switch {
	case errors.As(err, &syn):
		return fmt.Errorf("this is no XMPP component port: %w", err)
	case isEnd(err):
		return &earlyEndError{"the server closed the connection before its stream header", err}
	}
	return fmt.Errorf("open stream: %w", readError(err))
}

// isEnd reports whether err is that of a connection which the other side has closed.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// An earlyEndError is a connection that ended without a word before we were let in:
// the server is stopping, starting, or wants TLS.
type earlyEndError struct {
	text string
	err  error
}

func (e *earlyEndError) Error() string { return e.text }
func (e *earlyEndError) Unwrap() error { return e.err }
