package componenttest_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// each runs a test with both personalities.
func each(t *testing.T, f func(t *testing.T, p componenttest.Personality)) {
	for _, p := range []componenttest.Personality{componenttest.Prosody, componenttest.Ejabberd} {
		t.Run(string(p), func(t *testing.T) { f(t, p) })
	}
}

// Checklist 1: the header differs in order and id.
func TestHeader(t *testing.T) {
	for p, want := range map[componenttest.Personality]string{
		componenttest.Prosody: `^<\?xml version='1.0'\?><stream:stream xmlns='jabber:component:accept' xml:lang='en' ` +
			`id='[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}' ` +
			`xmlns:stream='http://etherx.jabber.org/streams' from='iq.example.net'>$`,
		componenttest.Ejabberd: `^<\?xml version='1.0'\?><stream:stream id='[0-9]{1,20}' xml:lang='en' ` +
			`xmlns:stream='http://etherx.jabber.org/streams' from='iq.example.net' xmlns='jabber:component:accept'>$`,
	} {
		t.Run(string(p), func(t *testing.T) {
			c := dial(t, newServer(t, componenttest.Options{Personality: p}))
			if got := c.open(usualHeader); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("header = %s, want %s", got, want)
			}
		})
	}
}

func TestHandshake(t *testing.T) {
	const prosody, ejabberd = componenttest.Prosody, componenttest.Ejabberd
	asItIs := func(s string) string { return s }
	upper := func(s string) string {
		return "<handshake>" + strings.ToUpper(s[len("<handshake>"):len(s)-len("</handshake>")]) + "</handshake>"
	}
	wrong := func(string) string { return "<handshake>0123</handshake>" }
	empty := func(string) string { return "<handshake/>" }
	const badToken = "Given token does not match calculated token"
	for name, tc := range map[string]struct {
		p      componenttest.Personality
		id     string
		header string // empty: the usual one
		make   func(string) string
		want   string // empty: accepted
	}{
		"right, prosody":           {p: prosody, make: asItIs},
		"right, ejabberd":          {p: ejabberd, make: asItIs},
		"odd id":                   {p: prosody, id: `a&b<'"` + "\u00e9\U0001F600", make: asItIs},
		"wrong, prosody":           {p: prosody, make: wrong, want: streamError("not-authorized", badToken)},
		"wrong, ejabberd":          {p: ejabberd, make: wrong, want: streamError("not-authorized", "")},
		"empty, prosody":           {p: prosody, make: empty, want: streamError("not-authorized", badToken)},
		"upper case, prosody":      {p: prosody, make: upper},
		"upper case, ejabberd":     {p: ejabberd, make: upper, want: streamError("not-authorized", "")},
		"jabber:client, prosody":   {p: prosody, header: with("xmlns='jabber:component:accept'", "xmlns='jabber:client'"), make: asItIs},
		"other case, ejabberd":     {p: ejabberd, header: with("iq.example.net", "IQ.Example.NET"), make: asItIs},
		"no declaration, prosody":  {p: prosody, header: with("<?xml version='1.0'?>", ""), make: asItIs},
		"version, prosody":         {p: prosody, header: with("to=", "version='1.0' to="), make: asItIs},
		"other encoding, ejabberd": {p: ejabberd, header: with("?>", " encoding='ISO-8859-1'?>"), make: asItIs},
		"unknown host, ejabberd":   {p: ejabberd, header: with("iq.example.net", "other.example.net"), make: asItIs, want: streamError("not-authorized", "")},
		"the server's own, ejabberd": {p: ejabberd, header: with("iq.example.net", "example.net"), make: asItIs,
			want: streamError("conflict", "Unable to register route on existing local domain")},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, componenttest.Options{Personality: tc.p, StreamID: tc.id})
			c := dial(t, srv)
			if tc.header == "" {
				tc.header = usualHeader
			}
			c.open(tc.header)
			c.send(tc.make(c.handshake("secret")))
			if tc.want != "" {
				c.wantEnd(tc.want)
				return
			}
			c.expect(`^<handshake/>`)
			c.wantAlive()
			if srv.Connections() != 1 || srv.Streams() != 1 || len(srv.Violations()) > 0 {
				t.Errorf("%d connections, %d streams, violations %q", srv.Connections(), srv.Streams(), srv.Violations())
			}
		})
	}
}

// with returns the usual header with one part replaced.
func with(part, by string) string { return strings.Replace(usualHeader, part, by, 1) }

// What is refused at once, after the server's own header.
func TestBadHeader(t *testing.T) {
	const prosody, ejabberd = componenttest.Prosody, componenttest.Ejabberd
	for name, tc := range map[string]struct {
		p      componenttest.Personality
		header string
		want   string
		bare   bool // the server's header has an empty id and no from
	}{
		"unknown host, prosody": {prosody, with("iq.example.net", "other.example.net"),
			streamError("host-unknown", "other.example.net does not match any configured external components"), true},
		"the server's own, prosody": {prosody, with("iq.example.net", "example.net"),
			streamError("host-unknown", "example.net does not match any configured external components"), true},
		"other case, prosody": {prosody, with("iq.example.net", "IQ.example.net"),
			streamError("host-unknown", "IQ.example.net does not match any configured external components"), true},
		"no to, prosody":             {prosody, with(" to='iq.example.net'", ""), streamError("improper-addressing", ""), false},
		"no to, ejabberd":            {ejabberd, with(" to='iq.example.net'", ""), streamError("improper-addressing", ""), false},
		"jabber:client, ejabberd":    {ejabberd, with("jabber:component:accept", "jabber:client"), streamError("invalid-namespace", ""), false},
		"connect, ejabberd":          {ejabberd, with("jabber:component:accept", "jabber:component:connect"), streamError("invalid-xml", ""), false},
		"other streams, prosody":     {prosody, with("etherx.jabber.org", "example.net"), streamError("invalid-namespace", ""), false},
		"other streams, ejabberd":    {ejabberd, with("etherx.jabber.org", "example.net"), streamError("invalid-namespace", ""), false},
		"other encoding, prosody":    {prosody, with("?>", " encoding='ISO-8859-1'?>"), streamError("not-well-formed", ""), false},
		"not XML at all":             {prosody, "GET / HTTP/1.1 <&", streamError("not-well-formed", ""), false},
		"a prefix without namespace": {prosody, with("xmlns:stream=", "xmlns:other="), streamError("not-well-formed", ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, newServer(t, componenttest.Options{Personality: tc.p}))
			head := c.open(tc.header)
			if bare := strings.Contains(head, " id=''") && !strings.Contains(head, "from="); bare != tc.bare {
				t.Errorf("header = %s", head)
			}
			c.wantEnd(tc.want)
		})
	}
}

func TestStanzaBeforeHandshake(t *testing.T) {
	const early = "<iq type='get' id='1' from='iq.example.net' to='juliet@example.net'><ping xmlns='urn:xmpp:ping'/></iq>"
	t.Run("prosody", func(t *testing.T) {
		srv := newServer(t, componenttest.Options{})
		c := dial(t, srv)
		c.open(usualHeader)
		c.send(early + "<presence from='iq.example.net' to='juliet@example.net'/>" + c.handshake("secret"))
		c.expect(`^<iq type='error' id='1' to='iq.example.net' from='juliet@example.net'><error type='cancel'><service-unavailable [^>]*/></error></iq>` +
			`<handshake/>`)
		c.wantAlive()
	})
	t.Run("ejabberd", func(t *testing.T) {
		srv := newServer(t, componenttest.Options{Personality: componenttest.Ejabberd})
		c := dial(t, srv)
		c.open(usualHeader)
		c.send(early)
		c.wantEnd(streamError("not-authorized", ""))
		wantViolation(t, srv, "before the handshake")
	})
}

func TestSecondHandshake(t *testing.T) {
	each(t, func(t *testing.T, p componenttest.Personality) {
		srv := newServer(t, componenttest.Options{Personality: p})
		c := login(t, srv)
		c.send(c.handshake("secret"))
		if p == componenttest.Prosody {
			c.wantEnd(endTag)
		} else {
			c.wantAlive()
		}
		wantViolation(t, srv, "second handshake")
	})
}

// Only ejabberd has no patience with who does not open.
func TestIdleOpening(t *testing.T) {
	each(t, func(t *testing.T, p componenttest.Personality) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, componenttest.Options{Personality: p, KickOld: true})
			up, c := login(t, srv), dial(t, srv)
			c.conn.SetDeadline(time.Now().Add(135 * time.Second))
			up.conn.SetDeadline(time.Time{})
			defer up.wantAlive()
			if p == componenttest.Prosody {
				if _, err := c.conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "timeout") {
					t.Errorf("Read() error = %v, want a timeout", err)
				}
				return
			}
			c.expect(`^<\?xml version='1.0'\?><stream:stream [^>]*>`)
			c.wantEnd(streamError("connection-timeout", "Idle connection"))
		})
	})
}

// Checklist 7 and 13: Prosody has one connection for a domain, ejabberd many.
func TestSecondConnection(t *testing.T) {
	t.Run("prosody", func(t *testing.T) {
		srv := newServer(t, componenttest.Options{})
		first, next := login(t, srv), dial(t, srv)
		next.open(usualHeader)
		next.send(next.handshake("secret"))
		next.wantEnd(streamError("conflict", "Component already connected"))
		first.wantAlive()
	})
	t.Run("prosody, kick_old", func(t *testing.T) {
		srv := newServer(t, componenttest.Options{KickOld: true})
		first := login(t, srv)
		next := login(t, srv)
		first.wantEnd(streamError("conflict", "Replaced by a new connection"))
		next.wantAlive()
	})
	t.Run("ejabberd", func(t *testing.T) {
		srv := newServer(t, componenttest.Options{Personality: componenttest.Ejabberd})
		first, next := login(t, srv), login(t, srv)
		for range 2 {
			if err := srv.Send("<presence/>"); err != nil {
				t.Fatal(err)
			}
		}
		first.expect(`^<presence/>$`)
		next.expect(`^<presence/>$`)
		first.conn.Close()
		next.send(endTag)
		next.wantEnd(endTag)
		if err := srv.WaitOffline(t.Context()); err != nil || srv.Streams() != 2 {
			t.Errorf("WaitOffline() = %v, %d streams", err, srv.Streams())
		}
	})
}

// A component that closes and comes back at once is never in its own way.
func TestComesBackAtOnce(t *testing.T) {
	srv := newServer(t, componenttest.Options{})
	for range 50 {
		login(t, srv).conn.Close()
	}
}

func wantViolation(t *testing.T, srv *componenttest.Server, part string) {
	t.Helper()
	if got := strings.Join(srv.Violations(), "\n"); !strings.Contains(got, part) {
		t.Errorf("Violations() = %q, want %q in it", got, part)
	}
}
