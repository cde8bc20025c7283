package iqdcmd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

const nsDoctor = "https://iqd-xmpp.github.io/doctor"

// patience is what a server may take to accept us: ejabberd opens its port up to
// two seconds before it answers there.
func (d *doctor) patience() time.Duration { return 2 * d.wait }

// A session is one stream to the server, for the doctor alone. When it ends, it
// is not opened again.
type session struct {
	*component.Component
	stop  context.CancelFunc
	heard sync.Map      // the numbers of the probes that arrived
	lost  chan struct{} // closed when the stream has ended
	why   error         // why, if that was not our doing; read after lost
	ended chan struct{} // closed when nothing of it runs any more
}

// open connects and waits until the server has accepted us. The error is what the
// component says of it.
func (d *doctor) open(ctx context.Context, cfg component.Config) (*session, error) {
	cfg.Log = slog.New(slog.DiscardHandler)
	cfg.Liveness = component.LivenessOff // deaf streams are for us to find
	cfg.Conflict = component.ConflictExit
	cfg.ConnectTimeout = d.patience()
	cfg.Limits.MaxStanzaBytes = max(cfg.Limits.MaxStanzaBytes, cfg.Limits.MaxReplyBytes+64<<10)
	cfg.Limits.MaxBufferedBytes = max(cfg.Limits.MaxBufferedBytes, 4*cfg.Limits.MaxStanzaBytes)
	ctx, stop := context.WithCancel(ctx)
	s := &session{stop: stop, lost: make(chan struct{}), ended: make(chan struct{})}
	cfg.Handler = s.mux()
	online, down := make(chan struct{}, 1), make(chan error, 1)
	cfg.Notify = func(st component.Status) {
		switch st.State {
		case component.StateOnline:
			trySend(online, struct{}{})
		case component.StateWaiting:
			trySend(down, cmp.Or(st.Err, io.EOF))
		}
	}
	var err error
	if s.Component, err = component.New(cfg); err != nil {
		stop()
		return nil, err
	}
	go s.run(ctx, down)
	select {
	case <-online:
		return s, nil
	case <-s.ended:
		return nil, cmp.Or(s.why, context.Cause(ctx), error(errShort))
	}
}

// starting is how long a server may have no port yet: systemctl does not wait until
// Prosody listens.
const starting = 3 * time.Second

// reach is open beside a server that may just be starting.
func (d *doctor) reach(ctx context.Context) (*session, error) {
	end := time.After(min(starting, d.patience()))
	for {
		s, err := d.open(ctx, d.cfg)
		if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-end:
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
	}
}

var errShort = errors.New("the stream ended at once")

// run keeps the component until it is stopped or its stream has ended.
func (s *session) run(ctx context.Context, down <-chan error) {
	defer close(s.ended)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	select {
	case s.why = <-down:
		close(s.lost) // before those who wait for an answer are told of a shutdown
		stop()
		<-done
	case err := <-done:
		if ctx.Err() == nil {
			s.why = err
		}
		close(s.lost)
	}
}

// close ends the stream and waits for its end.
func (s *session) close() {
	s.stop()
	<-s.ended
}

// trySend sends v unless nobody is to take it any more.
func trySend[T any](c chan<- T, v T) {
	select {
	case c <- v:
	default:
	}
}

// mux answers the doctor's own requests with how long they are, so that an answer
// shows that it was this process that got the request.
func (s *session) mux() *component.Mux {
	mux := component.NewMux()
	mux.HandleGet(nsDoctor, "probe", func(_ context.Context, req *component.Request) (component.Payload, error) {
		p := req.Payload()
		s.heard.Store(p.Get("n"), true)
		return component.PayloadFunc(func(e *component.Encoder) {
			e.Start(nsDoctor, "probe")
			e.Attr("n", p.Get("n"))
			e.Attr("size", strconv.Itoa(len(p.Text())))
			e.End()
		}), nil
	})
	return mux
}

// errOther says that our request was answered by somebody else.
var errOther = errors.New("another program got the request and answered it")

// probe sends ourselves a request through the server with size bytes in it, and
// returns when the answer is there.
func (d *doctor) probe(ctx context.Context, s *session, n, size int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	go func() { // who waits need not, once the stream is gone
		select {
		case <-s.lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	start := time.Now()
	resp, err := s.SendIQ(ctx, component.Call{To: d.cfg.JID, Payload: component.PayloadFunc(func(e *component.Encoder) {
		e.Start(nsDoctor, "probe")
		e.Attr("n", strconv.Itoa(n))
		e.Text(strings.Repeat("x", size))
		e.End()
	})})
	if err != nil {
		return 0, err
	}
	if p := resp.Payload; p.Get("n") != strconv.Itoa(n) || p.Get("size") != strconv.Itoa(size) {
		return 0, errOther
	}
	return time.Since(start), nil
}
