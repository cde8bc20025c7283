package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"mellium.im/xmpp/stanza"
)

const (
	protocol   = 1       // the version of what is in docs/plugins.md
	mostID     = 256     // bytes of the id of a child's own request
	mostUnread = 4 << 20 // bytes of answers that a child has asked for and does not read
)

// An ownAnswer is what a child's own request gets.
type ownAnswer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *plugin.Error   `json:"error,omitempty"`
}

// An ownCall is the params of a child's own IQ.
type ownCall struct {
	Type      stanza.IQType `json:"type"`
	To        string        `json:"to"`
	From      string        `json:"from"`
	Lang      string        `json:"lang"`
	Payload   string        `json:"payload"`
	TimeoutMS int64         `json:"timeout_ms"`
}

// An ownResult is the result of a child's own IQ.
type ownResult struct {
	From    string `json:"from,omitempty"`
	Payload string `json:"payload,omitempty"`
}

// serveOwn answers a request of the child's own. One without an id is not answered
// (JSON-RPC 2.0, 4.1).
func (c *child) serveOwn(m *plugin.Message) error {
	if len(m.ID) > mostID || len(m.ID) > 0 && (m.ID[0] == '{' || m.ID[0] == '[') {
		return fmt.Errorf("the id of a request is neither a short string nor a number: %s", plugin.Clip(m.ID))
	}
	c.mu.Lock()
	c.hearLocked()
	c.mu.Unlock()
	switch m.Method {
	case "iqd/info":
		c.answer(m.ID, c.worker.pool.info(), nil)
	case "iq":
		c.sendIQ(m)
	default:
		c.answer(m.ID, nil, &plugin.Error{Code: plugin.CodeNoMethod, Message: "no method " + plugin.Clip(m.Method)})
	}
	return nil
}

// answer writes the answer to a child's own request.
func (c *child) answer(id json.RawMessage, result any, problem *plugin.Error) {
	if id == nil {
		return
	}
	line, err := json.Marshal(ownAnswer{"2.0", id, result, problem})
	if err != nil {
		c.worker.log.Error("cannot answer the plugin", "err", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return
	}
	c.out = append(append(c.out, line...), '\n')
	if len(c.out) > mostUnread+len(line) {
		c.failLocked(errors.New("it does not read the answers that it asks for"))
		return
	}
	c.kick()
}

// sendIQ sends a child's own IQ.
func (c *child) sendIQ(m *plugin.Message) {
	call, timeout, problem := parseOwn(m.Params)
	if problem == nil {
		problem = c.takeOwn()
	}
	if problem != nil {
		c.answer(m.ID, nil, problem)
		return
	}
	var once sync.Once
	reply := func(resp *component.Response, err error) {
		once.Do(func() { c.answerIQ(m.ID, resp, err) })
	}
	late := time.AfterFunc(timeout, func() { reply(nil, &component.TimeoutError{}) })
	err := c.worker.pool.req.StartIQ(call, func(resp *component.Response, err error) {
		late.Stop()
		c.freeOwn()
		reply(resp, err)
	})
	if err != nil {
		late.Stop()
		c.freeOwn()
		reply(nil, err)
	}
}

// parseOwn reads the params of a child's own IQ.
func parseOwn(params json.RawMessage) (component.Call, time.Duration, *plugin.Error) {
	invalid := func(err error) *plugin.Error { return &plugin.Error{Code: plugin.CodeParams, Message: err.Error()} }
	var p ownCall
	if err := json.Unmarshal(params, &p); err != nil {
		return component.Call{}, 0, invalid(fmt.Errorf("params: %w", err))
	}
	if p.To == "" {
		return component.Call{}, 0, invalid(errors.New("params: to is empty"))
	}
	el, err := plugin.ParsePayload(p.Payload)
	if err != nil {
		return component.Call{}, 0, invalid(err)
	}
	timeout := time.Duration(p.TimeoutMS) * time.Millisecond
	if timeout <= 0 || p.TimeoutMS > time.Hour.Milliseconds() {
		timeout = time.Hour // what sends it has a limit of its own
	}
	return component.Call{Type: p.Type, To: p.To, From: p.From, Lang: p.Lang, Payload: el}, timeout, nil
}

// takeOwn takes a place among the IQs that the child may have under way.
func (c *child) takeOwn() *plugin.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := c.worker.pool.cfg.OwnIQs
	if c.own >= most {
		return &plugin.Error{Code: plugin.CodeTooMany, Message: fmt.Sprintf("own_iqs = %d are under way", most)}
	}
	c.own++
	return nil
}

func (c *child) freeOwn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own--
}

// answerIQ tells the child what became of its IQ.
func (c *child) answerIQ(id json.RawMessage, resp *component.Response, err error) {
	if err == nil {
		c.answer(id, ownResult{resp.From, resp.Payload.XML()}, nil)
		return
	}
	problem := &plugin.Error{Code: plugin.CodePeer, Message: err.Error()}
	var data plugin.ErrorData
	var peer *component.PeerError
	switch {
	case errors.As(err, &peer):
		data = plugin.ErrorData{Condition: string(peer.Condition), Type: string(peer.Type), Text: peer.Text}
	case errors.As(err, new(*component.TimeoutError)):
		data = plugin.ErrorData{Condition: string(stanza.RemoteServerTimeout), Type: string(stanza.Wait)}
	case errors.Is(err, component.ErrOverload):
		problem.Code = plugin.CodeTooMany
		data = plugin.ErrorData{Condition: string(stanza.ResourceConstraint), Type: string(stanza.Wait)}
	case errors.Is(err, component.ErrShutdown):
		data = plugin.ErrorData{Condition: string(stanza.ServiceUnavailable), Type: string(stanza.Wait)}
	default:
		problem.Code = plugin.CodeParams
	}
	if data.Condition != "" {
		problem.Data, _ = json.Marshal(data) // strings can be marshalled
	}
	c.answer(id, nil, problem)
}
