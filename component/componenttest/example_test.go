package componenttest_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// hello is a handler to test.
func hello(_ context.Context, req *component.Request) (component.Payload, error) {
	return component.Text("urn:example:hello", "hello", "Hello, "+req.From), nil
}

// In a test, t is the test's own *testing.T, and each file in testdata is a
// subtest.
func ExampleRun() {
	t := &fakeT{}
	defer t.end()

	mux := component.NewMux()
	mux.HandleGet("urn:example:hello", "hello", hello)
	componenttest.Run(t, mux, "testdata/*.iq")

	fmt.Println("failures:", len(t.messages))
	// Output:
	// failures: 0
}

func ExampleAsk() {
	t := &fakeT{}
	defer t.end()

	mux := component.NewMux()
	mux.HandleGet("urn:example:hello", "hello", hello)
	fmt.Println(componenttest.Ask(t, mux,
		"<iq type='get' id='1' from='juliet@example.net' to='iq.example.net'><hello xmlns='urn:example:hello'/></iq>"))
	// Output:
	// <iq type='result' id='1' from='iq.example.net' to='juliet@example.net'><hello xmlns='urn:example:hello'>Hello, juliet@example.net</hello></iq>
}

// A server needs no test. This one restarts under a component's feet.
func ExampleServer() {
	srv := componenttest.NewServer(componenttest.Options{Personality: componenttest.Ejabberd})
	defer srv.Close()

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go component.Run(ctx, component.Config{
		JID: "iq.example.net", Secret: "secret", Dial: srv.Dial, Handler: component.NewMux(),
		Log: slog.New(slog.DiscardHandler),
	})
	srv.WaitStreams(ctx, 1)
	srv.Cut()
	srv.WaitStreams(ctx, 2)
	fmt.Println("connections:", srv.Connections())
	// Output:
	// connections: 1
}
