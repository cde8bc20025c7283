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
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// issue writes a self-signed certificate for names to dir/cert.pem and
// dir/key.pem.
func issue(t *testing.T, dir string, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	put(t, dir, "cert.pem", string(cert), 0o600)
	put(t, dir, "key.pem", string(private), 0o600)
	pair, err := tls.X509KeyPair(cert, private)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// tlsStage is stage with a server that speaks TLS from the first byte and asks for
// a certificate when clients is set.
func tlsStage(t *testing.T, server tls.Certificate, clients *x509.CertPool, conf string) *running {
	t.Helper()
	cfg := &tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	r := stage(t, "")
	r.server = componenttest.NewServer(componenttest.Options{Secret: testSecret, TLS: cfg})
	t.Cleanup(r.server.Close)
	delete(r.env, "addr")
	r.write(conf)
	return r
}

// Checklist 11: direct TLS, with the names and the certificates of the section.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pair := issue(t, dir, "xmpp.example.net")
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(leaf)
	r := tlsStage(t, pair, clients, "[component.tls]\nenabled = true\nserver_name = 'xmpp.example.net'\nca_file = '"+dir+"/cert.pem'\n"+
		"cert_file = '"+dir+"/cert.pem'\nkey_file = '"+dir+"/key.pem'\n[handlers.ping]\n").start().online()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
}

// The certificate is verified, against the name that is configured.
func TestN33TLSVerifies(t *testing.T) {
	for name, tc := range map[string]struct{ serverName, ca, want string }{
		"wrong name":     {"other.example.net", "cert.pem", "valid for xmpp.example.net, not other.example.net"},
		"unknown signer": {"xmpp.example.net", "", "certificate signed by unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			dir := t.TempDir()
			pair := issue(t, dir, "xmpp.example.net")
			conf := "[component.tls]\nenabled = true\nserver_name = '" + tc.serverName + "'\n"
			if tc.ca != "" {
				conf += "ca_file = '" + filepath.Join(dir, tc.ca) + "'\n"
			}
			tlsStage(t, pair, nil, conf+"[handlers.ping]\n").start()
			m.expect("STATUS=not connected.*" + tc.want + ".*")
		})
	}
}

// A certificate that is over is refused, and one that nobody but itself vouches for is
// taken where ca_file names it.
func TestN33TLSCertificates(t *testing.T) {
	for name, tc := range map[string]struct {
		cert   certificate
		pinned bool
		want   string // empty: taken
	}{
		"expired":                 {certificate{until: time.Now().Add(-time.Hour)}, true, "certificate has expired"},
		"self-signed":             {certificate{leaf: true}, false, "certificate signed by unknown authority"},
		"self-signed, pinned":     {certificate{leaf: true}, true, ""},
		"another, of its name":    {certificate{leaf: true, name: "other.example.net"}, true, "cannot validate certificate for 127.0.0.1"},
		"for clients, and pinned": {certificate{leaf: true, forClients: true}, true, "incompatible key usage"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			conf, file := tc.cert.make(t)
			section := "[component.tls]\nenabled = true\n"
			if tc.pinned {
				section += "ca_file = '" + file + "'\n"
			}
			r := tlsStage(t, conf.Certificates[0], nil, section+"[handlers.ping]\n").start()
			if tc.want != "" {
				m.expect("STATUS=not connected.*" + tc.want + ".*")
				return
			}
			if got := r.online().ping(); !isResult(got) {
				t.Errorf("ping was answered with %s", got)
			}
		})
	}
}

// The files are read anew for each stream: a certificate that was renewed needs
// no restart.
func TestN34TLSReadsItsFilesAnew(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, "old.example.net") // not the server's
	pair := issue(t, t.TempDir(), "xmpp.example.net")
	r := tlsStage(t, pair, nil, "[component.tls]\nenabled = true\nserver_name = 'xmpp.example.net'\nca_file = '"+dir+"/cert.pem'\n[handlers.ping]\n")
	m := newManager(t)
	r.start()
	m.expect("STATUS=not connected.*unknown authority.*")
	renewed := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), renewed, 0o600); err != nil {
		t.Fatal(err)
	}
	r.online()
}

func TestTLSFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "noise.pem", "noise", 0o600)
	for name, tc := range map[string]struct{ conf, want string }{
		"no certificate": {"ca_file = 'noise.pem'\n", "read ca_file: no certificate in " + dir + "/noise.pem"},
		"no key pair":    {"cert_file = 'noise.pem'\nkey_file = 'noise.pem'\n", "read cert_file and key_file: tls: failed to find any PEM data"},
	} {
		t.Run(name, func(t *testing.T) {
			name := put(t, dir, "iqd.toml", head+"[component.tls]\nenabled = true\n"+tc.conf, 0o600)
			code, _, errs := command(t, nil, "check", "-c", name)
			if code != 2 || !strings.Contains(errs, "iqd.toml:5:1: component.tls: "+tc.want) {
				t.Errorf("exit code %d, %s, want %s", code, errs, tc.want)
			}
		})
	}
}
