package iqdcmd

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// aliveTimeout is how long /healthz waits for the daemon's own loop.
const aliveTimeout = 5 * time.Second

// An adminServer answers /metrics, /healthz, /readyz and /handlers over HTTP.
type adminServer struct {
	listener net.Listener
	http     *http.Server
}

// listenAdmin opens the port of [admin], so that one that is taken is known
// before anything else starts. It returns nil when there is none.
func (d *daemon) listenAdmin(conf *Config) (*adminServer, error) {
	if conf.Admin.Listen == "" {
		return nil, nil
	}
	h := d.adminHandler()
	token, err := conf.adminToken()
	if err != nil {
		return nil, mistake(err)
	}
	if token != "" {
		h = requireToken(token, h)
	}
	l, err := net.Listen("tcp", conf.Admin.Listen)
	if err != nil {
		return nil, conf.doc.errorf([]string{"admin", "listen"}, "%w", err)
	}
	return &adminServer{l, &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}}, nil
}

// adminToken reads the bearer token of [admin]; empty: none is needed.
func (c *Config) adminToken() (string, error) {
	if c.Admin.TokenFile == "" {
		return "", nil
	}
	token, err := readSecret(c.path(c.Admin.TokenFile))
	if err != nil {
		return "", c.doc.errorf([]string{"admin", "token_file"}, "%w", err)
	}
	return token, nil
}

func (s *adminServer) serve(log *slog.Logger) {
	log.Info("admin endpoint", slog.String("listen", s.listener.Addr().String()))
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("admin endpoint ended", slog.Any("err", err))
	}
}

func (s *adminServer) close() { _ = s.http.Close() }

func (d *daemon) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.metricsHandler())
	mux.HandleFunc("GET /healthz", d.healthz)
	mux.HandleFunc("GET /readyz", d.readyz)
	mux.HandleFunc("GET /handlers", d.handlersPage)
	return mux
}

// healthz says whether the process works, whatever the server does.
func (d *daemon) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), aliveTimeout)
	defer cancel()
	if err := d.comp.Alive(ctx); err != nil {
		http.Error(w, "stuck", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// readyz says whether requests reach us: the handshake was accepted, and the
// server has been seen to route to us.
func (d *daemon) readyz(w http.ResponseWriter, _ *http.Request) {
	s := d.comp.Status()
	text := fmt.Sprintf("%s since %s", s.State, s.Since.UTC().Format(time.RFC3339))
	if s.Err != nil {
		text += ": " + s.Err.Error()
	}
	if !ready(s) {
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, text+"\n")
}

func ready(s component.Status) bool { return s.State == component.StateOnline && s.Heard }

// requireToken lets through the requests that bear the token (RFC 6750, 2.1). It
// compares digests, so that time tells nothing of the token or its length.
func requireToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="iqd"`)
			http.Error(w, "token required", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
