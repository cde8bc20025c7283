package e2e_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/cmd/internal/realserver"
)

// TestN34CertificateChanges: the server comes back with a certificate of another
// authority. It is refused until ca_file names that one, and then taken, without a
// restart of iqd. And ca_file may name the certificate itself (N33).
func TestN34CertificateChanges(t *testing.T) {
	t.Parallel()
	bothServers(t, realserver.Options{TLS: true}, func(t *testing.T, srv *realserver.Server) {
		trusted := filepath.Join(t.TempDir(), "trusted.pem")
		trust := func(name string) { writeText(t, trusted, readText(t, filepath.Join(srv.Dir, name))) }
		alice := func(id string) {
			t.Helper()
			c := srv.Login(t, "alice", id)
			defer c.Close()
			n := 0
			realserver.Eventually(t, 40*time.Second, func() bool {
				n++
				return realserver.Parse(c.IQ(pingOf(srv.Component, fmt.Sprint(id, n)))).Type == "result"
			})
		}
		trust("ca.pem")
		at := &realserver.Server{Component: srv.Component, Secret: srv.Secret, ComponentPort: srv.TLSPort}
		log := daemon(t, at, fmt.Sprintf("[component.tls]\nenabled = true\nca_file = %q\n[handlers.ping]\n", trusted))
		alice("first")
		srv.RenewCertificate()
		srv.Restart()
		srv.WaitReady()
		realserver.Eventually(t, 40*time.Second, func() bool { return log.count("unknown authority") > 0 })
		trust("ca.pem")
		alice("renewed")
		srv.RenewCertificate()
		srv.Restart()
		srv.WaitReady()
		realserver.Eventually(t, 40*time.Second, func() bool { return log.count("unknown authority") > 1 })
		trust("cert.pem")
		alice("pinned")
	})
}
