package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

const nsWeather, nsTerms = "urn:example:weather", "urn:example:terms"

// A post is what a webhook gets.
type post struct {
	Stamp, Signature string
	Body             []byte
}

// weatherHook starts a webhook that answers what it is asked, and keeps what came
// last.
func weatherHook(t *testing.T) (url string, last chan post) {
	t.Helper()
	last = make(chan post, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case last <- post{r.Header.Get("X-Iqd-Timestamp"), r.Header.Get("X-Iqd-Signature"), body}:
		default:
		}
		var q struct {
			ID     int
			Params struct{ From string }
		}
		if err := json.Unmarshal(body, &q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,"result":{"payload":"<query xmlns='%s'>sunny for %s</query>"}}`, q.ID, nsWeather, q.Params.From)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, last
}

// pluginsDoc returns a block of docs/plugins.md.
func pluginsDoc(t *testing.T, lang, with string) docBlock {
	t.Helper()
	blocks := documents(t)["plugins.md"]
	i := slices.IndexFunc(blocks, func(b docBlock) bool { return b.lang == lang && strings.Contains(b.text, with) })
	if i < 0 {
		t.Fatalf("docs/plugins.md has no block of %s with %q", lang, with)
	}
	return blocks[i]
}

// TestWebhookAndStatic: as they are documented, a webhook and a static answer are
// found and asked by a client that is not ours.
func TestWebhookAndStatic(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{}, func(t *testing.T, srv *realserver.Server) {
		url, _ := weatherHook(t)
		dir := etcIQD(t)
		conf := pluginsDoc(t, "toml", `"webhook"`).text + pluginsDoc(t, "toml", `"static"`).text + "[handlers.disco]\n"
		log := daemon(t, srv, strings.NewReplacer("/etc/iqd", dir, "http://127.0.0.1:8080", url).Replace(conf))
		realserver.Eventually(t, 20*time.Second, func() bool { return log.count("online") > 0 })
		got := srv.Slixmpp(t, "alice", "info", "query:"+nsWeather, "query:"+nsTerms)
		for step, want := range map[string]string{
			"info": nsWeather, "query:" + nsWeather: "sunny for alice@" + srv.Domain + "/", "query:" + nsTerms: "Be kind.",
		} {
			failed, err := realserver.Answer(got, step, nil)
			if err != nil || failed != nil || !strings.Contains(string(got[step]), want) {
				t.Errorf("%s: %v %+v: %s, want %s in it", step, err, failed, got[step], want)
			}
		}
	})
}

// TestDocumentedSignature: what docs/plugins.md has a webhook check holds for what
// is sent, and for nothing else.
func TestDocumentedSignature(t *testing.T) {
	t.Parallel()
	srv := realserver.Start(t, realserver.Prosody, realserver.Options{})
	url, last := weatherHook(t)
	dir := etcIQD(t)
	conf := pluginsDoc(t, "toml", `"webhook"`).text
	log := daemon(t, srv, strings.NewReplacer("/etc/iqd", dir, "http://127.0.0.1:8080", url).Replace(conf))
	realserver.Eventually(t, 20*time.Second, func() bool { return log.count("online") > 0 })
	srv.Slixmpp(t, "alice", "query:"+nsWeather)
	var p post
	select {
	case p = <-last:
	case <-time.After(20 * time.Second):
		t.Fatalf("nothing was posted:\n%s", log)
	}
	changed, old, other := p, p, p
	changed.Body = append(bytes.TrimSuffix(slices.Clone(p.Body), []byte("}")), ' ', '}')
	old.Stamp = strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	other.Signature = "sha256=" + strings.Repeat("0", 64)
	for want, list := range map[string][]post{"True": {p}, "False": {changed, old, other}} {
		for _, p := range list {
			if got := checkSigned(t, "squeamish-ossifrage", p); got != want {
				t.Errorf("signed() = %s of %+v, want %s", got, p, want)
			}
		}
	}
}

// checkSigned has the Python of docs/plugins.md judge a post.
func checkSigned(t *testing.T, secret string, p post) string {
	t.Helper()
	script := "import hashlib, hmac, sys, time\n" + pluginsDoc(t, "python", "def signed(").text +
		"print(signed(sys.argv[1].encode(), sys.argv[2], sys.stdin.buffer.read(), sys.argv[3]))\n"
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-I", "-c", script, secret, p.Stamp, p.Signature)
	cmd.Stdin = bytes.NewReader(p.Body)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
