package rsm_test

import (
	"errors"
	"slices"
	"sort"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/rsm"
	"mellium.im/xmpp/stanza"
)

// letters is the list that the tests page through; a key is a letter.
const letters = "bdfhjlnprt"

func find(list string) rsm.Finder {
	return func(key string) (at int, exact, ok bool) {
		if len(key) != 1 || key[0] < 'a' || key[0] > 'z' {
			return 0, false, false
		}
		at = sort.Search(len(list), func(i int) bool { return list[i] >= key[0] })
		return at, at < len(list) && list[at] == key[0], true
	}
}

func parse(t *testing.T, set string) (rsm.Query, error) {
	t.Helper()
	el, err := component.ParseElement("<query xmlns='urn:example:list'>" + set + "</query>")
	if err != nil {
		t.Fatal(err)
	}
	return rsm.Parse(el)
}

func ask(inner string) string { return "<set xmlns='" + rsm.NS + "'>" + inner + "</set>" }

// Checklist 54, XEP-0059, 2.1 to 2.7.
func TestPage(t *testing.T) {
	for name, tc := range map[string]struct {
		set  string
		list string
		want string
		show bool
	}{
		"nothing asked, all fits":      {"", letters[:4], "bdfh", false},
		"nothing asked, too many":      {"", letters, "bdfhjl", true},
		"a set without a word":         {ask(""), letters, "bdfhjl", true},
		"2.1 max":                      {ask("<max>2</max>"), letters, "bd", true},
		"2.1 more than the bound":      {ask("<max>2147483647</max>"), letters, "bdfhjl", true},
		"2.1 max with white space":     {ask("<max>\n 2 </max>"), letters, "bd", true},
		"2.1 max of all":               {ask("<max>6</max>"), letters[:4], "bdfh", true},
		"2.2 after":                    {ask("<max>3</max><after>f</after>"), letters, "hjl", true},
		"2.2 after without max":        {ask("<after>f</after>"), letters, "hjlnpr", true},
		"2.2 after one that is gone":   {ask("<max>3</max><after>g</after>"), letters, "hjl", true},
		"2.2 after the last":           {ask("<max>3</max><after>t</after>"), letters, "", true},
		"2.2 no items at all":          {ask("<max>3</max>"), "", "", false},
		"2.3 before":                   {ask("<max>3</max><before>n</before>"), letters, "hjl", true},
		"2.3 before one that is gone":  {ask("<max>3</max><before>m</before>"), letters, "hjl", true},
		"2.3 before, fewer than asked": {ask("<max>3</max><before>d</before>"), letters, "b", true},
		"2.3 before the first":         {ask("<max>3</max><before>b</before>"), letters, "", true},
		"2.5 last page":                {ask("<max>3</max><before/>"), letters, "prt", true},
		"2.5 last page of a short one": {ask("<max>30</max><before/>"), letters[:3], "bdf", true},
		"2.6 index":                    {ask("<max>3</max><index>4</index>"), letters, "jln", true},
		"2.6 index 0":                  {ask("<max>3</max><index>0</index>"), letters, "bdf", true},
		"2.6 index at the end":         {ask("<max>3</max><index>9</index>"), letters, "t", true},
		"2.6 index past the end":       {ask("<max>3</max><index>2147483647</index>"), letters, "", true},
		"2.7 count":                    {ask("<max>0</max>"), letters, "", true},
		"2.7 count, from the end":      {ask("<max>0</max><before/>"), letters, "", true},
		"elements of others":           {ask("<max>2</max><max xmlns='urn:example:else'>x</max><hint/>"), letters, "bd", true},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := parse(t, tc.set)
			if err != nil {
				t.Fatal(err)
			}
			p, err := q.Page(len(tc.list), 6, find(tc.list))
			if err != nil {
				t.Fatal(err)
			}
			if got := tc.list[p.From:p.To]; got != tc.want || p.Show != tc.show || p.Count != len(tc.list) {
				t.Errorf("Page() = %q of %d, show = %v; want %q, show = %v", got, p.Count, p.Show, tc.want, tc.show)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		set  string
		want stanza.Condition
	}{
		"max is a word":            {ask("<max>ten</max>"), stanza.BadRequest},
		"max is empty":             {ask("<max/>"), stanza.BadRequest},
		"max is negative":          {ask("<max>-1</max>"), stanza.BadRequest},
		"max is a fraction":        {ask("<max>1.5</max>"), stanza.BadRequest},
		"max is beyond xs:int":     {ask("<max>2147483648</max>"), stanza.BadRequest},
		"index is a word":          {ask("<index>x</index>"), stanza.BadRequest},
		"index is negative":        {ask("<index>-1</index>"), stanza.BadRequest},
		"after and before":         {ask("<after>b</after><before>h</before>"), stanza.BadRequest},
		"after twice":              {ask("<after>b</after><after>d</after>"), stanza.BadRequest},
		"index and last page":      {ask("<index>2</index><before/>"), stanza.BadRequest},
		"2.4 after what never was": {ask("<after>nonsense</after>"), stanza.ItemNotFound},
		"2.4 before likewise":      {ask("<before>nonsense</before>"), stanza.ItemNotFound},
		"2.4 after nothing":        {ask("<after/>"), stanza.ItemNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := parse(t, tc.set)
			if err == nil {
				_, err = q.Page(len(letters), 6, find(letters))
			}
			var se *component.Error
			if !errors.As(err, &se) || se.Condition != tc.want {
				t.Errorf("error = %v, want %s", err, tc.want)
			}
		})
	}
}

// XEP-0059, 2.2: whoever pages through a list gets each item that stays once,
// whatever comes and goes meanwhile.
func TestPagingWhileTheListChanges(t *testing.T) {
	for _, size := range []string{"1", "2", "3", "5", "10"} {
		list, got, set := letters, "", ask("<max>"+size+"</max>")
		for range len(letters) + 1 {
			q, err := parse(t, set)
			if err != nil {
				t.Fatal(err)
			}
			p, err := q.Page(len(list), 6, find(list))
			if err != nil {
				t.Fatal(err)
			}
			if p.From == p.To {
				break
			}
			last := list[p.To-1]
			got += list[p.From:p.To]
			list = without(list, last) // the item that the next page starts behind
			set = ask("<max>" + size + "</max><after>" + string(last) + "</after>")
		}
		if got != letters {
			t.Errorf("pages of %s: got %q, want %q", size, got, letters)
		}
	}
}

func without(list string, b byte) string {
	return string(slices.DeleteFunc([]byte(list), func(c byte) bool { return c == b }))
}
