package iqdcmd

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/iqd-xmpp/iqd/component"
)

// explain says why the server did not take us.
func (d *doctor) explain(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // we were told to stop
	}
	var se *component.StreamError
	if errors.As(err, &se) && !se.ByUs {
		d.add(d.spoken(err))
		return
	}
	f, known := d.certificate(err)
	if !known {
		f, known = d.unreachable(err)
	}
	if !known {
		f, known = d.amongServers(ctx)
	}
	if !known {
		f = d.stranger(ctx, err)
	}
	d.add(f)
}

// amongServers recognises the port for other servers by the default namespace of
// its stream (RFC 6120, 4.8.2).
func (d *doctor) amongServers(ctx context.Context) (finding, bool) {
	said := d.say(ctx, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "+
		"xmlns:stream='http://etherx.jabber.org/streams' to='"+d.cfg.JID+"'>")
	f := finding{mark: wrong, what: "connection", seen: d.conf.Component.Server + " speaks as to another server: jabber:server"}
	d.serverPort(&f)
	text := strings.ReplaceAll(string(said), `"`, "'")
	return f, !d.conf.Component.TLS.Enabled && strings.Contains(text, " xmlns='jabber:server'")
}

// unreachable explains why there is no connection at all.
func (d *doctor) unreachable(err error) (finding, bool) {
	addr := d.conf.Component.Server
	f := finding{mark: wrong, what: "connection", seen: "no connection to " + addr + ": " + lastOf(err)}
	server := d.ours(`server = "host:port" of the server's component port`, "component", "server")
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		f.seen = fmt.Sprintf("the name %q has no address: %s", dns.Name, dns.Err)
		f.cause = "a misspelt name, or a DNS that does not know it"
		f.change = []change{server}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		f.seen = "connection refused: nobody listens at " + addr
		f.cause = "the server does not run, or has no component port there: Prosody opens one with its first Component, ejabberd with a listener"
		f.change = append(d.listeners(), server)
		d.unloaded(&f, nameEjabberd, nameProsody)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.cause = "no route to that machine: a wrong address, or the network is down"
		f.change = []change{server}
	case errors.Is(err, fs.ErrPermission):
		f.cause = "this user may not use the socket"
		f.change = []change{{"in a shell", "chmod or chgrp the socket for the user that iqd runs as"}}
	case errors.As(err, &op) && op.Op == "dial" && isTimeout(err):
		f.seen = fmt.Sprintf("no answer from %s within %s", addr, d.patience())
		f.cause = "a firewall drops the packets, or the address is another machine's"
		f.change = []change{server}
	default:
		return finding{}, false
	}
	return f, true
}

// listeners names the lines that open a component port.
func (d *doctor) listeners() []change {
	file := shellWord(d.app.config)
	return []change{
		d.theirs("Prosody", `Component "`+d.cfg.JID+`", see: iqd server-config prosody -c `+file),
		d.theirs("ejabberd", "module: ejabberd_service, see: iqd server-config ejabberd -c "+file),
	}
}

// certificate explains what is wrong with the server's certificate.
func (d *doctor) certificate(err error) (finding, bool) {
	f := finding{mark: wrong, what: "tls", seen: "TLS mismatch: " + lastOf(err)}
	var ca x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var op *net.OpError // tls has no exported type for what the other side says
	switch {
	case errors.As(err, &ca):
		f.cause = "nobody whom this machine trusts has signed the server's certificate: unknown CA"
		f.change = []change{d.ours(`ca_file = "/path/to/ca.pem" under [component.tls]: the CA, or the certificate itself if it is self-signed`, "component", "tls", "ca_file")}
	case errors.As(err, &name):
		f.cause = fmt.Sprintf("the certificate is for %s, and not for %q: wrong name", namesOf(name.Certificate), name.Host)
		f.change = []change{d.ours(fmt.Sprintf("server_name = %q under [component.tls]", firstName(name.Certificate)), "component", "tls", "server_name")}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.cause = fmt.Sprintf("the server's certificate is valid from %s to %s: expired, or one of the clocks is wrong",
			invalid.Cert.NotBefore.Format("2006-01-02"), invalid.Cert.NotAfter.Format("2006-01-02"))
		f.change = []change{d.theirs("ejabberd", "certfile: a renewed certificate")}
	case errors.As(err, &invalid):
		f.cause = "the server's certificate is not fit for a server"
		f.change = []change{d.theirs("ejabberd", "certfile: another certificate")}
	case errors.As(err, &op) && op.Op == "remote error":
		return d.alert(f), true
	default:
		return finding{}, false
	}
	return f, true
}

// alert explains that the server ended the TLS handshake.
func (d *doctor) alert(f finding) finding {
	if strings.Contains(f.seen, "unrecognized name") {
		f.cause = "the server has no certificate for the name that we ask for: wrong name"
		f.change = []change{d.ours("server_name = \"a domain of the server\" under [component.tls]", "component", "tls", "server_name")}
		return f
	}
	f.cause = "the server ended the TLS handshake: it may want a certificate of ours, or has none itself"
	f.change = []change{
		d.ours(`cert_file = "..." and key_file = "..." under [component.tls]`, "component", "tls"),
		d.theirs("ejabberd", `certfile: "/etc/ejabberd/ejabberd.pem", in the listener`),
	}
	return f
}

func namesOf(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name at all"
	}
	return strings.Join(names, ", ")
}

func firstName(c *x509.Certificate) string {
	names, _, _ := strings.Cut(namesOf(c), ", ")
	return names
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// lastOf returns the innermost text of an error, where the cause is named.
func lastOf(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
