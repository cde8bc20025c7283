package webhook_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/webhook"
)

// What a request costs from the stream to the webhook and back, the webhook itself
// included.
func BenchmarkRoundTrip(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(sunny))
	b.Cleanup(srv.Close)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	ext, err := webhook.New(config(srv.URL), component.Env{Log: log})
	if err != nil {
		b.Fatal(err)
	}
	_, stream := componenttest.Start(b, component.Config{Handler: componenttest.Extension(ext), Log: log})
	for b.Loop() {
		if err := stream.Send("<iq type='get' id='1' from='" + juliet + "' to='iq.example.net'><query xmlns='" + weather + "'/></iq>"); err != nil {
			b.Fatal(err)
		}
		if _, err := stream.NextID(b.Context(), "1"); err != nil {
			b.Fatal(err)
		}
	}
}
