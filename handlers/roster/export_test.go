package roster

import (
	"log/slog"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// What the tests of the inside need.
const (
	MostOwners    = mostOwners
	MostResources = mostResources
)

var (
	Plain  = plain
	Normal = normal
)

// An Interest is the memory of who gets pushes.
type Interest struct{ *interest }

// NewInterest returns an empty one.
func NewInterest() Interest { return Interest{newInterest()} }

// Add remembers that a resource asked.
func (in Interest) Add(owner, full string) { in.add(owner, full) }

// Of returns the full JIDs that are pushed to.
func (in Interest) Of(owner string) []string {
	var out []string
	for _, r := range in.of(owner, "") {
		out = append(out, r.full)
	}
	return out
}

// Owners returns how many owners are remembered.
func (in Interest) Owners() int { return len(in.owners) }

// CatchUp pushes items to a resource that has asked, and returns who is
// interested afterwards.
func CatchUp(rq component.Requester, owner, full string, items ...*store.Item) []string {
	h := &handler{interest: newInterest(), log: slog.New(slog.DiscardHandler)}
	h.catchUp(rq, h.interest.add(owner, full), items)
	return Interest{h.interest}.Of(owner)
}
