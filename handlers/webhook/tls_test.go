package webhook_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

// secure starts a server with TLS, and returns the files of its certificate and of
// its key.
func secure(t *testing.T, conf *tls.Config) (srv *httptest.Server, cert, key string) {
	t.Helper()
	srv = httptest.NewUnstartedServer(http.HandlerFunc(sunny))
	srv.TLS, srv.Config.ErrorLog = conf, log.New(new(syncBuffer), "", 0) // refused certificates are its matter
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pair := srv.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert = file(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	return srv, cert, file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

func TestOwnCA(t *testing.T) {
	srv, cert, _ := secure(t, nil)
	cfg := config(srv.URL)
	cfg.CAFile = cert
	want(t, begin(t, cfg, patience).ask("get"), "sunny")
}

// A certificate that nobody we trust has signed ends the request, and the stream
// does not notice.
func TestWrongCertificate(t *testing.T) {
	srv, _, _ := secure(t, nil)
	r := begin(t, config(srv.URL), patience)
	want(t, r.ask("get"), "<internal-server-error")
	want(t, r.logged("certificate"), "handler=weather", srv.URL)
	r.send("get", "2", "<ping xmlns='urn:xmpp:ping'/>")
	want(t, r.reply("2"), "type='result'")
}

// The certificate of another host is refused, whoever signed it.
func TestCertificateOfAnotherHost(t *testing.T) {
	srv, cert, _ := secure(t, nil)
	cfg := config("https://localhost" + srv.URL[len("https://127.0.0.1"):]) // it is for 127.0.0.1 and example.com
	cfg.CAFile = cert
	r := begin(t, cfg, patience)
	want(t, r.ask("get"), "<internal-server-error")
	r.logged("certificate")
}

func TestClientCertificate(t *testing.T) {
	srv, cert, key := secure(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
	cfg := config(srv.URL)
	cfg.CAFile = cert
	want(t, begin(t, cfg, patience).ask("get"), "<internal-server-error")
	cfg.CertFile, cfg.KeyFile = cert, key
	want(t, begin(t, cfg, patience).ask("get"), "sunny")
}
