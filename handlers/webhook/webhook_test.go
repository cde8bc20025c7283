package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What is posted, and what becomes of the answer.
func TestPost(t *testing.T) {
	got := make(chan question, 1)
	head := make(chan http.Header, 1)
	srv := hook(t, func(w http.ResponseWriter, r *http.Request) {
		q := read(r)
		got <- q
		head <- r.Header
		answer(w, q.ID, `"result":{"payload":"<query xmlns='urn:example:weather'>sunny</query>"}`)
	})
	cfg := config(srv.URL)
	cfg.Headers = map[string]string{"x-tenant": "seven"}
	reply := begin(t, cfg, patience).ask("get")
	if want := "<iq type='result' id='1' from='iq.example.net' to='" + juliet + "'><query xmlns='urn:example:weather'>sunny</query></iq>"; reply != want {
		t.Errorf("answered %s, want %s", reply, want)
	}
	q, h := <-got, <-head
	if q.Version != "2.0" || q.Method != "iq" || q.Params.Type != "get" || q.Params.From != juliet ||
		q.Params.Payload != "<query xmlns='urn:example:weather'/>" || q.Params.DeadlineMS <= 0 {
		t.Errorf("posted %+v", q)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "iqd/1.2.3", "X-Tenant": "seven",
		"Accept-Encoding": "", "Authorization": "", "X-Iqd-Signature": "", "X-Iqd-Timestamp": "", "Idempotency-Key": "",
	} {
		if h.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, h.Get(name), value)
		}
	}
}

func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		more   string // members of the answer; empty: no body
		want   string // of the reply
	}{
		"204":              {204, "", "type='result' id='1' from='iq.example.net' to='juliet@example.net/balcony'/>"},
		"null":             {200, `"result":null`, "to='juliet@example.net/balcony'/>"},
		"nothing in it":    {200, `"result":{}`, "to='juliet@example.net/balcony'/>"},
		"error":            {200, `"error":{"code":1,"message":"m","data":{"condition":"conflict","text":"not now"}}`, "<error type='cancel'><conflict"},
		"error and status": {404, `"error":{"code":1,"message":"m","data":{"condition":"gone"}}`, "<gone"},
		"no such method":   {200, `"error":{"code":-32601,"message":"m"}`, "<feature-not-implemented"},
		"for the log":      {200, `"error":{"code":1,"message":"secret"}`, "<internal-server-error"},
		"result of a 400":  {400, `"result":null`, "<bad-request"},
		"400":              {400, "", "<error type='modify'><bad-request"},
		"401":              {401, "", "<error type='auth'><forbidden"},
		"403":              {403, "", "<error type='auth'><forbidden"},
		"404":              {404, "", "<error type='cancel'><item-not-found"},
		"405":              {405, "", "<error type='cancel'><feature-not-implemented"},
		"409":              {409, "", "<error type='cancel'><conflict"},
		"429":              {429, "", "<error type='wait'><resource-constraint"},
		"501":              {501, "", "<error type='cancel'><feature-not-implemented"},
		"503":              {503, "", "<error type='wait'><service-unavailable"},
		"504":              {504, "", "<error type='wait'><remote-server-timeout"},
		"201":              {201, `"result":null`, "<internal-server-error"},
		"418":              {418, "", "<internal-server-error"},
		"502":              {502, "", "<internal-server-error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := serve(t, patience, func(w http.ResponseWriter, r *http.Request) {
				id := read(r).ID
				if tc.more == "" {
					http.Error(w, "words for a person", tc.status)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				answer(w, id, tc.more)
			})
			reply := r.ask("set")
			want(t, reply, tc.want)
		})
	}
}

// The signature is over the time, a full stop and the body, with the secret as it
// is in the file, without the end of the line.
func TestSignature(t *testing.T) {
	type signed struct {
		stamp, signature string
		body             []byte
	}
	got := make(chan signed, 1)
	srv := hook(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- signed{r.Header.Get("X-Iqd-Timestamp"), r.Header.Get("X-Iqd-Signature"), body}
		w.WriteHeader(http.StatusNoContent)
	})
	cfg := config(srv.URL)
	cfg.SecretFile = file(t, "secret", "squeamish ossifrage\n")
	cfg.TokenFile = file(t, "token", "magic\r\n")
	want(t, begin(t, cfg, patience).ask("set"), "type='result'")
	s := <-got
	mac := hmac.New(sha256.New, []byte("squeamish ossifrage"))
	fmt.Fprintf(mac, "%s.%s", s.stamp, s.body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); s.signature != want {
		t.Errorf("signature %q, want %q", s.signature, want)
	}
	sec, err := strconv.ParseInt(s.stamp, 10, 64)
	if age := time.Since(time.Unix(sec, 0)); err != nil || age < -time.Second || age > time.Minute {
		t.Errorf("timestamp %q", s.stamp)
	}
}

func TestBearerToken(t *testing.T) {
	srv := hook(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer magic" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		sunny(w, r)
	})
	cfg := config(srv.URL)
	cfg.TokenFile = file(t, "token", "magic\n")
	want(t, begin(t, cfg, patience).ask("get"), "sunny")

	cfg.TokenFile = ""
	r := begin(t, cfg, patience)
	want(t, r.ask("get"), "<forbidden")
	want(t, r.log.String(), "level=WARN", "does not know us", srv.URL)
}

// Twenty requests, one after the other, need one connection.
func TestConnectionIsKept(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := read(r); q.ID%2 == 0 {
			http.Error(w, "no such town", http.StatusNotFound)
		} else {
			answer(w, q.ID, `"result":null`)
		}
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	r := begin(t, config(srv.URL), patience)
	for range 20 {
		r.ask("get")
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// No more requests are under way than there may be connections, and all are
// answered.
func TestConnectionsAreBounded(t *testing.T) {
	var mu sync.Mutex
	under, most := 0, 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		under += n
		most = max(most, under)
	}
	srv := hook(t, func(w http.ResponseWriter, r *http.Request) {
		count(1)
		defer count(-1)
		<-time.After(5 * time.Millisecond) // for the others to come
		sunny(w, r)
	})
	cfg := config(srv.URL)
	cfg.Connections = 3
	r := begin(t, cfg, patience)
	for i := range 60 {
		r.send("get", fmt.Sprint("n", i), "<query xmlns='"+weather+"'/>")
	}
	for i := range 60 {
		want(t, r.reply(fmt.Sprint("n", i)), "sunny")
	}
	if most > 3 {
		t.Errorf("%d requests at once", most)
	}
}

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "iqd") // a test's own folder can be too long a path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	paths := make(chan string, 2)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path
		sunny(w, r)
	}))
	srv.Listener.Close()
	if srv.Listener, err = net.Listen("unix", filepath.Join(dir, "app.sock")); err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	for rest, path := range map[string]string{"": "/", ":/hook": "/hook"} {
		want(t, begin(t, config("unix:"+filepath.Join(dir, "app.sock")+rest), patience).ask("get"), "sunny")
		if got := <-paths; got != path {
			t.Errorf("posted to %q, want %q", got, path)
		}
	}
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
