package iqdcmd_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
)

// A peer is a component of its own that runs until the test ends.
type peer struct {
	t    *testing.T
	comp *component.Component
}

// newComponent returns a component for the domain of the tests that has no
// handlers.
func newComponent(t *testing.T, addr string) *peer {
	t.Helper()
	comp, err := component.New(component.Config{
		JID: "iq.example.net", Server: addr, Secret: "secret", Handler: component.NewMux(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t, comp}
}

func (p *peer) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.comp.Run(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// closedPort returns an address that nobody listens at.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// readableByAll returns a file with the secret that everybody may read.
func readableByAll(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o644); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return name
}

// dropSecret takes the line with the secret out of a configuration.
func dropSecret(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "secret = \"secret\"\n", "", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
