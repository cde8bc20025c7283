package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	connectTimeout = 10 * time.Second // the request's deadline is usually nearer
	idleTimeout    = 30 * time.Second // of a connection that is kept
	maxHeaderBytes = 64 << 10         // of an answer
)

// newClient returns a client that does what it is told and nothing else: no
// proxy, no redirect, no compression, no more connections than that many.
func newClient(cfg Config, dir string, to target) (*http.Client, error) {
	conf, err := tlsConfig(cfg, dir, to)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: connectTimeout}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    connectTimeout,
		DisableCompression:     true,
		MaxConnsPerHost:        cfg.Connections,
		MaxIdleConnsPerHost:    cfg.Connections,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true) // of HTTP/2 one connection would be all
	if to.socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", to.socket)
		}
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// tlsConfig reads the files of TLS. The certificate of the other side is always
// verified.
func tlsConfig(cfg Config, dir string, to target) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, f := range [][2]string{{"ca_file", cfg.CAFile}, {"cert_file", cfg.CertFile}, {"key_file", cfg.KeyFile}} {
		if f[1] != "" && !to.tls {
			return nil, fmt.Errorf("%s: url is not https", f[0])
		}
	}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(path(dir, cfg.CAFile))
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("ca_file: no certificate in " + cfg.CAFile)
		}
	}
	switch {
	case cfg.CertFile == "" && cfg.KeyFile == "":
		return conf, nil
	case cfg.KeyFile == "":
		return nil, errors.New("cert_file: key_file is missing")
	case cfg.CertFile == "":
		return nil, errors.New("key_file: cert_file is missing")
	}
	pair, err := tls.LoadX509KeyPair(path(dir, cfg.CertFile), path(dir, cfg.KeyFile))
	if err != nil {
		return nil, fmt.Errorf("cert_file and key_file: %w", err)
	}
	conf.Certificates = []tls.Certificate{pair}
	return conf, nil
}
