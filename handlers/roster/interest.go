package roster

import (
	"container/list"
	"slices"
	"strings"
	"sync"
)

// Bounds of what is remembered: the owners who were heard of last, and of each
// the resources that asked last. Who is forgotten gets no pushes until the next
// get, which tells what was missed.
const (
	mostOwners    = 100000
	mostResources = 32
)

// interest knows who gets pushes: the resources that have asked for the roster
// and are not known to be gone (RFC 6121, 2.2).
type interest struct {
	mu     sync.Mutex               // guards all below, windows included
	owners map[string]*list.Element // of *interested
	recent *list.List               // the one heard of last in front
	held   int                      // bytes of all pushes that wait
}

type interested struct {
	owner      string
	resources  []*resource // the one that asked last at the end
	unanswered int         // pushes, those to resources that are forgotten included
	held       int         // bytes of pushes that wait
}

// A resource is interested since it asked. When it asks again that makes a new
// one, so what is learnt about an old asking does not end it.
type resource struct {
	of   *interested
	full string
	gone bool // no more pushes
	window
}

func newInterest() *interest {
	return &interest{owners: map[string]*list.Element{}, recent: list.New()}
}

// add remembers that a resource asked. An address without one gets no pushes.
func (in *interest) add(owner, full string) *resource {
	_, res := cut(full)
	if res == "" {
		return &resource{of: &interested{owner: owner}, full: full}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	o := in.owner(owner)
	r := &resource{of: o}
	if i := o.index(res); i >= 0 {
		r.full = o.resources[i].full
		in.end(o.resources[i])
	} else {
		r.full = strings.Clone(full)
	}
	if len(o.resources) == mostResources {
		in.end(o.resources[0])
	}
	o.resources = append(o.resources, r)
	return r
}

// owner returns the entry of an owner and makes it the most recent one.
func (in *interest) owner(owner string) *interested {
	if e := in.owners[owner]; e != nil {
		in.recent.MoveToFront(e)
		return e.Value.(*interested)
	}
	if len(in.owners) >= mostOwners {
		oldest := in.recent.Back().Value.(*interested)
		in.endAll(oldest, func(*resource) bool { return true })
		in.forget(oldest)
	}
	o := &interested{owner: strings.Clone(owner)}
	in.owners[o.owner] = in.recent.PushFront(o)
	return o
}

// forget drops the entry of an owner.
func (in *interest) forget(o *interested) {
	if e := in.owners[o.owner]; e != nil && e.Value == o {
		delete(in.owners, o.owner)
		in.recent.Remove(e)
	}
}

// tidy drops the entry of an owner of whom nothing is to be remembered. Pushes
// that are not answered are: to ask again or to leave does not make room.
func (in *interest) tidy(o *interested) {
	if len(o.resources) == 0 && o.unanswered == 0 {
		in.forget(o)
	}
}

// of returns the resources of owner that are interested, in the order in which
// they asked, without the one called from.
func (in *interest) of(owner, from string) []*resource {
	_, res := cut(from)
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.owners[owner]
	if e == nil {
		return nil
	}
	in.recent.MoveToFront(e)
	var out []*resource
	for _, r := range e.Value.(*interested).resources {
		if !r.named(res) {
			out = append(out, r)
		}
	}
	return out
}

// drop forgets a resource, unless it has asked again since.
func (in *interest) drop(r *resource) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.end(r)
	in.tidy(r.of)
}

// leave forgets a resource, or all of an owner's when it has no name.
func (in *interest) leave(owner, res string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.owners[owner]
	if e == nil {
		return
	}
	o := e.Value.(*interested)
	in.endAll(o, func(r *resource) bool { return res == "" || r.named(res) })
	in.tidy(o)
}

// endAll ends the resources of an owner that are gone.
func (in *interest) endAll(o *interested, gone func(*resource) bool) {
	for _, r := range slices.Clone(o.resources) {
		if gone(r) {
			in.end(r)
		}
	}
}

// end takes a resource out, and drops what waits for it.
func (in *interest) end(r *resource) {
	r.gone = true
	for len(r.held) > 0 {
		in.unhold(r)
	}
	if i := slices.Index(r.of.resources, r); i >= 0 {
		r.of.resources = slices.Delete(r.of.resources, i, i+1)
	}
}

func (o *interested) index(res string) int {
	return slices.IndexFunc(o.resources, func(r *resource) bool { return r.named(res) })
}

func (r *resource) named(res string) bool {
	_, own := cut(r.full)
	return own == res
}
