package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"an IQ": {
			`{"jsonrpc":"2.0","id":17,"method":"iq","params":{"type":"get","namespace":"urn:bench:plugin","name":"query","payload":"<query xmlns='urn:bench:plugin'/>"}}`,
			`{"jsonrpc":"2.0","id":17,"result":{"payload":"<query xmlns='urn:bench:plugin'/>"}}`,
		},
		"another method": {
			`{"jsonrpc":"2.0","id":1,"method":"command","params":{}}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no method command"}}`,
		},
		"a notification": {`{"jsonrpc":"2.0","method":"cancel","params":{"id":17}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := serve(strings.NewReader(tc.in+"\n"), &out); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(out.String()); got != tc.want {
				t.Errorf("answer %s\nwant   %s", got, tc.want)
			}
		})
	}
	if err := serve(strings.NewReader("no request\n"), new(bytes.Buffer)); err == nil {
		t.Error("what is no request was taken for one")
	}
}
