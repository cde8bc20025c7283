package plugin

import (
	"context"
	"strconv"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// A Call is what iqd asks of a plugin: a JSON-RPC 2.0 request that has no number
// yet.
type Call struct {
	Repeatable bool // it changes nothing: a get, which may be asked again elsewhere

	method string
	params []byte // an object without its end, with a comma behind each member
}

// NewIQ returns the call that hands a request over.
func NewIQ(req *component.Request) *Call {
	xml := req.Payload().XML()
	buf := make([]byte, 0, len(xml)+len(xml)/8+len(req.From)+len(req.From)+len(req.To)+len(req.ID)+len(req.Name.Space)+256)
	buf = append(buf, '{')
	buf = appendField(buf, "type", string(req.Type))
	buf = appendField(buf, "from", req.From)
	buf = appendField(buf, "to", req.To)
	buf = appendField(buf, "id", req.ID)
	buf = appendField(buf, "lang", req.Lang)
	buf = appendField(buf, "namespace", req.Name.Space)
	buf = appendField(buf, "name", req.Name.Local)
	buf = appendField(buf, "via", req.Via)
	if owner, err := req.Owner(); err == nil {
		buf = appendField(buf, "owner", owner.String())
	}
	buf = appendField(buf, "payload", xml)
	return &Call{Repeatable: req.Type == stanza.GetIQ, method: "iq", params: buf}
}

// Append appends the call as one JSON object without an end of line. With the
// number 0 it is a notification, which is not answered. Where ctx has a deadline,
// the plugin is told how much time is left.
func (c *Call) Append(ctx context.Context, buf []byte, number uint64) []byte {
	buf = append(buf, `{"jsonrpc":"2.0",`...)
	if number != 0 {
		buf = append(strconv.AppendUint(append(buf, `"id":`...), number, 10), ',')
	}
	buf = append(append(append(buf, `"method":"`...), c.method...), `","params":`...)
	buf = append(buf, c.params...)
	if deadline, ok := ctx.Deadline(); ok {
		left := max(0, time.Until(deadline).Milliseconds())
		return append(strconv.AppendInt(append(buf, `"deadline_ms":`...), left, 10), `}}`...)
	}
	if last := len(buf) - 1; buf[last] == ',' {
		buf = buf[:last]
	}
	return append(buf, `}}`...)
}

// AppendCancel appends the notification that nobody waits for the answer to a call
// any more.
func AppendCancel(buf []byte, number uint64) []byte {
	buf = append(buf, `{"jsonrpc":"2.0","method":"cancel","params":{"id":`...)
	return append(strconv.AppendUint(buf, number, 10), `}}`...)
}
