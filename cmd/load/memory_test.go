package load_test

import (
	"os"
	"strconv"
	"testing"
)

// TestMemoryOfWaitingRequests: 10,000 requests wait at a handler that takes 50 ms.
// The goal is less than 40 MiB resident, here at the worst moment.
func TestMemoryOfWaitingRequests(t *testing.T) {
	srv := listen(t)
	p := bench(t, srv)
	l := srv.accept()
	l.run(load{n: 10_000, window: 10_000, ask: func(int) (typ, payload string) {
		return "get", "<query xmlns='urn:bench:slow'/>"
	}})
	peak := p.memory("VmHWM")
	t.Logf("at most %.1f MiB resident with 10,000 requests waiting, %.1f at the end", mib(peak), mib(p.memory("VmRSS")))
	if peak > 40<<10 {
		t.Errorf("%.1f MiB resident, want less than 40", mib(peak))
	}
}

func mib(kib int) float64 { return float64(kib) / 1024 }

// TestMemoryIsFlat: iqd is as large after many requests as it was after few. The
// goal is 10 million; IQD_LOAD_REQUESTS in the environment says how many.
func TestMemoryIsFlat(t *testing.T) {
	n := 300_000
	if s := os.Getenv("IQD_LOAD_REQUESTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	srv := listen(t)
	p := daemon(t, build(t, "cmd/iqd"), srv, t.TempDir(), "[handlers.ping]\n[handlers.disco]\n[handlers.version]\n[handlers.time]\n[handlers.roster]\nstore = 'memory:'\n")
	l := srv.accept()
	var sizes []int
	const parts = 10
	for range parts {
		l.run(load{n: n / parts, window: 256, ask: mixed, look: func(i int, raw []byte) {
			if typ, handled := attr(raw, "type"), i%len(mixture) < len(mixture)-1; handled != (typ == "result") {
				t.Fatalf("request %d was answered with %s", i, raw)
			}
		}})
		sizes = append(sizes, p.memory("VmRSS"))
	}
	first, last := sizes[0], sizes[parts-1]
	t.Logf("%d requests: %.1f MiB resident after a tenth, %.1f at the end; all in KiB: %d", n, mib(first), mib(last), sizes)
	if last > first+4<<10 {
		t.Errorf("grew from %.1f to %.1f MiB", mib(first), mib(last))
	}
	if peak := p.memory("VmHWM"); peak > 40<<10 {
		t.Errorf("%.1f MiB resident at the worst moment, want less than 40", mib(peak))
	}
}

// mixture is what a mixed load asks for; nobody answers the last.
var mixture = [...]struct{ typ, payload string }{
	{"get", ping},
	{"get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
	{"get", "<query xmlns='http://jabber.org/protocol/disco#items'/>"},
	{"get", "<query xmlns='jabber:iq:version'/>"},
	{"get", "<time xmlns='urn:xmpp:time'/>"},
	{"get", "<query xmlns='jabber:iq:roster'/>"},
	{"set", "<query xmlns='jabber:iq:roster'><item jid='romeo@example.net' name='Romeo &amp; &lt;%d&gt;'><group>Friends</group></item></query>"},
	{"get", "<query xmlns='urn:example:nobody'/>"},
}

func mixed(i int) (typ, payload string) {
	m := mixture[i%len(mixture)]
	return m.typ, m.payload
}
