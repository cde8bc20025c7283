package iqdcmd_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// freeAddress returns a loopback address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// fetch asks the admin endpoint.
func fetch(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// Checklist 79, fault S14: the process is alive all the time, and ready only while
// the server routes to it.
func TestS14AdminHealth(t *testing.T) {
	addr := freeAddress(t)
	r := stage(t, "[admin]\nlisten = '"+addr+"'\n[handlers.ping]\n")
	r.server.Refuse(-1)
	r.start()
	r.log.wait(t, "admin endpoint")
	if code, _ := fetch(t, "http://"+addr+"/healthz", ""); code != 200 {
		t.Errorf("/healthz is %d while the server is away, want 200", code)
	}
	if code, text := fetch(t, "http://"+addr+"/readyz", ""); code != 503 || strings.Contains(text, "online") {
		t.Errorf("/readyz is %d %q while the server is away, want 503", code, text)
	}
	r.server.Refuse(0)
	r.online()
	r.ping() // the stream has been heard
	if code, text := fetch(t, "http://"+addr+"/readyz", ""); code != 200 || !strings.HasPrefix(text, "online since 2") {
		t.Errorf("/readyz is %d %q after an IQ, want 200", code, text)
	}
	if code, _ := fetch(t, "http://"+addr+"/", ""); code != 404 {
		t.Errorf("/ is %d, want 404", code)
	}
}

// Checklist 78: the names are stable, the labels few.
func TestAdminMetrics(t *testing.T) {
	addr := freeAddress(t)
	r := stage(t, "[admin]\nlisten = '"+addr+"'\n[handlers.ping]\n").start().online()
	r.ping()
	r.ask("juliet@example.net/balcony", "urn:example:peer-chosen", "query")
	_, text := fetch(t, "http://"+addr+"/metrics", "")
	for _, want := range []string{
		`# TYPE iqd_requests_total counter`, `iqd_requests_total [2-9]`, `iqd_results_total [1-9]`, `iqd_errors_total 1`,
		`# TYPE iqd_open_requests gauge`, `iqd_ready 1`, `iqd_streams_total 1`, `iqd_log_lines_lost_total 0`,
		`iqd_build_info\{version="[^"]+"\} 1`, `go_goroutines [0-9]+`,
		`# TYPE iqd_handler_duration_seconds histogram`,
		`iqd_handler_duration_seconds_bucket\{handler="ping",outcome="result",le="\+Inf"\} 1`,
		`iqd_handler_duration_seconds_count\{handler="ping",outcome="result"\} 1`,
		`iqd_handler_duration_seconds_count\{handler="",outcome="unhandled"\} 1`,
	} {
		if !regexp.MustCompile("(?m)^" + want + "$").MatchString(text) {
			t.Errorf("no line %s in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "peer-chosen") || strings.Contains(text, "juliet") {
		t.Errorf("a peer makes series:\n%s", text)
	}
}

func TestAdminToken(t *testing.T) {
	addr := freeAddress(t)
	r := stage(t, "[handlers.ping]\n[admin]\nlisten = '"+addr+"'\ntoken_file = '"+put(t, t.TempDir(), "token", "letmein\n", 0o600)+"'\n").start()
	r.log.wait(t, "admin endpoint")
	for token, want := range map[string]int{
		"": 401, "Bearer letmeout": 401, "Bearer letmei": 401, "Bearer letmeinn": 401, "Bearer ": 401, "letmein": 401, "Basic letmein": 401,
		"Bearer letmein": 200, "bearer letmein": 200,
	} {
		t.Run("CVE-2021-32921 "+token, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/metrics"} {
				if code, _ := fetch(t, "http://"+addr+path, token); code != want {
					t.Errorf("%s with %q is %d, want %d", path, token, code, want)
				}
			}
		})
	}
	if strings.Contains(r.log.String(), "letmein") {
		t.Errorf("the log shows the token:\n%s", r.log)
	}
}

// Fault S13: a port that is taken is told at the start, and is no mistake in the
// file: exit code 1.
func TestS13AdminPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := stage(t, "[handlers.ping]\n[admin]\nlisten = '"+l.Addr().String()+"'\n").start()
	if code := r.exit(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	contains(t, r.log.String(), "iqd: "+r.path+":7:1: admin.listen: listen tcp "+l.Addr().String(), "address already in use")
}
