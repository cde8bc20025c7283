//go:build linux

package load

import (
	"fmt"
	"strings"
)

// A kind is one sort of request, and what its answer must be.
type kind struct {
	name   string
	set    bool
	fails  bool // it is answered with an error
	asleep bool // its handler takes its time
	body   []byte
	check  func(element) error
	right  []byte // the payload that the check liked last
}

// TextSize and TreeSize are how much a huge request carries: bytes of text, and
// items of a roster.
const (
	TextSize = 64 << 10
	TreeSize = 600
)

// kinds returns what there is to ask for, with rosters of so many items.
func kinds(items int) []kind {
	query := func(ns, inner string) []byte {
		return []byte("<query xmlns='" + ns + "'>" + inner + "</query></iq>")
	}
	return []kind{
		{name: "ping", body: []byte("<ping xmlns='urn:xmpp:ping'/></iq>"), check: checkEmpty},
		{name: "disco-info", body: []byte("<query xmlns='" + nsInfo + "'/></iq>"), check: checkInfo},
		{name: "disco-items", body: []byte("<query xmlns='" + nsItems + "'/></iq>"), check: checkItems},
		{name: "roster-get", body: []byte("<query xmlns='" + nsRoster + "'/></iq>"), check: checkRoster(items)},
		{name: "roster-set", set: true, check: checkEmpty, body: query(nsRoster,
			"<item jid='nurse@example.net' name='Nurse &amp; Friar'><group>Servants</group></item>")},
		{name: "unhandled", fails: true, body: []byte("<query xmlns='urn:bench:unknown'/></iq>"), check: checkRefusal},
		{name: "slow", asleep: true, body: []byte("<query xmlns='urn:bench:slow'/></iq>"), check: checkEmpty},
		{name: "liar", asleep: true, body: []byte("<query xmlns='urn:bench:liar'/></iq>"), check: checkEmpty},
		{name: "plugin", body: []byte("<query xmlns='" + nsPlugin + "'/></iq>"), check: checkPlugin},
		{name: "text-in", body: query(nsSink, text()), check: checkSink(0, TextSize)},
		{name: "tree-in", body: query(nsSink, tree()), check: checkSink(TreeSize, 0)},
	}
}

func text() string {
	return strings.Repeat("But, soft! what light through yonder window breaks? ", TextSize/52+1)[:TextSize]
}

func tree() string {
	var b strings.Builder
	for i := range TreeSize {
		fmt.Fprintf(&b, "<item jid='contact%d@example.net' name='Contact %d' subscription='both'><group>Friends</group></item>", i, i)
	}
	return b.String()
}
