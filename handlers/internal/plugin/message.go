package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// A Message is one JSON-RPC 2.0 message of a plugin. With a Method it is a request
// of its own, or a notification; without one it is an answer.
type Message struct {
	ID     json.RawMessage // as written; nil: none
	Method string
	Params json.RawMessage
	Result json.RawMessage // of an answer; nil: Error says why
	Error  *Error

	payload *string // that is all there is in Result; nil: not known yet
}

// Empty returns the answer that is an empty result.
func Empty() Message { return Message{Result: json.RawMessage("null")} }

// Number returns the number of the call that an answer is to, or 0.
func (m *Message) Number() uint64 {
	n, err := strconv.ParseUint(string(m.ID), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Decode reads one message. It keeps nothing of text. The message that comes with
// an error may still tell which call it is an answer to.
func Decode(text []byte) (Message, error) {
	if !utf8.Valid(text) {
		return Message{}, fmt.Errorf("not UTF-8: %s", Clip(text))
	}
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return Message{}, fmt.Errorf("no JSON object: %s", Clip(text))
	}
	var m Message
	if m.plain(text) {
		return m, nil
	}
	var raw struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
		Result  json.RawMessage `json:"result"`
		Error   *Error          `json:"error"`
	}
	err := json.Unmarshal(text, &raw)
	m = Message{ID: raw.ID, Method: raw.Method, Params: raw.Params, Result: raw.Result, Error: raw.Error}
	if err == nil {
		err = m.check(raw.Version)
	}
	if err != nil {
		return m, fmt.Errorf("no JSON-RPC 2.0 message: %s: %s", brief(err), Clip(text))
	}
	return m, nil
}

func (m *Message) check(version string) error {
	switch {
	case version != "2.0":
		return fmt.Errorf(`"jsonrpc" is %s, not "2.0"`, Clip(version))
	case m.Method != "" && (m.Result != nil || m.Error != nil):
		return errors.New("both a request and an answer")
	case m.Method != "":
		return nil
	case m.Result == nil && m.Error == nil:
		return errors.New("neither a method nor a result nor an error")
	case m.Error == nil:
		return nil
	case m.Result != nil && !bytes.Equal(m.Result, []byte("null")):
		return errors.New("both a result and an error")
	}
	m.Result = nil
	return nil
}
