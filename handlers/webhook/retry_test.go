package webhook_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A get is asked again after what may be over the next moment, a set never.
func TestRetries(t *testing.T) {
	for name, tc := range map[string]struct {
		typ    string
		status int // of the first two answers
		posts  int32
		want   string
	}{
		"get, 502": {"get", 502, 3, "sunny"},
		"get, 503": {"get", 503, 3, "sunny"},
		"get, 504": {"get", 504, 3, "sunny"},
		"get, 500": {"get", 500, 1, "<internal-server-error"},
		"get, 429": {"get", 429, 1, "<resource-constraint"},
		"set, 503": {"set", 503, 1, "<service-unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var posts atomic.Int32
			r := serve(t, patience, func(w http.ResponseWriter, r *http.Request) {
				if posts.Add(1) <= 2 {
					w.WriteHeader(tc.status)
					return
				}
				sunny(w, r)
			})
			want(t, r.ask(tc.typ), tc.want)
			if n := posts.Load(); n != tc.posts {
				t.Errorf("%d posts, want %d", n, tc.posts)
			}
		})
	}
}

func TestRetriesHaveAnEnd(t *testing.T) {
	var posts atomic.Int32
	srv := hook(t, func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	cfg := config(srv.URL)
	cfg.Retries = 1
	want(t, begin(t, cfg, patience).ask("get"), "<error type='wait'><service-unavailable")
	if n := posts.Load(); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

// There is no retry that the deadline would cut off: the answer is what is known,
// not that time is up.
func TestRetriesStayWithinTheDeadline(t *testing.T) {
	srv := hook(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	cfg := config(srv.URL)
	cfg.Retries = 10
	want(t, begin(t, cfg, deadline).ask("get"), "<service-unavailable")
}

// Where nobody listens the requester hears that in time, and the log has why.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for name, url := range map[string]string{
		"port":   "http://" + addr + "/?key=hunter2",
		"socket": "unix:/nowhere/app.sock",
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(t, config(url), patience)
			began := time.Now()
			want(t, r.ask("get"), "<error type='wait'><remote-server-timeout", "cannot be reached")
			if took := time.Since(began); took > patience/2 {
				t.Errorf("answered after %s", took)
			}
			want(t, r.log.String(), "level=WARN", "webhook cannot be reached")
		})
	}
}

// A get that finds its connection closed is sent on another one: net/http does
// that, for it is told that this changes nothing.
func TestClosedConnectionIsReplaced(t *testing.T) {
	srv := hook(t, sunny)
	r := begin(t, config(srv.URL), patience)
	for range 20 {
		want(t, r.ask("get"), "sunny")
		srv.CloseClientConnections()
	}
}
