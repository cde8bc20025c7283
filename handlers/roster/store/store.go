// Package store holds what roster stores have in common: items, limits and
// errors. The stores themselves are in the packages below.
package store

import "errors"

// Everything is the since of a reader that has nothing yet.
const Everything int64 = -1

// An Item is one line of a roster, or what is remembered of one that was
// removed. A store that has handed one out never changes it.
type Item struct {
	JID     string   // as RFC 7622 normalises it
	Name    string   // may be empty
	Groups  []string // in the order of the client
	Version int64    // of the roster, once this item was as it is
	Removed bool     // nothing but JID and Version is left
}

// A Roster is the answer to a reader that knows the roster as of some version.
type Roster struct {
	Version int64   // of the roster now; 0: the owner never had one
	Full    bool    // Items is all there is; else what changed since
	Items   []*Item // by rising version. They and the slice belong to the store
}

// Limits bound what a store keeps. They hold for what is added: whatever is
// there already can still be changed and removed.
type Limits struct {
	MaxItems   int // of an owner
	MaxBytes   int // of an owner, as Item.Size counts them
	MaxOwners  int // of the store
	MaxHistory int // the last changes of an owner that a reader can ask for
}

// Errors of a store. Compare with errors.Is.
var (
	ErrNotFound = errors.New("no such roster item")
	ErrItems    = errors.New("roster has as many items as it may have")
	ErrBytes    = errors.New("roster is as large as it may be")
	ErrOwners   = errors.New("store has as many rosters as it may have")
)

// ErrUnchanged is what an error of Set and Remove is when the roster is for
// certain as it was before. Of any other the outcome is not known.
var ErrUnchanged = errors.New("roster is unchanged")

// Unchanged returns err as an error that is ErrUnchanged too and says the same.
// Of nil it returns nil.
func Unchanged(err error) error {
	if err == nil {
		return nil
	}
	return &unchanged{err}
}

type unchanged struct{ err error }

func (u *unchanged) Error() string { return u.err.Error() }

func (u *unchanged) Unwrap() error { return u.err }

func (u *unchanged) Is(target error) bool { return target == ErrUnchanged }

// overhead is what an item costs in a reply beside its strings.
const overhead = len(`<item jid="" name="" subscription="none"></item>`)

// Size returns how many bytes the item takes in a reply, or a few more.
func (it *Item) Size() int {
	n := overhead + escaped(it.JID) + escaped(it.Name)
	for _, g := range it.Groups {
		n += len("<group></group>") + escaped(g)
	}
	return n
}

// escaped returns how long s is once it is written as XML.
func escaped(s string) int {
	n := len(s)
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '&', '<', '>', '\'', '"', '\n', '\r', '\t':
			n += len("&quot;") - 1
		}
	}
	return n
}

// Check returns why an item of size more bytes cannot be put into a roster of
// that many items and bytes. The item takes the place of one of size was; isNew
// says that there is none.
func (l Limits) Check(items, bytes, was, size int, isNew bool) error {
	switch {
	case isNew && items >= l.MaxItems:
		return ErrItems
	case size > was && bytes-was+size > l.MaxBytes:
		return ErrBytes
	}
	return nil
}

// Reaches reports whether a reader that has the version since can be told what
// changed up to version, in a roster that remembers each change after floor. Who
// has version 0 asked before there was a roster: for those it began empty.
func (l Limits) Reaches(since, floor, version int64) bool {
	if since == 0 {
		since = floor
	}
	return since >= floor && since <= version && version-since <= int64(l.MaxHistory)
}
