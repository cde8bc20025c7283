package iqdcmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
)

// spoken explains a stream error (RFC 6120, 4.9): what the server said when it
// refused us. Both servers have ways of their own to say the same.
func (d *doctor) spoken(err error) finding {
	var se *component.StreamError
	if !errors.As(err, &se) {
		return finding{mark: wrong, what: "connection", seen: "the stream ended: " + err.Error(), cause: "the server was stopped, or restarted"}
	}
	f := finding{mark: wrong, what: "handshake", seen: "the server says " + strings.TrimPrefix(se.Error(), "stream error ")}
	switch se.Condition {
	case "not-authorized":
		d.notAuthorized(&f, se)
	case "host-unknown":
		if strings.Contains(se.Text, "does not serve") { // Prosody at the port for clients
			d.wrongPort(&f)
			break
		}
		f.cause = "unknown host: Prosody has no external component of the name " + d.cfg.JID
		f.change = []change{
			d.theirs("Prosody", fmt.Sprintf("Component %q, see: iqd server-config prosody", d.cfg.JID)),
			d.ours("jid, as the server's Component is called, in lower case", "component", "jid"),
		}
		d.unloaded(&f, nameProsody)
	case "conflict":
		d.conflict(&f, se)
	case "invalid-namespace", "invalid-xml", "unsupported-version":
		d.wrongPort(&f)
	case "unsupported-stanza-type": // Prosody takes our handshake for a stanza of another server
		d.serverPort(&f)
	case "connection-timeout":
		f.cause = "the handshake took longer than the server waits: an overloaded machine, or something between that holds it up"
	case "system-shutdown":
		f.cause = "the server is being shut down"
	default:
		f.cause = "the server's log says more"
	}
	return f
}

func (d *doctor) wrongPort(f *finding) {
	f.cause = "this is the port for clients or for servers (5222, 5269), and not the one for components"
	f.change = []change{d.ours(`server = "host:5347", the server's component port`, "component", "server")}
}

func (d *doctor) serverPort(f *finding) {
	d.wrongPort(f)
	f.cause = "this is the port for other servers (5269), and not the one for components"
}

// notAuthorized tells what ejabberd keeps to itself.
func (d *doctor) notAuthorized(f *finding, se *component.StreamError) {
	secret := d.secretPlace()
	if strings.Contains(se.Text, "token") {
		f.cause = "wrong secret: Prosody has another one for " + d.cfg.JID
		f.change = []change{secret, d.theirs("Prosody", fmt.Sprintf("component_secret, under Component %q", d.cfg.JID))}
		d.unloaded(f, nameProsody)
		return
	}
	f.cause = "wrong secret, or unknown host: ejabberd says not-authorized to both, and Prosody where component_secret is missing"
	f.change = []change{
		secret,
		d.theirs("ejabberd", fmt.Sprintf("password, below hosts: %q of the listener", d.cfg.JID)),
		d.theirs("ejabberd", fmt.Sprintf("hosts: has to have %q, see: iqd server-config ejabberd", d.cfg.JID)),
		d.theirs("Prosody", fmt.Sprintf("component_secret, under Component %q", d.cfg.JID)),
	}
	d.unloaded(f, nameEjabberd, nameProsody)
}

func (d *doctor) conflict(f *finding, se *component.StreamError) {
	if strings.Contains(se.Text, "existing local domain") {
		f.cause = d.cfg.JID + " is a domain that the server serves itself: a component needs one of its own"
		f.change = []change{d.ours(fmt.Sprintf("jid = %q, and that name in the server's file", "iqd."+d.cfg.JID), "component", "jid")}
		return
	}
	f.cause = "conflict: another connection serves " + d.cfg.JID + ". Another iqd runs, or an old connection has not been noticed to be dead"
	f.change = []change{
		{"in a shell", "find the other iqd and stop it: ss -tnp | grep " + d.conf.Component.Server},
		d.theirs("Prosody", `component_conflict_resolve = "kick_old", so that a new connection replaces a dead one`),
	}
}
