package iqdcmd_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A running iqd is asked and not disturbed.
func TestDoctorAsksTheDaemon(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		want   string
		conns  int
	}{
		"ready":     {http.StatusOK, "✓ running", 0},
		"not ready": {http.StatusServiceUnavailable, "! running", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/handlers" && tc.status == http.StatusOK {
					http.NotFound(w, r) // an older iqd
					return
				}
				if r.URL.Path != "/readyz" || r.Header.Get("Authorization") != "Bearer token" {
					t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
				}
				w.WriteHeader(tc.status)
			}))
			t.Cleanup(admin.Close)
			token := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(token, []byte("token\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			srv, addr := fakeServer(t, componenttest.Options{})
			file := configFile(t, addr, "[admin]", fmt.Sprintf("listen = %q", admin.Listener.Addr()), fmt.Sprintf("token_file = %q", token))
			code, out, _ := iqd(t, "", "doctor", "-c", file)
			if code != iqdcmd.ExitDone || !strings.Contains(out, tc.want) {
				t.Errorf("exit code %d, output\n%s", code, out)
			}
			if got := srv.Streams(); (got == 0) != (tc.conns == 0) {
				t.Errorf("%d connections were made", got)
			}
		})
	}
}

// An iqd without [admin] is found among the processes. That it runs is nothing
// wrong.
func TestDoctorFindsTheProcess(t *testing.T) {
	t.Parallel()
	srv, addr := fakeServer(t, componenttest.Options{})
	file := configFile(t, addr)
	for name, tc := range map[string]struct {
		args  []string
		found bool
	}{
		"same file":    {[]string{"/usr/bin/iqd", "run", "-c", file}, true},
		"long flag":    {[]string{"iqd", "run", "--config=" + file}, true},
		"other file":   {[]string{"iqd", "run", "-c", "/etc/iqd/other.toml"}, false},
		"no file":      {[]string{"iqd", "run"}, false},
		"other verb":   {[]string{"iqd", "check", "-c", file}, false},
		"other binary": {[]string{"vi", "run", "-c", file}, false},
	} {
		t.Run(name, func(t *testing.T) {
			proc := fstest.MapFS{
				"proc/self/cmdline": {Data: []byte("iqd")},
				"proc/42/cmdline":   {Data: []byte(strings.Join(tc.args, "\x00") + "\x00")},
			}
			before := srv.Streams()
			var out bytes.Buffer
			err := iqdcmd.Doctor(t.Context(), &out, file, proc)
			if found := strings.Contains(out.String(), "as process 42"); found != tc.found || err != nil || strings.Contains(out.String(), "✗") {
				t.Errorf("Doctor() error = %v, output\n%s", err, &out)
			}
			if tc.found {
				contains(t, out.String(), "– running", "so as not to disturb it", "--connect", "Nothing wrong was found.", "/disco info")
			}
			if connected := srv.Streams() > before; connected == tc.found {
				t.Errorf("connected: %v", connected)
			}
		})
	}
}

// An iqd that does not answer where the file says was started before it said so.
func TestDoctorWantsARestart(t *testing.T) {
	t.Parallel()
	srv, addr := fakeServer(t, componenttest.Options{})
	file := configFile(t, addr, "[admin]", fmt.Sprintf("listen = %q", closedPort(t)))
	proc := fstest.MapFS{"proc/42/cmdline": {Data: []byte("iqd\x00run\x00-c\x00" + file + "\x00")}}
	var out bytes.Buffer
	if err := iqdcmd.Doctor(t.Context(), &out, file, proc); err != nil {
		t.Errorf("Doctor() error = %v", err)
	}
	contains(t, out.String(), "! running", "process 42", "restart iqd: sudo systemctl restart iqd", "Nothing wrong was found. 1 thing has")
	if srv.Streams() != 0 {
		t.Error("it was disturbed")
	}
}
