package component

import "github.com/iqd-xmpp/iqd/component/internal/wire"

// What ends a wrapped reply, and how much deeper it is than one that is not.
const (
	forwardEnd   = "</forwarded></delegation></iq>"
	forwardDepth = 3
)

// appendForwarded is appendHead for a delegated request. The reply is wrapped as
// the request was, in the same version of the protocol, and what wraps it is a
// result, whatever is inside (XEP-0355, 4.3): servers do not pass on the error of
// an outer one. A request without an address is answered without one.
func appendForwarded(buf []byte, typ string, req *Request) []byte {
	buf = appendIQ(buf, "result", req.outer().ID, req.outer().To, req.outer().From)
	buf = append(buf, "><delegation xmlns='"...)
	buf = append(buf, req.outer().Name.Space...)
	buf = append(buf, "'><forwarded xmlns='"+nsForward+"'><iq xmlns='"+nsClient+"' type='"...)
	buf = append(buf, typ...)
	buf = append(buf, "' id='"...)
	buf = wire.AppendAttr(buf, req.ID)
	if req.To != "" {
		buf = append(buf, "' from='"...)
		buf = wire.AppendAttr(buf, req.To)
	}
	buf = append(buf, "' to='"...)
	buf = wire.AppendAttr(buf, req.From)
	return append(buf, '\'')
}

// dropsErrors reports whether req is a delegation whose sender drops errors, so
// that its user would wait for ever. ejabberd does; it makes an error of its own
// of an empty result.
func (c *Component) dropsErrors(req *Request) bool {
	return req.Name.Space == nsDelegation1 && req.outer() == nil && req.Type == "set" && c.isHost(req.From)
}
