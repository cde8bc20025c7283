// Package rsm cuts lists into pages as XEP-0059: Result Set Management wants it.
package rsm

import (
	"strconv"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// NS is the namespace of result set management.
const NS = "http://jabber.org/protocol/rsm"

// A Query says which page of a list is wanted. The zero Query is all of it.
type Query struct {
	Asked bool // the request has a set element
	max   int  // -1: not given
	where place
	key   string // of after and before
	index int
}

// A place is what a page is found by.
type place uint8

const (
	atStart place = iota
	afterKey
	beforeKey
	atEnd
	atIndex
)

// Parse reads the set element of a request's payload. A number that is none, or
// two elements that contradict one another, are a bad-request.
func Parse(payload component.Element) (Query, error) {
	set := payload.Child(NS, "set")
	if set.IsZero() {
		return Query{max: -1}, nil
	}
	q := Query{Asked: true, max: -1}
	for el := range set.Children() {
		if el.Name().Space != NS {
			continue
		}
		if err := q.take(el.Name().Local, el.Text()); err != nil {
			return Query{}, err
		}
	}
	return q, nil
}

func (q *Query) take(name, text string) (err error) {
	switch name {
	case "max":
		q.max, err = number(name, text)
		return err
	case "index":
		if q.index, err = number(name, text); err != nil {
			return err
		}
		return q.at(atIndex)
	case "after":
		q.key = text
		return q.at(afterKey)
	case "before":
		q.key = text
		if text == "" { // XEP-0059, 2.5: the last page
			return q.at(atEnd)
		}
		return q.at(beforeKey)
	}
	return nil
}

func (q *Query) at(p place) error {
	if q.where != atStart {
		return component.Errorf(stanza.BadRequest, "only one of after, before and index")
	}
	q.where = p
	return nil
}

// number reads an xs:int that is not negative.
func number(name, text string) (int, error) {
	n, err := strconv.ParseInt(strings.Trim(text, " \t\r\n"), 10, 32)
	if err != nil || n < 0 {
		return 0, component.Errorf(stanza.BadRequest, "%s is not a number", name)
	}
	return int(n), nil
}
