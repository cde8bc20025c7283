package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

type opener = func(*testing.T, store.Limits) Store

func testEmpty(t *testing.T, open opener) {
	s := open(t, Limits())
	want(t, read(t, s, juliet, store.Everything), 0, "full=true")
	want(t, read(t, s, juliet, 0), 0, "full=false")
	want(t, read(t, s, juliet, 17), 0, "full=true")
	_, err := s.Remove(t.Context(), juliet, romeo)
	wantErr(t, err, store.ErrNotFound)
	want(t, read(t, s, juliet, store.Everything), 0, "full=true")
}

func testItems(t *testing.T, open opener) {
	s := open(t, Limits())
	mustSet(t, s, juliet, store.Item{JID: "romeo@example.net", Name: "Romeo", Groups: []string{"Friends", "Lovers"}})
	v := mustSet(t, s, juliet, store.Item{JID: "nurse@example.com"})
	want(t, read(t, s, juliet, store.Everything), v, "full=true",
		`romeo@example.net "Romeo" ["Friends" "Lovers"]`, `nurse@example.com "" []`)

	// RFC 6121, 2.4.1: an update takes the place of all there was.
	v = mustSet(t, s, juliet, store.Item{JID: "romeo@example.net", Groups: []string{"Lovers"}})
	want(t, read(t, s, juliet, store.Everything), v, "full=true",
		`nurse@example.com "" []`, `romeo@example.net "" ["Lovers"]`)

	v = mustRemove(t, s, juliet, "nurse@example.com")
	want(t, read(t, s, juliet, store.Everything), v, "full=true", `romeo@example.net "" ["Lovers"]`)
	_, err := s.Remove(t.Context(), juliet, "nurse@example.com")
	wantErr(t, err, store.ErrNotFound)

	v = mustSet(t, s, juliet, store.Item{JID: "nurse@example.com", Name: "Angelica"})
	want(t, read(t, s, juliet, store.Everything), v, "full=true",
		`romeo@example.net "" ["Lovers"]`, `nurse@example.com "Angelica" []`)
}

func testApart(t *testing.T, open opener) {
	s := open(t, Limits())
	mustSet(t, s, juliet, store.Item{JID: "nurse@example.com", Name: "Angelica"})
	want(t, read(t, s, romeo, store.Everything), 0, "full=true")
	_, err := s.Remove(t.Context(), romeo, "nurse@example.com")
	wantErr(t, err, store.ErrNotFound)
	v := mustSet(t, s, romeo, store.Item{JID: "nurse@example.com", Name: "Nurse"})
	want(t, read(t, s, romeo, store.Everything), v, "full=true", `nurse@example.com "Nurse" []`)
	mustRemove(t, s, juliet, "nurse@example.com")
	want(t, read(t, s, romeo, store.Everything), v, "full=true", `nurse@example.com "Nurse" []`)
}

func testVersions(t *testing.T, open opener) {
	s := open(t, Limits())
	var last int64
	rises := func(v int64) {
		t.Helper()
		if v <= last {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
		if got := read(t, s, juliet, store.Everything).Version; got != v {
			t.Errorf("roster has version %d after a change that made %d", got, v)
		}
	}
	for i := range 5 {
		rises(mustSet(t, s, juliet, store.Item{JID: fmt.Sprintf("c%d@example.net", i)}))
	}
	for i := range 5 {
		rises(mustRemove(t, s, juliet, fmt.Sprintf("c%d@example.net", i)))
	}
	rises(mustSet(t, s, juliet, store.Item{JID: "c0@example.net"}))
}

// RFC 6121, 2.6.3: changes since a version, each item as it is now.
func testHistory(t *testing.T, open opener) {
	lim := Limits()
	lim.MaxHistory = 4
	s := open(t, lim)
	first := mustSet(t, s, juliet, store.Item{JID: "a@example.net"})
	mustSet(t, s, juliet, store.Item{JID: "b@example.net"})
	mustRemove(t, s, juliet, "a@example.net")
	mustSet(t, s, juliet, store.Item{JID: "c@example.net"})
	v := mustSet(t, s, juliet, store.Item{JID: "b@example.net", Name: "B"})

	want(t, read(t, s, juliet, v), v, "full=false")
	want(t, read(t, s, juliet, v-1), v, "full=false", `b@example.net "B" []`)
	want(t, read(t, s, juliet, first), v, "full=false", "a@example.net removed", `c@example.net "" []`, `b@example.net "B" []`)
	want(t, read(t, s, juliet, v+1), v, "full=true", `c@example.net "" []`, `b@example.net "B" []`)
	want(t, read(t, s, juliet, 0), v, "full=true", `c@example.net "" []`, `b@example.net "B" []`)

	v = mustSet(t, s, juliet, store.Item{JID: "c@example.net", Name: "C"})
	want(t, read(t, s, juliet, first), v, "full=true", `b@example.net "B" []`, `c@example.net "C" []`)
	for i := range 20 { // removals do not pile up, and those in reach are there
		mustSet(t, s, juliet, store.Item{JID: fmt.Sprintf("c%d@example.net", i)})
		v = mustRemove(t, s, juliet, fmt.Sprintf("c%d@example.net", i))
		r := read(t, s, juliet, v-4)
		if r.Full || len(r.Items) != min(i+1, 2) && len(r.Items) != 3 && len(r.Items) != 4 {
			t.Errorf("after removal %d: %q", i, lines(r))
		}
	}
	want(t, read(t, s, juliet, v-2), v, "full=false", "c19@example.net removed")
}

func testMaxItems(t *testing.T, open opener) {
	lim := Limits()
	lim.MaxItems = 2
	s := open(t, lim)
	mustSet(t, s, juliet, store.Item{JID: "a@example.net"})
	v := mustSet(t, s, juliet, store.Item{JID: "b@example.net"})
	_, err := s.Set(t.Context(), juliet, store.Item{JID: "c@example.net"})
	wantErr(t, err, store.ErrItems)
	want(t, read(t, s, juliet, store.Everything), v, "full=true", `a@example.net "" []`, `b@example.net "" []`)

	mustSet(t, s, juliet, store.Item{JID: "a@example.net", Name: "A"})
	mustRemove(t, s, juliet, "b@example.net")
	v = mustSet(t, s, juliet, store.Item{JID: "c@example.net"})
	want(t, read(t, s, juliet, store.Everything), v, "full=true", `a@example.net "A" []`, `c@example.net "" []`)
	mustSet(t, s, romeo, store.Item{JID: "c@example.net"})
}

func testMaxBytes(t *testing.T, open opener) {
	lim := Limits()
	lim.MaxBytes = 1000
	s := open(t, lim)
	mustSet(t, s, juliet, store.Item{JID: "a@example.net", Name: strings.Repeat("x", 400)})
	mustSet(t, s, juliet, store.Item{JID: "b@example.net", Name: strings.Repeat("x", 300)})
	for name, item := range map[string]store.Item{
		"new":   {JID: "c@example.net", Name: strings.Repeat("x", 200)},
		"grown": {JID: "b@example.net", Name: strings.Repeat("x", 500)},
		"group": {JID: "b@example.net", Groups: []string{strings.Repeat("<", 100)}},
	} {
		_, err := s.Set(t.Context(), juliet, item)
		if wantErr(t, err, store.ErrBytes); t.Failed() {
			t.Fatal(name)
		}
	}
	mustSet(t, s, juliet, store.Item{JID: "a@example.net"})
	mustSet(t, s, juliet, store.Item{JID: "b@example.net", Name: strings.Repeat("x", 500)})
	mustRemove(t, s, juliet, "b@example.net")
	mustSet(t, s, juliet, store.Item{JID: "c@example.net", Name: strings.Repeat("x", 700)})
}

func testMaxOwners(t *testing.T, open opener) {
	lim := Limits()
	lim.MaxOwners = 2
	s := open(t, lim)
	mustSet(t, s, juliet, store.Item{JID: "a@example.net"})
	mustSet(t, s, romeo, store.Item{JID: "a@example.net"})
	_, err := s.Set(t.Context(), "paris@example.net", store.Item{JID: "a@example.net"})
	wantErr(t, err, store.ErrOwners)
	want(t, read(t, s, "paris@example.net", store.Everything), 0, "full=true")
	mustSet(t, s, romeo, store.Item{JID: "b@example.net"})

	// An empty roster makes room, and its versions do not come back.
	old := mustRemove(t, s, juliet, "a@example.net")
	mustSet(t, s, "paris@example.net", store.Item{JID: "a@example.net"})
	_, err = s.Set(t.Context(), juliet, store.Item{JID: "a@example.net"})
	wantErr(t, err, store.ErrOwners)
	mustRemove(t, s, "paris@example.net", "a@example.net")
	v := mustSet(t, s, juliet, store.Item{JID: "b@example.net"})
	if v <= old {
		t.Errorf("version %d, and there has been %d", v, old)
	}
	want(t, read(t, s, juliet, old-1), v, "full=true", `b@example.net "" []`)
}

func testTexts(t *testing.T, open opener) {
	s := open(t, Limits())
	const odd = "  O'Neil; DROP TABLE item; \"<&>\" \n\t𝄞 ☃ \u202e \ufffd%_\\"
	mustSet(t, s, odd, store.Item{JID: odd, Name: odd, Groups: []string{odd, `["x"]`, " ", "null"}})
	r := read(t, s, odd, store.Everything)
	if len(r.Items) != 1 || r.Items[0].JID != odd || r.Items[0].Name != odd ||
		fmt.Sprintf("%q", r.Items[0].Groups) != fmt.Sprintf("%q", []string{odd, `["x"]`, " ", "null"}) {
		t.Errorf("read back as %q", lines(r))
	}
	mustRemove(t, s, odd, odd)
}

// A store keeps no string that is a part of somebody's stanza, and no slice.
func testOwn(t *testing.T, open opener) {
	s := open(t, Limits())
	groups := []string{"Friends"}
	v := mustSet(t, s, juliet, store.Item{JID: romeo, Groups: groups})
	groups[0] = "Enemies"
	want(t, read(t, s, juliet, store.Everything), v, "full=true", `romeo@example.net "" ["Friends"]`)
}

// What was read stays as it was.
func testImmutable(t *testing.T, open opener) {
	s := open(t, Limits())
	mustSet(t, s, juliet, store.Item{JID: "a@example.net", Name: "A"})
	v := mustSet(t, s, juliet, store.Item{JID: "b@example.net", Name: "B"})
	before := read(t, s, juliet, store.Everything)
	mustSet(t, s, juliet, store.Item{JID: "a@example.net", Name: "other"})
	mustRemove(t, s, juliet, "b@example.net")
	want(t, before, v, "full=true", `a@example.net "A" []`, `b@example.net "B" []`)
}
