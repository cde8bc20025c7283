package component_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// TestTLS: the certificate is checked against the CA and the name that were
// configured, ours is shown, and the end is told (checklist 11, N33, N35).
func TestTLS(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	serverCert, clientCert := ca.issue(t, "localhost"), ca.issue(t, "iqd")
	for label, tc := range map[string]struct {
		server *tls.Config
		client *tls.Config
		err    string
	}{
		"N33 fine":                    {&tls.Config{}, &tls.Config{RootCAs: ca.pool(), ServerName: "localhost"}, ""},
		"CVE-2022-24968 name of host": {&tls.Config{}, &tls.Config{RootCAs: ca.pool()}, "127.0.0.1"},
		"N33 wrong name":              {&tls.Config{}, &tls.Config{RootCAs: ca.pool(), ServerName: "example.org"}, "example.org"},
		"N33 wrong CA":                {&tls.Config{}, &tls.Config{RootCAs: other.pool(), ServerName: "localhost"}, "unknown authority"},
		"client cert":                 {&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}, &tls.Config{RootCAs: ca.pool(), ServerName: "localhost", Certificates: []tls.Certificate{clientCert}}, ""},
		"without one":                 {&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}, &tls.Config{RootCAs: ca.pool(), ServerName: "localhost"}, "certificate"},
		"not verified":                {&tls.Config{}, &tls.Config{InsecureSkipVerify: true}, ""},
		"no TLS at all":               {nil, &tls.Config{RootCAs: ca.pool(), ServerName: "localhost"}, ""},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			if tc.server != nil {
				tc.server.Certificates = []tls.Certificate{serverCert}
			}
			srv := componenttest.NewServer(componenttest.Options{Domain: domain, TLS: tc.server})
			t.Cleanup(srv.Close)
			addr, err := srv.Listen()
			if err != nil {
				t.Fatal(err)
			}
			cfg := quiet(large(t, true))
			cfg.Server, cfg.TLS, cfg.ConnectTimeout = addr, tc.client, time.Second
			s := newSolo(t, cfg)
			s.srv = srv
			if tc.err == "" && tc.server != nil {
				s.up()
				for range 20 {
					s.ask(juliet).wants(t, "result")
				}
				s.stop()
				if s.comp.Stats().Lost != 0 || s.err != nil {
					t.Errorf("Run() = %v, %+v", s.err, s.comp.Stats())
				}
				return
			}
			waitFor(t, "it fails", func() bool { return s.comp.Status().State == component.StateWaiting })
			if err := s.comp.Status().Err; err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("status %v, want %q", err, tc.err)
			}
		})
	}
}

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, cn string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err2 := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	cert, err3 := x509.ParseCertificate(der)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func (a *authority) issue(t *testing.T, host string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err2 := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}
