package plugin_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/internal/plugin"
)

// A recorder keeps the last call as it is written.
type recorder struct {
	number     uint64
	line       chan string
	repeatable chan bool
}

func (r recorder) Call(ctx context.Context, call *plugin.Call) (plugin.Message, error) {
	r.line <- string(call.Append(ctx, nil, r.number))
	r.repeatable <- call.Repeatable
	return plugin.Empty(), nil
}

func (r recorder) Notify(context.Context, *plugin.Call) {}

// asked returns what a plugin gets to see of a stanza.
func asked(t *testing.T, number uint64, stanza string) (line string, repeatable bool) {
	t.Helper()
	r := recorder{number, make(chan string, 1), make(chan bool, 1)}
	cfg := plugin.Config{Namespaces: []string{weather}, At: []string{"domain", "account", "resource"}}
	ext, err := cfg.Extension("weather", r)
	if err != nil {
		t.Fatal(err)
	}
	got := componenttest.Ask(t, componenttest.Extension(ext), stanza)
	if !strings.Contains(got, "type='result'") {
		t.Fatalf("answered %s", got)
	}
	return <-r.line, <-r.repeatable
}

func TestCallIsJSONRPC(t *testing.T) {
	line, repeatable := asked(t, 17, "<iq type='get' id='x&#10;1' from='alice@example.net/pho&quot;ne\\' to='iq.example.net' xml:lang='en'>"+
		"<query xmlns='urn:example:weather'>sun &amp; r\u00e4in \U0001F327\u2028\t\u007f</query></iq>")
	if strings.ContainsAny(line, "\n\r") {
		t.Errorf("%q is more than one line", line)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	params := got["params"].(map[string]any)
	left := time.Duration(params["deadline_ms"].(float64)) * time.Millisecond
	if left <= 10*time.Second || left > 20*time.Second {
		t.Errorf("%s are left, want nearly 20s", left)
	}
	delete(params, "deadline_ms")
	want := map[string]any{"jsonrpc": "2.0", "id": 17.0, "method": "iq", "params": map[string]any{
		"type": "get", "from": `alice@example.net/pho"ne\`, "to": "iq.example.net", "id": "x\n1", "lang": "en",
		"namespace": weather, "name": "query", "owner": "alice@example.net",
		"payload": "<query xmlns='urn:example:weather'>sun &amp; r\u00e4in \U0001F327\u2028\t\u007f</query>",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the call (- wanted, + got):\n%s", diff)
	}
	if !repeatable {
		t.Error("a get is not repeatable")
	}
}

// What is empty or unknown is left out; a set is asked once.
func TestCallLeavesOut(t *testing.T) {
	line, repeatable := asked(t, 1, "<iq type='set' id='' from='a\u200b@example.net/\u00ad' to='iq.example.net'><query xmlns='urn:example:weather'/></iq>")
	var got struct{ Params map[string]any }
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	for _, key := range []string{"id", "lang", "via", "owner"} {
		if v, ok := got.Params[key]; ok {
			t.Errorf("%s = %v, want it left out", key, v)
		}
	}
	if got.Params["type"] != "set" || repeatable {
		t.Errorf("type %v, repeatable %v", got.Params["type"], repeatable)
	}
}

// The strings of a call are those that encoding/json reads, whatever is in them.
func FuzzCallStrings(f *testing.F) {
	for _, s := range []string{"", "a", `"\`, "\x00\x1f\n\r\t", "\xff\xc3", "\u2028\U0010ffff", strings.Repeat("ä\n", 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var line []byte
		req := &component.Request{From: s, ID: s}
		line = plugin.NewIQ(req).Append(context.Background(), nil, 1)
		var got struct{ Params struct{ From, ID string } }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if want := strings.ToValidUTF8(s, ""); strings.ReplaceAll(got.Params.From, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") || got.Params.ID != got.Params.From {
			t.Errorf("%q is read as %q", s, got.Params.From)
		}
	})
}

func TestCancel(t *testing.T) {
	if got, want := string(plugin.AppendCancel(nil, 17)), `{"jsonrpc":"2.0","method":"cancel","params":{"id":17}}`; got != want {
		t.Errorf("AppendCancel() = %s, want %s", got, want)
	}
}

// A notification has no number, and without a deadline none is told.
func TestNotification(t *testing.T) {
	got := string(plugin.NewIQ(&component.Request{Type: "get"}).Append(context.Background(), nil, 0))
	if want := `{"jsonrpc":"2.0","method":"iq","params":{"type":"get"}}`; got != want {
		t.Errorf("Append() = %s, want %s", got, want)
	}
}
