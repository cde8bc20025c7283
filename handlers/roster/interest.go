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
	mu     sync.Mutex
	owners map[string]*list.Element // of *interested
	recent *list.List               // the one heard of last in front
	asked  uint64
}

type interested struct {
	owner     string
	resources []resource // the one that asked last at the end
}

// A resource is interested since it asked. The same one may be gone and come
// back meanwhile, so what is learnt about an old asking does not end a new one.
type resource struct {
	owner, full string
	asked       uint64
}

func newInterest() *interest {
	return &interest{owners: map[string]*list.Element{}, recent: list.New()}
}

// add remembers that a resource asked. An address without one gets no pushes.
func (in *interest) add(owner, full string) resource {
	_, res := cut(full)
	if res == "" {
		return resource{owner: owner, full: full}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	o := in.owner(owner)
	in.asked++
	r := resource{owner: o.owner, asked: in.asked}
	if i := o.index(res); i >= 0 {
		r.full = o.resources[i].full
		o.resources = slices.Delete(o.resources, i, i+1)
	} else {
		r.full = strings.Clone(full)
	}
	if len(o.resources) == mostResources {
		o.resources = slices.Delete(o.resources, 0, 1)
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
		in.forget(in.recent.Back())
	}
	o := &interested{owner: strings.Clone(owner)}
	in.owners[o.owner] = in.recent.PushFront(o)
	return o
}

func (in *interest) forget(e *list.Element) {
	delete(in.owners, e.Value.(*interested).owner)
	in.recent.Remove(e)
}

// of returns the resources of owner that are interested, in the order in which
// they asked, without the one called from.
func (in *interest) of(owner, from string) []resource {
	_, res := cut(from)
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.owners[owner]
	if e == nil {
		return nil
	}
	in.recent.MoveToFront(e)
	var out []resource
	for _, r := range e.Value.(*interested).resources {
		if _, other := cut(r.full); other != res {
			out = append(out, r)
		}
	}
	return out
}

// drop forgets a resource, unless it has asked again since.
func (in *interest) drop(r resource) {
	_, res := cut(r.full)
	in.remove(r.owner, func(o resource) bool {
		_, other := cut(o.full)
		return other == res && o.asked == r.asked
	})
}

// leave forgets a resource, or all of an owner's when it has no name.
func (in *interest) leave(owner, res string) {
	in.remove(owner, func(o resource) bool {
		_, other := cut(o.full)
		return res == "" || other == res
	})
}

func (in *interest) remove(owner string, gone func(resource) bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.owners[owner]
	if e == nil {
		return
	}
	o := e.Value.(*interested)
	if o.resources = slices.DeleteFunc(o.resources, gone); len(o.resources) == 0 {
		in.forget(e)
	}
}

func (o *interested) index(res string) int {
	return slices.IndexFunc(o.resources, func(r resource) bool {
		_, other := cut(r.full)
		return other == res
	})
}
