package iqdcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// probeMargin is more than what stands around the text of a probe, but for our
// address, which is in it twice.
const probeMargin = 512

// leastProbed is where the search for the server's limit ends: none is lower
// (RFC 6120, 13.12).
const leastProbed = 8192

// mostProbed is the largest stanza that the doctor tries.
const mostProbed = 16 << 20

// route finds out whether what is for us arrives. It asks several times, for
// where two connections serve a domain, ejabberd takes turns at random.
func (d *doctor) route(ctx context.Context, s *session) bool {
	var fastest time.Duration
	for n := range 12 {
		took, err := d.probe(ctx, s, n, 0)
		if err != nil {
			d.add(d.noRoute(s, err))
			return false
		}
		if n == 0 || took < fastest {
			fastest = took
		}
	}
	d.add(finding{what: "route", seen: fmt.Sprintf("what is sent to %s arrives; there and back takes %s", d.cfg.JID, fastest.Round(time.Microsecond))})
	return true
}

// noRoute says why a request to ourselves was not answered by us.
func (d *doctor) noRoute(s *session, err error) finding {
	f := finding{mark: wrong, what: "route"}
	var pe *component.PeerError
	switch {
	case errors.Is(err, errOther), errors.As(err, &pe) && taken(pe):
		f.seen = "what is sent to " + d.cfg.JID + " arrives at another program, sometimes at least"
		f.cause = "conflict: a second connection serves the same domain; is another iqd running? ejabberd shares the requests out at random"
		f.change = []change{{"in a shell", "find the other one (ss -tnp | grep " + d.conf.Component.Server + ") and stop it"}}
	case ended(s) && s.why != nil:
		return d.spoken(s.why)
	default:
		f.seen = "the server took us in, but what is sent to " + d.cfg.JID + " does not arrive: " + err.Error()
		f.cause = "no route back (a deaf stream): the server has forgotten the component, as after a reload of its module, or another connection gets all"
		f.change = []change{
			{"in a shell", "prosodyctl shell host activate " + d.cfg.JID + ", or systemctl restart prosody"},
			{"in a shell", "ejabberdctl reload_config, or systemctl restart ejabberd"},
			{"ejabberd's ejabberd.yml", "no domain_balancing for " + d.cfg.JID},
		}
	}
	return f
}

// taken reports whether an error is an answer of another component, and not of a
// server that cannot route.
func taken(pe *component.PeerError) bool {
	return pe.Condition == stanza.FeatureNotImplemented || pe.Condition == stanza.BadRequest
}

func ended(s *session) bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// server makes sure that the first of hosts is a domain of the server, and asks
// for its name.
func (d *doctor) server(ctx context.Context, s *session) {
	env := d.conf.environment(d.app.world.Getenv, nil)
	if len(env.Hosts) == 0 {
		return
	}
	host := env.Hosts[0]
	_, err := d.request(ctx, s, host, d.wait, "urn:xmpp:ping", "ping")
	var pe *component.PeerError
	if err != nil && (!errors.As(err, &pe) || absent(pe)) {
		d.add(finding{
			mark: doubt, what: "server", seen: host + " does not answer as a domain of this server: " + err.Error(),
			cause:  "hosts are the domains whose users may use the handlers that keep data; without it, the parent of jid",
			change: []change{d.ours(`hosts = ["the domain of your users"]`, "component", "hosts")},
		})
		return
	}
	seen := host + " is there"
	if resp, err := d.request(ctx, s, host, min(d.wait, time.Second), "jabber:iq:version", "query"); err == nil {
		seen = host + " is " + cmp.Or(resp.Payload.Child("", "name").Text(), "a server") + " " + resp.Payload.Child("", "version").Text()
	}
	d.add(finding{what: "server", seen: escape(seen)})
}

// absent reports whether a server says that it does not know a domain.
func absent(pe *component.PeerError) bool {
	switch pe.Condition {
	case stanza.RemoteServerNotFound, stanza.RemoteServerTimeout, stanza.NotAllowed:
		return true
	}
	return false
}

// request asks for an empty element.
func (d *doctor) request(ctx context.Context, s *session, to string, wait time.Duration, space, local string) (*component.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return s.SendIQ(ctx, component.Call{To: to, Payload: component.PayloadFunc(func(e *component.Encoder) { e.Empty(space, local) })})
}

// size finds out whether the server takes stanzas as large as we may write. A
// server that does not ends the stream, so each try has one of its own.
func (d *doctor) size(ctx context.Context) {
	most := min(d.cfg.Limits.MaxReplyBytes, mostProbed)
	err := d.try(ctx, most)
	if err == nil {
		d.add(finding{what: "size", seen: fmt.Sprintf("a stanza of %d bytes passes (max_reply_bytes = %d)", most, d.cfg.Limits.MaxReplyBytes)})
		return
	}
	fits := 0
	for n := most / 2; n >= leastProbed && fits == 0 && ctx.Err() == nil; n /= 2 {
		if d.try(ctx, n) == nil {
			fits = n
		}
	}
	d.add(d.tooBig(most, fits, err))
}

// try sends a stanza of that many bytes over a stream of its own.
func (d *doctor) try(ctx context.Context, size int) error {
	s, err := d.open(ctx, d.cfg)
	if err != nil {
		return err
	}
	defer s.close()
	_, err = d.probe(ctx, s, 0, size-probeMargin-2*len(d.cfg.JID))
	if ended(s) {
		return cmp.Or(s.why, err)
	}
	return err
}

func (d *doctor) tooBig(most, fits int, err error) finding {
	f := finding{
		mark: wrong, what: "size", seen: fmt.Sprintf("a stanza of %d bytes does not pass, the server ends the stream: %v", most, err),
		cause: "the limit max_reply_bytes does not fit: the server's own is lower, and the first reply above that disconnects all users",
	}
	if fits > 0 {
		f.seen += fmt.Sprintf("\n%d bytes pass", fits)
		f.change = append(f.change, d.ours(fmt.Sprintf("max_reply_bytes = %d, under [limits]", fits), "limits", "max_reply_bytes"))
	}
	room := serverSetup{MaxReply: d.cfg.Limits.MaxReplyBytes}.room()
	f.change = append(f.change,
		d.theirs("Prosody", fmt.Sprintf("component_stanza_size_limit = %d, above the Component; then restart", room)),
		d.theirs("ejabberd", fmt.Sprintf("max_stanza_size: %d, in the listener", room)))
	return f
}
