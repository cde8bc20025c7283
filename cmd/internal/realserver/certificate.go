package realserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// writeCertificate makes an authority and a certificate for the domains of the server and 127.0.0.1: ca.pem,
// cert.pem, key.pem, and tls.pem with the latter two.
func (s *Server) writeCertificate() error {
	ca := template(1, "iqd test authority")
	ca.IsCA, ca.KeyUsage, ca.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	leaf := template(2, s.Domain)
	leaf.DNSNames = []string{s.Domain, s.Component}
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	s.CAFile = s.path("ca.pem")
	certPEM, keyPEM := block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
	return s.write(map[string][]byte{
		"ca.pem":   block("CERTIFICATE", caDER),
		"cert.pem": certPEM,
		"key.pem":  keyPEM,
		"tls.pem":  slices.Concat(certPEM, keyPEM),
	})
}

// RenewCertificate replaces the authority and the certificate in the server's folder.
// A server that is running uses what it has until it is restarted.
func (s *Server) RenewCertificate() {
	s.t.Helper()
	if err := s.writeCertificate(); err != nil {
		s.t.Fatalf("make a certificate: %v", err)
	}
}

func template(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// path is a file of the server.
func (s *Server) path(name string) string { return filepath.Join(s.Dir, name) }

// write writes files into the server's folder, with the folders that they need.
func (s *Server) write(files map[string][]byte) error {
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
