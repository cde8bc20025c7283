package rsm

import (
	"strconv"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// A Page is a part of a list: the items from From up to but not including To.
type Page struct {
	From, To int
	Count    int  // of the whole list
	Show     bool // whether the reply has to say which part this is
}

// A Finder tells where the item with a key is in the list: at place at if exact,
// else it would be in front of the item that is there. A key that never was one
// of the list is not ok.
type Finder func(key string) (at int, exact, ok bool)

// Page returns the page that is wanted of a list of count items, and at most so
// many of them. A key that says nothing is item-not-found (XEP-0059, 2.4).
func (q Query) Page(count, most int, find Finder) (Page, error) {
	size := most
	if q.max >= 0 && q.max < most {
		size = q.max
	}
	p := Page{Count: count}
	switch q.where {
	case atStart:
		p.To = size
	case atIndex: // XEP-0059, 2.6: past the end the page is empty
		p.From, p.To = q.index, q.index+size
	case atEnd:
		p.From, p.To = count-size, count
	default:
		at, exact, ok := find(q.key)
		if !ok {
			return Page{}, component.Errorf(stanza.ItemNotFound, "no such page")
		}
		p.From, p.To = at-size, at
		if q.where == afterKey {
			if exact {
				at++
			}
			p.From, p.To = at, at+size
		}
	}
	p.From = min(max(p.From, 0), count)
	p.To = min(max(p.To, p.From), count)
	// XEP-0059, 2.2: of a list without items nothing is told but that.
	p.Show = count > 0 && (q.Asked || p.To-p.From < count)
	return p, nil
}

// Encode writes the set element that belongs to the page, in the order of the
// schema, if there has to be one. Key returns the key of an item.
func (p Page) Encode(e *component.Encoder, key func(i int) string) {
	if !p.Show {
		return
	}
	e.Start(NS, "set")
	text(e, "count", strconv.Itoa(p.Count))
	if p.From < p.To { // XEP-0059, 2.2: an empty page has neither first nor last
		e.Start("", "first")
		e.Attr("index", strconv.Itoa(p.From))
		e.Text(key(p.From))
		e.End()
		text(e, "last", key(p.To-1))
	}
	e.End()
}

func text(e *component.Encoder, local, s string) {
	e.Start("", local)
	e.Text(s)
	e.End()
}
