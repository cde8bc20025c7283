package plugin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
	"mellium.im/xmpp/stanza"
)

func answer(rest string) string { return `{"jsonrpc":"2.0","id":17,` + rest + `}` }

func TestPayload(t *testing.T) {
	for name, tc := range map[string]struct{ line, want string }{
		"element":      {answer(`"result":{"payload":"<a xmlns='urn:x'><b/></a>"}`), "<a xmlns='urn:x'><b/></a>"},
		"white space":  {answer(`"result":{"payload":"\n <a xmlns='urn:x'/>\r\n"}`), "<a xmlns='urn:x'/>"},
		"prefix":       {answer(`"result":{"payload":"<p:a xmlns:p='urn:x'/>"}`), "<a xmlns='urn:x'/>"},
		"escapes":      {answer(`"result":{"payload":"\u003ca xmlns='urn:x'>\u00e4\ud83c\udf27\u003c/a>"}`), "<a xmlns='urn:x'>ä\U0001F327</a>"},
		"empty":        {answer(`"result":{}`), ""},
		"null":         {answer(`"result":null`), ""},
		"empty string": {answer(`"result":{"payload":""}`), ""},
		"null payload": {answer(`"result":{"payload":null}`), ""},
		"null error":   {answer(`"error":null,"result":{}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := plugin.Decode([]byte(tc.line))
			if err != nil || m.Number() != 17 {
				t.Fatalf("Decode() = %v, number %d", err, m.Number())
			}
			p, err := m.Payload()
			if err != nil {
				t.Fatal(err)
			}
			el, _ := p.(component.Element)
			if el.XML() != tc.want || (p == nil) != (tc.want == "") {
				t.Errorf("payload %q, want %q", el.XML(), tc.want)
			}
		})
	}
}

// What a plugin does wrong is an error that says so, and names no condition: the
// requester gets internal-server-error, and the log the rest.
func TestPayloadRefused(t *testing.T) {
	for name, tc := range map[string]struct{ line, err string }{
		"invalid XML":        {answer(`"result":{"payload":"<a xmlns='urn:x'>"}`), "payload: "},
		"two roots":          {answer(`"result":{"payload":"<a xmlns='urn:x'/><b xmlns='urn:x'/>"}`), "payload: "},
		"text":               {answer(`"result":{"payload":"21 degrees"}`), "payload: "},
		"declaration":        {answer(`"result":{"payload":"<?xml version='1.0'?><a xmlns='urn:x'/>"}`), "payload: "},
		"comment":            {answer(`"result":{"payload":"<a xmlns='urn:x'><!-- --></a>"}`), "payload: "},
		"entity":             {answer(`"result":{"payload":"<a xmlns='urn:x'>&nbsp;</a>"}`), "payload: "},
		"control character":  {answer(`"result":{"payload":"<a xmlns='urn:x'>\u0000</a>"}`), "payload: "},
		"lone surrogate":     {answer(`"result":{"payload":"<a xmlns='urn:x'>\ud800</a"}`), "payload: "},
		"jabber:client":      {answer(`"result":{"payload":"<message xmlns='jabber:client'/>"}`), `in the namespace "jabber:client"`},
		"jabber:server":      {answer(`"result":{"payload":"<iq xmlns='jabber:server'/>"}`), `in the namespace "jabber:server"`},
		"the stream's own":   {answer(`"result":{"payload":"<iq xmlns='jabber:component:accept'/>"}`), "jabber:component:accept"},
		"no namespace":       {answer(`"result":{"payload":"<a/>"}`), `in the namespace ""`},
		"result is a string": {answer(`"result":"<a xmlns='urn:x'/>"`), "plugin's result"},
		"misspelt":           {answer(`"result":{"paylaod":"<a xmlns='urn:x'/>"}`), `no "payload"`},
		"payload is no text": {answer(`"result":{"payload":1}`), "plugin's result"},
		"own error":          {answer(`"error":{"code":1,"message":"out\nof paper"}`), `error 1: "out\nof paper"`},
		"traceback":          {answer(`"error":{"code":-32000,"message":"x","data":"Traceback"}`), "error -32000"},
		"unknown condition":  {answer(`"error":{"code":1,"data":{"condition":"tired"}}`), `condition: "tired" is none of`},
		"unknown type":       {answer(`"error":{"code":1,"data":{"condition":"gone","type":"x"}}`), `type: "x" is none of`},
		"text with NUL":      {answer(`"error":{"code":1,"data":{"condition":"gone","text":"\u0000"}}`), "text: "},
		"language":           {answer(`"error":{"code":1,"data":{"condition":"gone","text":"a","lang":"<>"}}`), "lang: "},
		"element":            {answer(`"error":{"code":1,"data":{"condition":"gone","payload":"<a/>"}}`), "payload: "},
		"data of numbers":    {answer(`"error":{"code":1,"data":{"condition":7}}`), "data: "},
		"a megabyte":         {answer(`"result":{"payload":"` + strings.Repeat("x", 1<<20) + `"}`), "(1048576 bytes)"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := plugin.Decode([]byte(tc.line))
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Payload()
			var se *component.Error
			if p != nil || err == nil || !strings.Contains(err.Error(), tc.err) || errors.As(err, &se) {
				t.Errorf("Payload() = %v, %v; want %q", p, err, tc.err)
			}
			if len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("not fit for a log line: %q", err)
			}
		})
	}
}

func TestErrorsReachTheRequester(t *testing.T) {
	for name, tc := range map[string]struct {
		line string
		want component.Error
	}{
		"condition alone": {answer(`"error":{"code":1,"message":"secret","data":{"condition":"item-not-found"}}`), component.Error{Condition: stanza.ItemNotFound}},
		"all": {answer(`"error":{"code":1,"data":{"condition":"conflict","type":"wait","text":"busy","lang":"de"}}`),
			component.Error{Condition: stanza.Conflict, Type: stanza.Wait, Text: "busy", Lang: "de"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := plugin.Decode([]byte(tc.line))
			if err != nil {
				t.Fatal(err)
			}
			var got *component.Error
			if _, err := m.Payload(); !errors.As(err, &got) || *got != tc.want {
				t.Errorf("Payload() error = %v, want %v", err, &tc.want)
			}
		})
	}
	m, err := plugin.Decode([]byte(answer(`"error":{"code":1,"data":{"condition":"bad-request","payload":"<no xmlns='urn:x'/>"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	var got *component.Error
	if _, err := m.Payload(); !errors.As(err, &got) || got.App.(component.Element).XML() != "<no xmlns='urn:x'/>" {
		t.Errorf("Payload() error = %v, want the application's element in it", err)
	}
}

// A plugin that knows no such method is one that is not there.
func TestMethodNotFoundIsUnhandled(t *testing.T) {
	m, err := plugin.Decode([]byte(answer(`"error":{"code":-32601,"message":"Method not found"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Payload(); !errors.Is(err, component.ErrUnhandled) {
		t.Errorf("Payload() error = %v, want %v", err, component.ErrUnhandled)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		line, err string
		number    uint64
	}{
		"nothing":            {"", "no JSON object", 0},
		"a word":             {"hello", `no JSON object: "hello"`, 0},
		"a batch":            {"[]", "no JSON object", 0},
		"half":               {`{"jsonrpc":"2.0",`, "no JSON-RPC 2.0 message", 0},
		"two":                {answer(`"result":{}`) + answer(`"result":{}`), "no JSON-RPC 2.0 message", 0},
		"latin-1":            {answer("\"result\":{\"payload\":\"\xe4\"}"), "not UTF-8", 0},
		"old version":        {`{"jsonrpc":"1.0","id":17,"result":{}}`, `"jsonrpc" is "1.0"`, 17},
		"no version":         {`{"id":17,"result":{}}`, `"jsonrpc" is ""`, 17},
		"neither":            {answer(`"x":1`), "neither", 17},
		"both":               {answer(`"result":{},"error":{"code":1}`), "both a result and an error", 17},
		"request and answer": {answer(`"method":"iq","result":{}`), "both a request and an answer", 17},
		"error is a string":  {answer(`"error":"no"`), "no JSON-RPC 2.0 message", 17},
		"a screenful":        {strings.Repeat("x\x1b", 10000), "(20000 bytes)", 0},
		"a long number":      {answer(`"error":{"code":` + strings.Repeat("1", 100000) + `}`), "cannot unmarshal number", 17},
		"deep":               {answer(`"result":` + strings.Repeat("[", 100000)), "no JSON-RPC 2.0 message", 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := plugin.Decode([]byte(tc.line))
			if err == nil || !strings.Contains(err.Error(), tc.err) || m.Number() != tc.number {
				t.Fatalf("Decode() = number %d, %v; want number %d, %q", m.Number(), err, tc.number, tc.err)
			}
			if len(err.Error()) > 1500 || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("not fit for a log line: %q", err)
			}
		})
	}
}

// Whatever a plugin writes, nothing but a checked element or an error comes of it.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		answer(`"result":{"payload":"<a xmlns='urn:x'/>"}`), answer(`"result":null`),
		answer(`"error":{"code":1,"message":"m","data":{"condition":"gone","text":"t"}}`), `{"jsonrpc":"2.0","id":"a","method":"iq/info"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := plugin.Decode(line)
		if err != nil || m.Method != "" {
			return
		}
		p, err := m.Payload()
		if err != nil || p == nil {
			return
		}
		if _, err := plugin.ParsePayload(p.(component.Element).XML()); err != nil {
			t.Errorf("%q passes, and is written as %s: %v", line, p.(component.Element).XML(), err)
		}
	})
}
