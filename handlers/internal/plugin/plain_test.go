package plugin_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// plainAnswers are those that are read in the short way.
func plainAnswers() []string {
	return []string{
		`{"jsonrpc":"2.0","id":17,"result":{"payload":"<a xmlns='urn:x'/>"}}`,
		`{"jsonrpc": "2.0", "id": 17, "result": {"payload": "<a xmlns=\"urn:x\">\n\t\\\/</a>"}}`,
		" {\t\"result\" : { \"payload\" : \"\" } ,\r\n \"id\":1,\"jsonrpc\":\"2.0\"} ",
	}
}

func TestPlainAnswers(t *testing.T) {
	for _, line := range []string{
		plainAnswers()[0], plainAnswers()[1], plainAnswers()[2],
		`{"jsonrpc":"2.0","id":17,"result":{"payload":"\u003ca xmlns='urn:x'\u003e\u00e4\uffff\u0000\/"}}`,
		`{"jsonrpc": "2.0", "id": 999999999999999999, "result": {"payload": "<a xmlns=\"urn:x\">\n\t\\\/\r</a>"}}`,
	} {
		if _, _, ok := plugin.Plain([]byte(line)); !ok {
			t.Errorf("%s is not read in the short way", line)
		}
		sameAnswer(t, []byte(line))
	}
	for _, line := range []string{
		`{"jsonrpc":"2.0","id":017,"result":{"payload":""}}`, `{"jsonrpc":"2.0","id":1.5,"result":{"payload":""}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"payload":""},}`, `{"jsonrpc":"2.0","id":1,"result":{"payload":""}}}`,
		`{"jsonrpc":"2.0","result":{"payload":""}}`, `{"id":1,"result":{"payload":""}}`, `{"jsonrpc":"2.0","id":1}`,
		`{"jsonrpc":"2.0","id":1,"result":{"payload":"","more":1}}`, `{"jsonrpc":"2.0","id":1,"result":{"payload":"\ud83c\udf27"}}`, `{"jsonrpc":"2.0","id":1,"result":{"payload":"\u00g0"}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"payload":"\u00`, `{"jsonrpc":"2.0","id":1,"result":{"payload":"\b"}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"payload\":\"\n\"}}", `{"jsonrpc":"2.0","id":1,"method":"iq","result":{"payload":""}}`,
		`{"jsonrpc":"1.0","jsonrpc":"2.0","id":1,"result":{"payload":""}}`, `{"jsonrpc":"2.0","id":1,"result":{"payload":"}}`, `{`, ``,
	} {
		if _, _, ok := plugin.Plain([]byte(line)); ok {
			t.Errorf("%s is read in the short way", line)
		}
	}
}

// sameAnswer fails unless what is read in the short way is what encoding/json reads.
func sameAnswer(t *testing.T, line []byte) {
	t.Helper()
	number, payload, ok := plugin.Plain(line)
	if !ok || !utf8.Valid(line) {
		return
	}
	var want struct {
		Version string `json:"jsonrpc"`
		ID      uint64
		Result  struct{ Payload string }
	}
	if err := json.Unmarshal(line, &want); err != nil || want.Version != "2.0" || want.ID != number || want.Result.Payload != payload {
		t.Errorf("%q is read as %d, %q; want %+v, %v", line, number, payload, want, err)
	}
}

// The short way leads to where the long one does, or is not taken.
func FuzzPlain(f *testing.F) {
	for _, line := range plainAnswers() {
		f.Add([]byte(line))
	}
	f.Fuzz(sameAnswer)
}

func BenchmarkAnswer(b *testing.B) {
	for name, line := range map[string]string{
		"plain":    plainAnswers()[0],
		"escaped":  `{"jsonrpc":"2.0","id":17,"result":{"payload":"\u003ca xmlns='urn:x'/\u003e"}}`,
		"long way": `{"jsonrpc":"2.0","id":17,"result":{"payload":"<a xmlns='urn:x'/>"},"more":0}`,
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(line)
			b.ReportAllocs()
			for b.Loop() {
				m, err := plugin.Decode(text)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := m.Payload(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
