package disco

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"net/url"
	"slices"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/internal/rsm"
)

// An itemsReply is the answer to disco#items: a page of a list.
type itemsReply struct {
	node
	list list
	page rsm.Page
}

var item = component.MustTag("item", "jid", "node", "name")

// EncodeXML writes the query element of XEP-0030, 4.1.
func (r *itemsReply) EncodeXML(e *component.Encoder) {
	r.start(e, NSItems)
	for _, it := range r.list[r.page.From:r.page.To] {
		e.EmptyTag(item, it.JID, it.Node, it.Name)
	}
	r.page.Encode(e, func(i int) string { return key(r.list[i]) })
	e.End()
}

// A list is sorted by address and node, and has each of these once: the order of
// one request is that of the next, whatever came or went in between.
type list []component.Item

func byAddress(a, b component.Item) int {
	return cmp.Or(cmp.Compare(a.JID, b.JID), cmp.Compare(a.Node, b.Node))
}

// inOrder takes the items over. Of those that are there twice the first stays.
func inOrder(items []component.Item) list {
	for i := 1; i < len(items); i++ {
		if byAddress(items[i-1], items[i]) >= 0 {
			slices.SortStableFunc(items, byAddress)
			return slices.CompactFunc(items, func(a, b component.Item) bool { return byAddress(a, b) == 0 })
		}
	}
	return items
}

// find is the rsm.Finder of the list. The key holds what the list is sorted by, so
// that paging goes on behind an item that is gone (XEP-0059, 2.2 and 2.4).
func (l list) find(k string) (at int, exact, ok bool) {
	it, ok := parseKey(k)
	if !ok {
		return 0, false, false
	}
	at, exact = slices.BinarySearchFunc(l, it, byAddress)
	return at, exact, true
}

// key returns the UID of an item (XEP-0059, 2.2): a checksum, by which a key that
// was never handed out is told from that of an item that is gone, the address and
// the node.
func key(it component.Item) string {
	s := url.PathEscape(it.JID) + "?" + url.PathEscape(it.Node)
	return fmt.Sprintf("%08x.%s", crc32.ChecksumIEEE([]byte(s)), s)
}

func parseKey(k string) (component.Item, bool) {
	_, s, _ := strings.Cut(k, ".")
	address, n, _ := strings.Cut(s, "?")
	jid, err1 := url.PathUnescape(address)
	node, err2 := url.PathUnescape(n)
	it := component.Item{JID: jid, Node: node}
	return it, err1 == nil && err2 == nil && key(it) == k
}
