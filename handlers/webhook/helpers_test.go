package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/ping"
	"github.com/iqd-xmpp/iqd/handlers/webhook"
)

const (
	weather  = "urn:example:weather"
	juliet   = "juliet@example.net/balcony"
	deadline = time.Second // of a request that is to miss it
	patience = 20 * time.Second
)

// A rig is a component with a webhook and a ping handler, and what they log.
type rig struct {
	t   *testing.T
	srv *componenttest.Server
	log *syncBuffer
}

// config returns a configuration for an URL.
func config(url string) webhook.Config {
	cfg := webhook.DefaultConfig()
	cfg.URL, cfg.Namespaces = url, []string{weather}
	return cfg
}

// begin starts a component whose webhook has so much time for a request.
func begin(t *testing.T, cfg webhook.Config, timeout time.Duration) *rig {
	t.Helper()
	r := &rig{t: t, log: new(syncBuffer)}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ext, err := webhook.New(cfg, component.Env{Version: "1.2.3", Log: log, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ext.Name, ext.Timeout = "weather", timeout
	mux := component.NewMux()
	for _, e := range []component.Extension{ext, ping.New()} {
		if err := mux.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	_, r.srv = componenttest.Start(t, component.Config{Handler: mux, Log: log})
	return r
}

// serve is begin for a webhook that f answers.
func serve(t *testing.T, timeout time.Duration, f http.HandlerFunc) *rig {
	t.Helper()
	return begin(t, config(hook(t, f).URL), timeout)
}

// hook starts a server that f answers for.
func hook(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv
}

func (r *rig) send(typ, id, payload string) {
	r.t.Helper()
	err := r.srv.Send(fmt.Sprintf("<iq type='%s' id='%s' from='%s' to='iq.example.net' xml:lang='en'>%s</iq>", typ, id, juliet, payload))
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) reply(id string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	got, err := r.srv.NextID(ctx, id)
	if err != nil {
		r.t.Fatalf("no reply to %s: %v\n%s", id, err, r.log)
	}
	return got
}

// ask sends a request to the webhook and returns the reply.
func (r *rig) ask(typ string) string {
	r.t.Helper()
	r.send(typ, "1", "<query xmlns='"+weather+"'/>")
	return r.reply("1")
}

// want checks that text has each of the words in it.
func want(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// A question is what a webhook gets to see.
type question struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  struct {
		Type       string `json:"type"`
		From       string `json:"from"`
		Payload    string `json:"payload"`
		DeadlineMS int    `json:"deadline_ms"`
	} `json:"params"`
}

func read(r *http.Request) (q question) {
	_ = json.NewDecoder(r.Body).Decode(&q) // what cannot be read has no id, and no answer fits
	return q
}

// answer writes a JSON-RPC answer; more are its members beside jsonrpc and id.
func answer(w http.ResponseWriter, id int, more string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,%s}`, id, more)
}

// sunny answers each request as it should be.
func sunny(w http.ResponseWriter, r *http.Request) {
	answer(w, read(r).ID, `"result":{"payload":"<query xmlns='urn:example:weather'>sunny</query>"}`)
}

// A syncBuffer is a log that may be written and read at once.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
