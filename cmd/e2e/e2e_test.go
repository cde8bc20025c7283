// Package e2e_test holds what iqd promises beside a real Prosody and a real
// ejabberd, asked by clients that are not ours.
package e2e_test

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

const nsTest = "urn:example:test"

// bothServers runs a test beside each of them.
func bothServers(t *testing.T, opts realserver.Options, test func(*testing.T, *realserver.Server)) {
	for _, kind := range []string{realserver.Prosody, realserver.Ejabberd} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, realserver.Start(t, kind, opts))
		})
	}
}

// quiet is a logger for tests that provoke errors: their lines are shown with -v.
func quiet() *slog.Logger {
	if testing.Verbose() && os.Getenv("IQD_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}

// serve runs a component at the server until the test ends, and waits until it is
// heard there.
func serve(t *testing.T, srv *realserver.Server, cfg component.Config) *component.Component {
	t.Helper()
	cfg.JID, cfg.Secret = srv.Component, srv.Secret
	cfg.Server = cmp.Or(cfg.Server, srv.ComponentAddr())
	if cfg.Log == nil {
		cfg.Log = quiet()
	}
	c, err := component.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	online(t, c)
	return c
}

func online(t *testing.T, c *component.Component) {
	t.Helper()
	realserver.Eventually(t, 20*time.Second, func() bool { return c.Status().Heard })
}

// testMux has a handler for each line of the promises.
func testMux(t *testing.T) *component.Mux {
	t.Helper()
	m := component.NewMux()
	get := func(local string, f component.HandlerFunc) {
		add(t, m, component.Extension{Name: local, Routes: []component.Route{{
			Name: name(local), At: component.Domain | component.Host | component.User, Get: f,
		}}})
	}
	get("nil", func(context.Context, *component.Request) (component.Payload, error) { return nil, nil })
	get("text", func(context.Context, *component.Request) (component.Payload, error) {
		return component.Text(nsTest, "text", "<&>'\""), nil
	})
	get("echo", func(_ context.Context, req *component.Request) (component.Payload, error) { return req.Payload(), nil })
	get("error", func(context.Context, *component.Request) (component.Payload, error) {
		return nil, &component.Error{
			Condition: stanza.ItemNotFound, Text: "nothing here", App: component.Text(nsTest, "why", "because"),
		}
	})
	get("plain", func(context.Context, *component.Request) (component.Payload, error) {
		return nil, errors.New("a secret of ours")
	})
	get("panic", func(context.Context, *component.Request) (component.Payload, error) { panic("at the disco") })
	get("goexit", func(context.Context, *component.Request) (component.Payload, error) {
		runtime.Goexit()
		return nil, nil
	})
	get("forbidden", func(context.Context, *component.Request) (component.Payload, error) {
		return component.Text(nsTest, "x", "\x01"), nil
	})
	get("name", func(context.Context, *component.Request) (component.Payload, error) {
		return component.Text(nsTest, "a b='1'><evil/>", ""), nil
	})
	get("line-end", func(context.Context, *component.Request) (component.Payload, error) {
		return component.ParseElement("<a xmlns='urn:a'><p:b xmlns:p='urn:b&#10;c'/></a>")
	})
	get("huge", func(context.Context, *component.Request) (component.Payload, error) {
		return component.Text(nsTest, "huge", strings.Repeat("x", 600_000)), nil
	})
	get("deep", func(context.Context, *component.Request) (component.Payload, error) {
		return component.PayloadFunc(func(e *component.Encoder) {
			for range 200 {
				e.Start(nsTest, "deep")
			}
			for range 200 {
				e.End()
			}
		}), nil
	})
	get("hang", func(ctx context.Context, _ *component.Request) (component.Payload, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	get("ask", func(ctx context.Context, req *component.Request) (component.Payload, error) {
		resp, err := req.Requester().SendIQ(ctx, component.Call{To: req.From, Payload: component.Text("urn:xmpp:ping", "ping", "")})
		if err != nil {
			return nil, err
		}
		return component.Text(nsTest, "asked", resp.From), nil
	})
	return m
}

// get writes a get request from a client to the component.
func get(srv *realserver.Server, id, name, rest string) string {
	return fmt.Sprintf("<iq type='get' id='%s' to='%s'><%s xmlns='%s'%s/></iq>", id, srv.Component, name, nsTest, rest)
}

func add(t *testing.T, m *component.Mux, ext component.Extension) {
	t.Helper()
	if err := m.Add(ext); err != nil {
		t.Fatal(err)
	}
}

func name(local string) xml.Name { return xml.Name{Space: nsTest, Local: local} }
