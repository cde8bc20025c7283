package iqdcmd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// tlsFiles is the section [component.tls] with its paths resolved. The files are
// read anew for each stream, so that a renewed certificate needs no restart.
type tlsFiles struct {
	server, serverName, ca, cert, key string
}

func (c *Config) tlsFiles() tlsFiles {
	t := c.Component.TLS
	name := t.ServerName
	if host, _, err := net.SplitHostPort(c.Component.Server); name == "" && err == nil {
		name = host
	}
	return tlsFiles{c.Component.Server, name, c.path(t.CAFile), c.path(t.CertFile), c.path(t.KeyFile)}
}

// load reads the files. The server's certificate is always verified.
func (t tlsFiles) load() (*tls.Config, error) {
	cfg := &tls.Config{ServerName: t.serverName, MinVersion: tls.VersionTLS12}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("read ca_file: no certificate in " + t.ca)
		}
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, fmt.Errorf("read cert_file and key_file: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// dial connects to the server with TLS from the first byte.
func (t tlsFiles) dial(ctx context.Context) (net.Conn, error) {
	cfg, err := t.load()
	if err != nil {
		return nil, err
	}
	network, addr := "tcp", t.server
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	return (&tls.Dialer{Config: cfg}).DialContext(ctx, network, addr)
}
