package store_test

import (
	"errors"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A roster within its bytes has to fit into a reply, whatever is escaped.
func TestSize(t *testing.T) {
	for written, item := range map[string]store.Item{
		`<item jid='a@b' subscription='none'/>`:                                                    {JID: "a@b"},
		`<item jid='a@b' name='&amp;&lt;&gt;&apos;&quot;' subscription='none'></item>`:             {JID: "a@b", Name: `&<>'"`},
		`<item jid='a@b' name='&#x9;&#xA;&#xD;' subscription='none'></item>`:                       {JID: "a@b", Name: "\t\n\r"},
		`<item jid='a@b' subscription='none'><group>&amp;&amp;</group><group>ä</group></item>`:     {JID: "a@b", Groups: []string{"&&", "ä"}},
		`<item jid='a@b' name='Someone' subscription='none'><group></group><group></group></item>`: {JID: "a@b", Name: "Someone", Groups: []string{"", ""}},
	} {
		if n := item.Size(); n < len(written) || n > len(written)+40 {
			t.Errorf("size of %s is %d, want %d or a few more", written, n, len(written))
		}
	}
}

func TestCheck(t *testing.T) {
	lim := store.Limits{MaxItems: 2, MaxBytes: 100}
	for name, tc := range map[string]struct {
		items, bytes, was, size int
		isNew                   bool
		want                    error
	}{
		"new":                    {1, 50, 0, 50, true, nil},
		"one too many":           {2, 50, 0, 10, true, store.ErrItems},
		"one byte too many":      {1, 50, 0, 51, true, store.ErrBytes},
		"changed in a full one":  {2, 100, 50, 50, false, nil},
		"grown":                  {2, 100, 50, 51, false, store.ErrBytes},
		"less, though too large": {2, 200, 50, 49, false, nil},
	} {
		if err := lim.Check(tc.items, tc.bytes, tc.was, tc.size, tc.isNew); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestReaches(t *testing.T) {
	lim := store.Limits{MaxHistory: 5}
	for name, tc := range map[string]struct {
		since, floor, version int64
		want                  bool
	}{
		"current": {9, 0, 9, true}, "oldest": {4, 0, 9, true}, "too old": {3, 0, 9, false}, "forgotten": {6, 7, 9, false},
		"at the floor": {7, 7, 9, true}, "never given out": {10, 0, 9, false}, "everything": {store.Everything, 0, 2, false},
		"before the first item": {0, 7, 9, true}, "long before": {0, 3, 9, false},
	} {
		if got := lim.Reaches(tc.since, tc.floor, tc.version); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
