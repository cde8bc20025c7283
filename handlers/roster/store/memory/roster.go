package memory

import (
	"slices"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A roster is a list of items by rising version, those that were removed among
// them: the list is its own history. A change moves its item to the end.
type roster struct {
	owner          string
	version, floor int64
	items, bytes   int // of those that are there
	nodes          map[string]*node
	first, last    *node
	removed        int           // nodes whose item is not there any more
	snapshot       []*store.Item // what all returned last; nil after a change
}

type node struct {
	item       *store.Item
	size       int
	prev, next *node
}

// size returns the size of an item that is there, or that there is none.
func (r *roster) size(jid string) (size int, isNew bool) {
	n := r.nodes[jid]
	if n == nil || n.item.Removed {
		return 0, true
	}
	return n.size, false
}

// item returns what there is, or was, under an address; nil: nothing.
func (r *roster) item(jid string) *store.Item {
	if n := r.nodes[jid]; n != nil {
		return n.item
	}
	return nil
}

func (r *roster) put(item *store.Item, size int) {
	n := r.nodes[item.JID]
	switch {
	case n == nil:
		n = &node{}
		r.nodes[item.JID] = n
		r.items++
	case n.item.Removed:
		r.removed--
		r.items++
		r.unlink(n)
	default:
		r.unlink(n)
	}
	r.bytes += size - n.size
	n.item, n.size = item, size
	r.push(n)
}

func (r *roster) remove(jid string) bool {
	n := r.nodes[jid]
	if n == nil || n.item.Removed {
		return false
	}
	r.items--
	r.removed++
	r.bytes -= n.size
	n.item, n.size = &store.Item{JID: n.item.JID, Removed: true}, 0
	r.unlink(n)
	r.push(n)
	return true
}

// push puts n at the end as the newest change.
func (r *roster) push(n *node) {
	r.version++
	n.item.Version = r.version
	n.prev, n.next = r.last, nil
	if r.last == nil {
		r.first = n
	} else {
		r.last.next = n
	}
	r.last = n
	r.snapshot = nil
}

func (r *roster) unlink(n *node) {
	if n.prev == nil {
		r.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		r.last = n.prev
	} else {
		n.next.prev = n.prev
	}
}

// forget drops the removals that no reader can ask for any more, once there are
// so many that looking for them pays.
func (r *roster) forget(lim store.Limits) {
	if r.removed <= 2*lim.MaxHistory {
		return
	}
	oldest := r.version - int64(lim.MaxHistory)
	for n := r.first; n != nil && n.item.Version <= oldest; n = n.next {
		if n.item.Removed {
			r.unlink(n)
			delete(r.nodes, n.item.JID)
			r.removed--
		}
	}
}

// all returns the items that are there.
func (r *roster) all() []*store.Item {
	if r.snapshot == nil {
		r.snapshot = make([]*store.Item, 0, r.items)
		for n := r.first; n != nil; n = n.next {
			if !n.item.Removed {
				r.snapshot = append(r.snapshot, n.item)
			}
		}
	}
	return r.snapshot
}

// after returns what changed after a version.
func (r *roster) after(version int64) []*store.Item {
	var items []*store.Item
	for n := r.last; n != nil && n.item.Version > version; n = n.prev {
		items = append(items, n.item)
	}
	slices.Reverse(items)
	return items
}
