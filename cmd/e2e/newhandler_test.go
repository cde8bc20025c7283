package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// offline runs a command in a folder, with nothing to download from, and returns
// what it printed.
func offline(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=", "PWD="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestNewHandler writes a module with a build of this checkout, and does with it
// what the documents say: without a network, and outside of the tree.
func TestNewHandler(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "bin")
	offline(t, repository, "go", "build", "-o", filepath.Join(bin, "iqd"), "./cmd/iqd")
	t.Run("documents", func(t *testing.T) {
		home := t.TempDir()
		offline(t, home, "bash", "-euxc", "export PATH='"+bin+"':\"$PATH\"\n"+newHandlerCommands(t))
		dir := filepath.Join(home, "weather")
		onlyExported(t, dir)
		asksWeather(t, dir)
	})
	t.Run("another path", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "the sky")
		offline(t, os.TempDir(), filepath.Join(bin, "iqd"), "new", "handler", "weather", dir, "--module", "example.org/sky/v2")
		offline(t, dir, "go", "vet", "./...")
		for _, b := range readBlocks(t, filepath.Join(dir, "README.md")) {
			for line := range strings.Lines(b.text) {
				if strings.HasPrefix(line, "go test") || strings.HasPrefix(line, "go build") {
					offline(t, dir, "bash", "-euxc", line)
				}
			}
		}
		asksWeather(t, dir)
	})
}

// newHandlerCommands returns the commands of handlers.md that begin a handler.
func newHandlerCommands(t *testing.T) string {
	t.Helper()
	for _, b := range documents(t)["handlers.md"] {
		if b.lang == "sh" && strings.Contains(b.text, "iqd new handler") {
			return b.text
		}
	}
	t.Fatal("handlers.md has no commands that begin a handler")
	return ""
}

// onlyExported: a module of somebody else's needs no internal package of ours.
func onlyExported(t *testing.T, dir string) {
	in := json.NewDecoder(strings.NewReader(offline(t, dir, "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")))
	ours := 0
	for {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := in.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, list := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, path := range list {
				if strings.HasPrefix(path, "github.com/iqd-xmpp/iqd/") {
					ours++
				}
				if strings.Contains(path+"/", "/internal/") {
					t.Errorf("%s imports %s", p.ImportPath, path)
				}
			}
		}
	}
	if ours < 4 {
		t.Errorf("only %d imports of iqd: the module has not been read", ours)
	}
}

// asksWeather runs the module's program with its own configuration, and asks it.
func asksWeather(t *testing.T, dir string) {
	srv := componenttest.NewServer(componenttest.Options{Domain: "weather.localhost", Hosts: []string{"localhost"}})
	t.Cleanup(srv.Close)
	addr, err := srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.toml")
	writeText(t, config, strings.Replace(readText(t, config), "127.0.0.1:5347", addr, 1))
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "build/weather"), "run", "-c", "config.toml")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "STATE_DIRECTORY="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := srv.WaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"<hello xmlns='urn:example:weather' name='Juliet'/>":     "<hello xmlns='urn:example:weather'>Hello, Juliet</hello>",
		"<ping xmlns='urn:xmpp:ping'/>":                          "",
		"<query xmlns='http://jabber.org/protocol/disco#info'/>": "*",
	} {
		if err := srv.Send("<iq type='get' id='1' from='juliet@localhost/balcony' to='weather.localhost'>" + query + "</iq>"); err != nil {
			t.Fatal(err)
		}
		got, err := srv.NextID(ctx, "1")
		if err != nil || !strings.Contains(got, "type='result'") || want != "*" && !strings.Contains(got, want) {
			t.Errorf("%s is answered with %s, %v", query, got, err)
		}
		if want == "*" && !strings.Contains(got, "urn:example:weather") {
			t.Errorf("service discovery does not know of the handler: %s", got)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // Wait says how it ended
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", fmt.Errorf("run: %w", err))
	}
}
