package iqdcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
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

// probes is how often the doctor asks itself: where two connections serve a
// domain, ejabberd picks one at random for each stanza.
const probes = 12

// A tally is what became of the probes.
type tally struct {
	arrived int // there and back
	busy    int // answered that there was no room
	strayed int // somebody else answered
	refused int // answered by a server that could not route it
	oneWay  int // arrived, but the answer did not
	lost    int // did not arrive
	fastest time.Duration
	err     error // of one that was not answered
}

// route finds out whether what is for us arrives.
func (d *doctor) route(ctx context.Context, s *session) bool {
	t := d.tally(ctx, s)
	return ctx.Err() == nil && d.judge(t, s)
}

// judge says what the probes have shown, and reports whether it is good.
func (d *doctor) judge(t tally, s *session) bool {
	switch {
	case t.arrived == probes:
		d.add(finding{what: "route", seen: fmt.Sprintf("what is sent to %s arrives; there and back takes %s", d.cfg.JID, t.fastest.Round(time.Microsecond))})
		return true
	case t.arrived+t.busy == probes:
		d.add(d.busy(t))
		return true
	case t.strayed > 0:
		d.add(d.shared())
	case t.arrived+t.busy+t.oneWay > 0:
		d.add(d.leaky(t))
	case ended(s) && s.why != nil:
		d.add(d.spoken(s.why))
	default:
		d.add(d.deaf(t.err))
	}
	return false
}

// atOnce is how many probes are under way: fewer than our own limits allow, for
// each is a request of one sender, and they are what everybody shares.
func (d *doctor) atOnce() int {
	lim := d.cfg.Limits
	return max(1, min(4, lim.PerSender, lim.PerDomain, lim.InFlight))
}

// tally sends all probes.
func (d *doctor) tally(ctx context.Context, s *session) tally {
	var t tally
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan struct{}, d.atOnce())
	for n := range probes {
		wg.Go(func() {
			turns <- struct{}{}
			// One that is lost takes nobody's place: the next need not wait for its end.
			give := sync.OnceFunc(func() { <-turns })
			defer time.AfterFunc(d.wait/8, give).Stop()
			took, err := d.probe(ctx, s, n, 0)
			give()
			_, heard := s.heard.Load(strconv.Itoa(n))
			mu.Lock()
			defer mu.Unlock()
			t.count(took, err, heard)
		})
	}
	wg.Wait()
	return t
}

// count adds what became of one probe.
func (t *tally) count(took time.Duration, err error, heard bool) {
	var pe *component.PeerError
	switch refused := errors.As(err, &pe); {
	case err == nil:
		t.arrived++
		if t.fastest == 0 || took < t.fastest {
			t.fastest = took
		}
		return
	case refused && pe.Condition == stanza.ResourceConstraint:
		t.busy++
	case refused && !unroutable(pe), errors.Is(err, errOther):
		t.strayed++
	case refused:
		t.refused++
	case heard:
		t.oneWay++
	default:
		t.lost++
	}
	t.err = err
}

// shared says that another connection gets what is for us.
func (d *doctor) shared() finding {
	return finding{
		mark: wrong, what: "route",
		seen:  "some of what is sent to " + d.cfg.JID + " arrives at another program",
		cause: "conflict: a second connection serves the same domain. Another iqd runs; ejabberd shares the requests out between both at random",
		change: []change{
			{"in a shell", "find the other one and stop it: ss -tnp | grep " + d.conf.Component.Server},
		},
	}
}

// busy says that every probe was answered, though some with an error.
func (d *doctor) busy(t tally) finding {
	return finding{
		mark: doubt, what: "route",
		seen:  fmt.Sprintf("what is sent to %s arrives, but %d of %d requests were answered with %v", d.cfg.JID, t.busy, probes, t.err),
		cause: "a limit that is low, or another iqd for the same domain that is busy",
		change: []change{
			d.ours("per_sender and in_flight, under [limits]: larger ones", "limits", "per_sender"),
		},
	}
}

// leaky says that some of what is for us gets lost.
func (d *doctor) leaky(t tally) finding {
	seen := fmt.Sprintf("%d of %d requests from and to %s vanished, on the way there or back: %v", t.lost+t.oneWay, probes, d.cfg.JID, t.err)
	if t.lost+t.oneWay == 0 {
		seen = fmt.Sprintf("%d of %d requests from and to %s were sent back: %v", t.refused, probes, d.cfg.JID, t.err)
	}
	return finding{
		mark: wrong, what: "route", seen: seen,
		cause: "conflict: a second connection gets a share of them; or domain_balancing of ejabberd, with fewer connections than its component_number",
		change: []change{
			{"ejabberd's ejabberd.yml", "no domain_balancing for " + d.cfg.JID + "; then " + loadCommand(nameEjabberd)},
			{"in a shell", "find another connection and stop it: ss -tnp | grep " + d.conf.Component.Server},
		},
	}
}

// deaf says that the stream is up and carries nothing to us.
func (d *doctor) deaf(err error) finding {
	return finding{
		mark: wrong, what: "route",
		seen:  "the server took us in, but what is sent to " + d.cfg.JID + " does not arrive: " + err.Error(),
		cause: "no route back (a deaf stream): the server has forgotten the component, as after a reload of its module, or gives all to another connection",
		change: []change{
			{"in a shell", "sudo prosodyctl shell host activate " + d.cfg.JID + ", or " + loadCommand(nameProsody)},
			{"in a shell", loadCommand(nameEjabberd) + ", or sudo systemctl restart ejabberd"},
			{"ejabberd's ejabberd.yml", "no domain_balancing for " + d.cfg.JID + "; then " + loadCommand(nameEjabberd)},
		},
	}
}

// unroutable reports whether an error is a server's that cannot route, and not
// the answer of another component.
func unroutable(pe *component.PeerError) bool {
	switch pe.Condition {
	case stanza.FeatureNotImplemented, stanza.BadRequest:
		return false
	}
	return true
}

// ended reports whether the stream has.
func ended(s *session) bool {
	select {
	case <-s.lost:
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
	refused, err := d.try(ctx, most)
	switch {
	case err == nil:
		d.add(finding{what: "size", seen: fmt.Sprintf("a stanza of %d bytes passes (max_reply_bytes = %d)", most, d.cfg.Limits.MaxReplyBytes)})
		return
	case !refused:
		d.add(finding{mark: doubt, what: "size", seen: fmt.Sprintf("a stanza of %d bytes was not seen to pass: %v", most, err), cause: "a slow machine; see --wait"})
		return
	}
	fits := 0
	for n := most / 2; n >= leastProbed && fits == 0 && ctx.Err() == nil; n /= 2 {
		if _, err := d.try(ctx, n); err == nil {
			fits = n
		}
	}
	d.add(d.tooBig(most, fits, err))
}

// try sends a stanza of that many bytes over a stream of its own. refused: the
// server ended it.
func (d *doctor) try(ctx context.Context, size int) (refused bool, err error) {
	s, err := d.open(ctx, d.cfg)
	if err != nil {
		return false, err
	}
	defer s.close()
	if _, err = d.probe(ctx, s, 0, size-probeMargin-2*len(d.cfg.JID)); err != nil && ended(s) {
		return true, cmp.Or(s.why, err)
	}
	return false, err
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
		d.theirs("Prosody", fmt.Sprintf("component_stanza_size_limit = %d, above the Component", room)),
		d.theirs("ejabberd", fmt.Sprintf("max_stanza_size: %d, in the listener", room)))
	return f
}
