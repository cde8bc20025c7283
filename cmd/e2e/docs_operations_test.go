package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// A docHost is a machine with iqd on it, made of a folder: what the documents have
// in /etc, /var and so on is below dir.
type docHost struct {
	t      *testing.T
	dir    string
	admin  string // address
	server *componenttest.Server
}

func newDocHost(t *testing.T) *docHost {
	t.Helper()
	h := &docHost{t: t, dir: t.TempDir(), server: componenttest.NewServer(componenttest.Options{Secret: "squeamish-ossifrage"})}
	t.Cleanup(h.server.Close)
	addr, err := h.server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.admin = l.Addr().String()
	l.Close()
	writeText(t, h.path("etc/iqd/secret"), "squeamish-ossifrage\n")
	writeText(t, h.path("etc/iqd/config.toml"), fmt.Sprintf("[component]\njid = %q\nserver = %q\nsecret_file = %q\n"+
		"[admin]\nlisten = %q\n[handlers.ping]\n[handlers.roster]\n", "iq.example.net", addr, h.path("etc/iqd/secret"), h.admin))
	for _, dir := range []string{"var/lib/iqd", "var/backups", "bin"} {
		if err := os.MkdirAll(h.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", h.path("bin/iqd"), "../iqd")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build iqd: %v\n%s", err, out)
	}
	return h
}

func (h *docHost) path(rest string) string { return filepath.Join(h.dir, rest) }

// shell starts a script and returns what receives how it ended. At the end of the
// test everything that it started is killed.
func (h *docHost) shell(script string) <-chan error {
	h.t.Helper()
	for _, root := range []string{"/etc/iqd", "/var/lib/iqd", "/var/backups"} {
		script = strings.ReplaceAll(script, root, h.dir+root)
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", docPrelude+script)
	cmd.Env = append(os.Environ(), "PATH="+h.path("bin")+":"+os.Getenv("PATH"), "ROOT="+h.dir, "STATE_DIRECTORY="+h.path("var/lib/iqd"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := os.Create(h.path("output"))
	if err != nil {
		h.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended, gone := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(gone)
		ended <- cmd.Wait()
	}()
	h.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // all of it may have ended
		<-gone
		out.Close()
		if h.t.Failed() {
			h.t.Logf("output:\n%s\nlog:\n%s", readText(h.t, h.path("output")), readText(h.t, h.path("log")))
		}
	})
	return ended
}

// docPrelude has what systemd does, and waits for what systemd would wait for.
const docPrelude = `
said() {
	exec 3< <(exec tail -n +1 -f "$ROOT/log")
	local tail=$!
	grep -q -m 1 -- "$1" <&3
	exec 3<&-
	kill "$tail" || true # the next line of the log may have ended it
}
sudo() { "$@"; }
systemctl() {
	[ "$2" = iqd ]
	case $1 in
	start) : >"$ROOT/log"; iqd run -c "$ROOT/etc/iqd/config.toml" 2>"$ROOT/log" & IQD=$!; said '"msg":"online"' ;;
	reload) kill -HUP "$IQD"; said '"msg":"reloaded"' ;;
	stop) kill -TERM "$IQD"; wait "$IQD" ;;
	*) return 1 ;;
	esac
}
systemctl start iqd
`

// The commands of the documents do what is said of them.
func TestDocumentCommands(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	for _, b := range documents(t)["operations.md"] {
		if b.lang == "sh" {
			script.WriteString(b.text)
		}
	}
	h := newDocHost(t)
	select {
	case err := <-h.shell(script.String() + "systemctl stop iqd\n"):
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the commands do not end")
	}
	if out := readText(t, h.path("output")); !strings.Contains(out, "config.toml: no mistakes") {
		t.Errorf("the output of check is missing in\n%s", out)
	}
	if db := readText(t, h.path("var/backups/iqd/roster.db")); !strings.HasPrefix(db, "SQLite format 3\x00") {
		t.Errorf("the backup is %.20q", db)
	}
	if n := h.server.Streams(); n != 2 {
		t.Errorf("%d streams, want 2: one before the backup, one after it", n)
	}
}

var metricRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (counter|gauge|histogram) \\| (.*) \\|$")

// Checklist 78: the table of metrics is what /metrics says.
func TestDocumentMetrics(t *testing.T) {
	t.Parallel()
	h := newDocHost(t)
	h.shell("wait \"$IQD\"\n")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := h.server.WaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.server.Send("<iq type='get' id='1' from='juliet@example.net' to='iq.example.net'><ping xmlns='urn:xmpp:ping'/></iq>"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.server.NextID(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range metricRow.FindAllStringSubmatch(readText(t, "../../docs/operations.md"), -1) {
		want = append(want, strings.Join(m[1:], " "))
	}
	page := h.fetch("/metrics")
	for _, m := range regexp.MustCompile(`(?m)^# HELP (iqd_\S+) (.*)\.\n# TYPE \S+ (\S+)$`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1]+" "+m[3]+" "+m[2])
	}
	if len(got) != strings.Count(page, "# HELP iqd_") {
		t.Errorf("a metric has no type, or a help text without a full stop:\n%s", page)
	}
	for _, row := range got {
		if !slices.Contains(want, row) {
			t.Errorf("operations.md lacks %s", row)
		}
	}
	for _, row := range want {
		if !slices.Contains(got, row) {
			t.Errorf("/metrics lacks %s", row)
		}
	}
}

func (h *docHost) fetch(page string) string {
	h.t.Helper()
	resp, err := http.Get("http://" + h.admin + page)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}
