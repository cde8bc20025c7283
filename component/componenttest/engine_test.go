package componenttest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const question = "<iq type='get' id='q%d' from='juliet@example.net' to='iq.example.net'><hello xmlns='urn:example:hello'/></iq>"

// Whatever happens to the stream, the component is back, and answers.
func TestComponentComesBack(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   func(*componenttest.Server)
		streams int           // that it takes to be back
		within  time.Duration // of which that takes
		kickOld bool
	}{
		"cut":             {fault: (*componenttest.Server).Cut, streams: 2, within: time.Second},
		"reset":           {fault: (*componenttest.Server).Reset, streams: 2, within: time.Second},
		"end tag":         {fault: (*componenttest.Server).CloseStream, streams: 2, within: 5 * time.Second},
		"system-shutdown": {fault: func(s *componenttest.Server) { s.StreamError("system-shutdown", "") }, streams: 2, within: 10 * time.Second},
		"conflict":        {fault: func(s *componenttest.Server) { s.StreamError("conflict", "Replaced by a new connection") }, streams: 2, within: 2 * time.Minute},
		"deaf":            {fault: (*componenttest.Server).Deafen, streams: 2, within: 5 * time.Minute},
		"black hole":      {fault: func(s *componenttest.Server) { s.Blackhole(true, true) }, streams: 2, within: 5 * time.Minute, kickOld: true},
		"black hole in":   {fault: func(s *componenttest.Server) { s.Blackhole(true, false) }, streams: 2, within: 5 * time.Minute, kickOld: true},
		"black hole out":  {fault: func(s *componenttest.Server) { s.Blackhole(false, true) }, streams: 2, within: 5 * time.Minute, kickOld: true},
		"black hole, conflict": {fault: func(s *componenttest.Server) {
			s.Blackhole(true, true)
			time.AfterFunc(10*time.Minute, s.Cut) // Prosody has found out
		}, streams: 2, within: 20 * time.Minute},
		"refused": {fault: func(s *componenttest.Server) { s.Refuse(20); s.Cut() }, streams: 2, within: time.Minute},
		"mute": {fault: func(s *componenttest.Server) {
			s.Mute(true)
			s.Cut()
			time.AfterFunc(time.Minute, func() { s.Mute(false) })
		}, streams: 2, within: 3 * time.Minute},
		"rejected": {fault: func(s *componenttest.Server) {
			s.Reject("host-unknown", "")
			s.Cut()
			time.AfterFunc(time.Minute, func() { s.Reject("", "") })
		}, streams: 2, within: 5 * time.Minute},
		"stopped reading": {fault: func(s *componenttest.Server) {
			s.StopReading()
			time.AfterFunc(10*time.Second, s.ResumeReading)
		}, streams: 1, within: time.Minute},
		"fragments":     {fault: func(s *componenttest.Server) { s.Fragment(1) }, streams: 1, within: time.Second},
		"new fragments": {fault: func(s *componenttest.Server) { s.Fragment(1); s.Cut() }, streams: 2, within: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, srv := componenttest.Start(t, component.Config{Handler: greeter(t)},
					componenttest.Stage(func(o *componenttest.Options) { o.KickOld = tc.kickOld }))
				wantHello(t, srv, 1)
				ctx, cancel := context.WithTimeout(t.Context(), tc.within)
				defer cancel()
				tc.fault(srv)
				if err := srv.WaitStreams(ctx, tc.streams); err != nil {
					t.Fatalf("after %s: %v, %d streams", tc.within, err, srv.Streams())
				}
				wantHello(t, srv, 2)
			})
		})
	}
}

func wantHello(t *testing.T, srv *componenttest.Server, n int) {
	t.Helper()
	if err := srv.Send(fmt.Sprintf(question, n)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	want := fmt.Sprintf("<iq type='result' id='q%d' from='iq.example.net' to='juliet@example.net'><hello xmlns='urn:example:hello'>*</hello></iq>", n)
	if _, err := srv.NextMatch(ctx, want); err != nil {
		t.Fatalf("no answer to question %d: %v", n, err)
	}
}

// Checklist 2: what comes in one piece with the handshake is not lost.
func TestComponentReadsOn(t *testing.T) {
	_, srv := componenttest.Start(t, component.Config{Handler: greeter(t)},
		componenttest.Before(func(s *componenttest.Server) { s.GlueAfterHandshake(fmt.Sprintf(question, 1)) }))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got, err := srv.NextID(ctx, "q1"); err != nil || !strings.Contains(got, "Hello") {
		t.Errorf("NextID() = %s, %v", got, err)
	}
}

// A server that does not read gets everything once it does (fault N22).
func TestComponentWaitsForTheServer(t *testing.T) {
	_, srv := componenttest.Start(t, component.Config{Handler: greeter(t)},
		componenttest.Stage(func(o *componenttest.Options) { o.Buffer = 512 }))
	srv.StopReading()
	const questions = 500
	for n := range questions {
		if err := srv.Send(fmt.Sprintf(question, n)); err != nil {
			t.Fatal(err)
		}
	}
	srv.ResumeReading()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n := range questions {
		if got, err := srv.NextID(ctx, fmt.Sprintf("q%d", n)); err != nil || !strings.Contains(got, "Hello") {
			t.Fatalf("NextID() = %s, %v", got, err)
		}
	}
	if srv.Streams() != 1 {
		t.Errorf("%d streams, want 1", srv.Streams())
	}
}

// On ejabberd a component may connect several times, and each connection answers
// its share.
func TestComponentsTakeTurns(t *testing.T) {
	_, srv := componenttest.Start(t, component.Config{Handler: greeter(t), Liveness: component.LivenessServer},
		componenttest.As(componenttest.Ejabberd))
	sister, err := component.New(component.Config{
		JID: "iq.example.net", Secret: "secret", Dial: srv.Dial, Handler: greeter(t), Liveness: component.LivenessServer,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- sister.Run(ctx) }()
	if err := srv.WaitStreams(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		wantHello(t, srv, n)
	}
	if got := sister.Stats().Results; got != 2 {
		t.Errorf("the second connection answered %d of 4", got)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
