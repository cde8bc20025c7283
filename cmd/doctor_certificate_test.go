package iqdcmd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A certificate is what is wrong with one that is for 127.0.0.1 otherwise.
type certificate struct {
	name       string    // in place of 127.0.0.1; "-": none
	until      time.Time // zero: tomorrow
	forClients bool
	leaf       bool // no authority: only itself
	asks       bool // the server wants one of the client
	refuses    bool // the server has none for the name
}

// template is what is to be signed.
func (c certificate) template() *x509.Certificate {
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	switch c.name {
	case "":
		tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	case "-":
	default:
		tmpl.DNSNames = []string{c.name}
	}
	if !c.until.IsZero() {
		tmpl.NotAfter = c.until
	}
	if c.leaf {
		tmpl.IsCA, tmpl.KeyUsage = false, x509.KeyUsageDigitalSignature
	}
	if c.forClients {
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	return tmpl
}

// make signs it itself, and returns the configuration of a server and the file to
// verify it with.
func (c certificate) make(t *testing.T) (*tls.Config, string) {
	t.Helper()
	tmpl := c.template()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if c.asks {
		conf.ClientAuth = tls.RequireAnyClientCert
	}
	if c.refuses {
		conf.Certificates = nil
		conf.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
	}
	return conf, ca
}
