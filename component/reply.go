package component

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
	"mellium.im/xmpp/stanza"
)

// A scratch is where one goroutine renders one reply at a time.
type scratch struct {
	buf     []byte
	enc     Encoder
	err     Error // that is being rendered
	isError bool
}

const iqEnd = "</iq>"

// render makes the one reply that what the handler returned comes to.
func (c *Component) render(sc *scratch, req *Request, p Payload, err error) {
	if err == nil {
		if err = c.renderResult(sc, req, p); err == nil {
			return
		}
		err = fmt.Errorf("encode reply: %w", err)
	}
	c.renderError(sc, req, c.stanzaError(req, err))
}

// stanzaError returns what the requester gets to see of err. What it does not get
// to see is logged.
func (c *Component) stanzaError(req *Request, err error) *Error {
	if isUnhandled(err) {
		return c.unhandled(req)
	}
	if e := asError(err); e != nil {
		return e
	}
	attrs := append(requestAttrs(req), slog.String("err", clip(err.Error())))
	var pe *panicError
	if errors.As(err, &pe) {
		c.stats.panics.Add(1)
		attrs = append(attrs, slog.String("stack", string(pe.stack)))
	}
	c.cfg.Log.LogAttrs(c.base, slog.LevelError, "handler failed", attrs...)
	return &Error{Condition: stanza.InternalServerError}
}

// What is answered when no handler takes the request.
var (
	errNobody    = &Error{Condition: stanza.ServiceUnavailable}
	errNoHandler = &Error{Condition: stanza.FeatureNotImplemented} // which says it all
)

// unhandled is the answer when no handler takes the request. RFC 6120, 8.4 has
// service-unavailable for an unknown namespace; that is the other choice. Where
// nobody lives it is service-unavailable always (RFC 6120, 10.5).
func (c *Component) unhandled(req *Request) *Error {
	if req.at&(Domain|Host|User) == 0 && (req.mux == nil || !req.mux.inhabited(req)) {
		return errNobody
	}
	if c.cfg.Unhandled == stanza.ServiceUnavailable {
		return errNobody
	}
	return errNoHandler
}

func (c *Component) renderResult(sc *scratch, req *Request, p Payload) error {
	sc.isError = false
	sc.buf = c.appendHead(sc.buf[:0], "result", req)
	if p == nil {
		sc.buf = append(sc.buf, '/', '>')
		return c.complete(sc, req)
	}
	sc.buf = append(sc.buf, '>')
	out, err := encodePayload(sc.buf, p, &sc.enc, c.replyLimits(len(sc.buf), req))
	if err != nil {
		return err
	}
	sc.buf = append(out, iqEnd...)
	return c.complete(sc, req)
}

// complete writes what is behind the reply to req, and holds all of it to the limit.
func (c *Component) complete(sc *scratch, req *Request) error {
	if req.outer() != nil {
		sc.buf = append(sc.buf, forwardEnd...)
	}
	return c.checkSize(sc)
}

// renderError leaves out what makes the error too large. It leaves the buffer
// empty when even the bare error does not fit: the id and the addresses alone are
// over the limit, so nothing can be sent.
func (c *Component) renderError(sc *scratch, req *Request, e *Error) {
	if c.dropsErrors(req) && c.renderResult(sc, req, nil) == nil {
		return
	}
	sc.isError = true
	if e.Text == "" && e.App == nil {
		c.renderBare(sc, req, e)
		return
	}
	sc.err = e.sane()
	fits := c.tryError(sc, req)
	if !fits && sc.err.App != nil {
		sc.err.App = nil
		fits = c.tryError(sc, req)
	}
	if !fits {
		c.renderBare(sc, req, &sc.err)
	}
	sc.err = Error{}
}

func (c *Component) tryError(sc *scratch, req *Request) bool {
	sc.buf = append(c.appendHead(sc.buf[:0], "error", req), '>')
	out, err := encodePayload(sc.buf, &sc.err, &sc.enc, c.replyLimits(len(sc.buf), req))
	if err != nil {
		return false
	}
	sc.buf = append(out, iqEnd...)
	return c.complete(sc, req) == nil
}

// renderBare renders an error of a condition only: most are, and there is nothing
// in it to check.
func (c *Component) renderBare(sc *scratch, req *Request, e *Error) {
	sc.buf = appendBare(c.appendHead(sc.buf[:0], "error", req), e)
	switch {
	case c.complete(sc, req) == nil:
	case req.outer() != nil:
		cond, typ := e.kind()
		c.renderError(sc, req.outer(), &Error{Condition: cond, Type: typ})
	default:
		sc.buf = sc.buf[:0]
	}
}

// appendBare appends what is behind the head of a stanza with the error. The most
// usual one is written whole.
func appendBare(buf []byte, e *Error) []byte {
	if e == errNoHandler {
		return append(buf, "><error type='cancel'><feature-not-implemented xmlns='"+nsStanzas+"'/></error>"+iqEnd...)
	}
	cond, typ := e.kind()
	buf = append(buf, "><error type='"...)
	buf = append(buf, typ...)
	buf = append(buf, "'><"...)
	buf = append(buf, cond...)
	return append(buf, " xmlns='"+nsStanzas+"'/></error>"+iqEnd...)
}

// EncodeXML writes the error element (RFC 6120, 8.3.2).
func (e *Error) EncodeXML(enc *Encoder) {
	enc.Start(nsAccept, "error")
	enc.Attr("type", string(e.Type))
	enc.Empty(nsStanzas, string(e.Condition))
	if e.Text != "" {
		enc.Start(nsStanzas, "text")
		if e.Lang != "" {
			enc.AttrNS(xmlNS, "lang", e.Lang)
		} else {
			enc.AttrNS(xmlNS, "lang", "en")
		}
		enc.Text(e.Text)
		enc.End()
	}
	if e.App != nil {
		e.App.EncodeXML(enc)
	}
	enc.End()
}

// appendHead writes the start of the reply to req, all but its last bracket. The
// id and the addresses go back as they came (RFC 6120, 8.1.3 and 8.2.3).
func (c *Component) appendHead(buf []byte, typ string, req *Request) []byte {
	if req.outer() != nil {
		return appendForwarded(buf, typ, req)
	}
	from := req.To
	if req.at == 0 { // not an address that we could speak for
		from = c.cfg.JID
	}
	return appendIQ(buf, typ, req.ID, from, req.From)
}

func appendIQ(buf []byte, typ, id, from, to string) []byte {
	buf = append(buf, "<iq type='"...)
	buf = append(buf, typ...)
	buf = append(buf, "' id='"...)
	buf = wire.AppendAttr(buf, id)
	buf = append(buf, "' from='"...)
	buf = wire.AppendAttr(buf, from)
	buf = append(buf, "' to='"...)
	buf = wire.AppendAttr(buf, to)
	return append(buf, '\'')
}

func (c *Component) encoderLimits(head int) wire.EncoderLimits {
	lim := c.limits()
	return wire.EncoderLimits{Bytes: max(1, lim.MaxReplyBytes-head-len(iqEnd)), Depth: lim.MaxDepth - 1}
}

// replyLimits is encoderLimits for the payload of a reply to req.
func (c *Component) replyLimits(head int, req *Request) wire.EncoderLimits {
	if req.outer() == nil {
		return c.encoderLimits(head)
	}
	lim := c.encoderLimits(head + len(forwardEnd))
	lim.Depth -= forwardDepth
	return lim
}

func (c *Component) checkSize(sc *scratch) error {
	if most := c.limits().MaxReplyBytes; len(sc.buf) > most {
		return fmt.Errorf("stanza of %d bytes is over the limit of %d", len(sc.buf), most)
	}
	return nil
}
