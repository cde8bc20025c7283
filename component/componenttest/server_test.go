package componenttest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

const message = "<message from='iq.example.net' to='juliet@example.net'/>"

// What the component sends goes to the test, itself, or the server.
func TestRouting(t *testing.T) {
	each(t, func(t *testing.T, p componenttest.Personality) {
		srv := newServer(t, componenttest.Options{Personality: p, Hosts: []string{"example.net", "example.org"}})
		c := login(t, srv)
		c.send("<iq type='get' id='1' from='iq.example.net' to='Example.Org'><ping xmlns='urn:xmpp:ping'/></iq>")
		c.expect(`^<iq type='result' id='1' to='iq.example.net' from='Example.Org'/>$`)
		for _, to := range []string{"iq.example.net", "IQ.example.net/x", "a@iq.example.net/b@c"} {
			self := "<iq type='result' id='2' from='iq.example.net' to='" + to + "'/>"
			c.send(self)
			c.expect("^" + self + "$")
		}
		for _, s := range []string{
			message,
			"<iq type='result' id='' from='iq.example.net/x' to='juliet@example.net'><a xmlns='urn:a'>&amp; \u00e9</a></iq>",
			"<iq type='get' id='3' from='iq.example.net' to='example.net'><query xmlns='jabber:iq:version'/></iq>",
			"<iq type='get' id='4' from='iq.example.net' to='romeo@example.net/orchard'><ping xmlns='urn:xmpp:ping'/></iq>",
		} {
			c.send(s)
			wantStanza(t, srv, s)
		}
		if got := srv.Violations(); len(got) > 0 {
			t.Errorf("Violations() = %q", got)
		}
	})
}

// However the bytes are cut, stanzas are whole (checklist 27).
func TestSplitting(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	stanzas := []string{message, "<message from='iq.example.net' to='a@example.net'><body>\U0001F600 &gt;\n</body></message>", message}
	for b := range strings.SplitSeq(stanzas[0]+"\n "+stanzas[1]+stanzas[2], "") {
		c.send(b)
	}
	for _, s := range stanzas {
		wantStanza(t, srv, s)
	}
}

func TestNext(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	c := login(t, srv)
	stanza := func(id string) string {
		return "<iq type='result' id='" + id + "' from='iq.example.net' to='juliet@example.net'/>"
	}
	for i := range 5 {
		c.send(stanza(fmt.Sprint(i)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got, err := srv.NextID(ctx, "3"); got != stanza("3") || err != nil {
		t.Errorf("NextID() = %s, %v", got, err)
	}
	if got, err := srv.NextMatch(ctx, "<iq type='result' id='1' from='*'\n  to='*'/>"); got != stanza("1") || err != nil {
		t.Errorf("NextMatch() = %s, %v", got, err)
	}
	for _, id := range []string{"0", "2", "4"} {
		wantStanza(t, srv, stanza(id))
	}
	for name, pattern := range map[string]string{"broken": "<iq", "none": "", "two": "<iq/><iq/>"} {
		if _, err := srv.NextMatch(ctx, pattern); err == nil {
			t.Errorf("NextMatch() of a pattern that is %s: no error", name)
		}
	}
	cancel()
	if _, err := srv.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next() error = %v, want the context's", err)
	}
	srv.Close()
	if _, err := srv.Next(t.Context()); !errors.Is(err, componenttest.ErrServerClosed) {
		t.Errorf("Next() error = %v, want %v", err, componenttest.ErrServerClosed)
	}
}

func TestSend(t *testing.T) {
	srv := newServer(t, componenttest.Options{Buffer: 10})
	if err := srv.Send(message); !errors.Is(err, componenttest.ErrOffline) {
		t.Errorf("Send() to nobody = %v, want %v", err, componenttest.ErrOffline)
	}
	c := login(t, srv)
	const raw = " <not xml &#1; \n"
	for range 20 { // nobody reads yet, and the buffer is small
		if err := srv.Send(raw); err != nil {
			t.Fatal(err)
		}
	}
	c.expect("^" + strings.Repeat(raw, 20) + "$")
}

func TestDialIsRefused(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := srv.Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial() error = %v, want the context's", err)
	}
	srv.Close()
	var op *net.OpError
	if _, err := srv.Dial(t.Context()); !errors.As(err, &op) || op.Op != "dial" {
		t.Errorf("Dial() of a closed server = %v", err)
	}
}

func TestListen(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	addr, err := srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	connect := func() net.Conn {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	c := newRawClient(t, connect())
	c.login()
	c.wantAlive()
	srv.Fragment(1)
	c.wantAlive()
	srv.Reset()
	if _, err := c.conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("Read() after Reset() = %v", err)
	}
	srv.Refuse(1)
	if conn, err := net.Dial("tcp", addr); err == nil { // the reset may come that early
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("a connection was taken in spite of Refuse")
		}
	}
	c = newRawClient(t, connect())
	c.login()
	srv.Cut()
	c.wantEnd("")
}

func TestListenTLS(t *testing.T) {
	cert, pool := certificate(t)
	srv := newServer(t, componenttest.Options{Personality: componenttest.Ejabberd, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	addr, err := srv.Listen()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "example.net"})
	if err != nil {
		t.Fatal(err)
	}
	c := newRawClient(t, conn)
	c.login()
	c.wantAlive()
	srv.Reset()
	if _, err := conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("Read() after Reset() = %v", err)
	}
}

// certificate returns a certificate for example.net and what verifies it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"example.net"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var got []string
	srv := newServer(t, componenttest.Options{StreamID: "id", Trace: func(sent bool, data string) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, map[bool]string{true: "> ", false: "< "}[sent]+data)
	}})
	c := login(t, srv)
	c.send(message + message)
	wantStanza(t, srv, message)
	wantStanza(t, srv, message)
	c.send(endTag)
	c.wantEnd(endTag)
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 7 || got[0] != "< "+usualHeader || got[2] != "< "+c.handshake("secret") || got[3] != "> <handshake/>" ||
		got[4] != "< "+message || got[6] != "> "+endTag {
		t.Errorf("traced:\n%s", strings.Join(got, "\n"))
	}
}
