package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// An owner is a row of that table, and the size of one item.
type owner struct {
	id, version  int64
	items, bytes int
	size         int // -1: there is no such item
}

func (w *writer) find(jid, item string) (o owner, err error) {
	err = w.query(find, item, jid).Scan(&o.id, &o.version, &o.items, &o.bytes, &o.size)
	if errors.Is(err, sql.ErrNoRows) {
		return owner{size: -1}, nil
	}
	return o, err
}

func (w *writer) set(jid string, item *store.Item) (int64, error) {
	o, err := w.find(jid, item.JID)
	if err != nil {
		return 0, err
	}
	size, isNew := item.Size(), o.size < 0
	if err := w.lim.Check(o.items, o.bytes, max(o.size, 0), size, isNew); err != nil {
		return 0, err
	}
	if o.id == 0 {
		if o, err = w.admit(jid); err != nil {
			return 0, err
		}
	}
	o.version++
	o.bytes += size - max(o.size, 0)
	if isNew {
		o.items++
	}
	if err := w.exec(putItem, o.id, item.JID, item.Name, packGroups(item.Groups), o.version, size); err != nil {
		return 0, err
	}
	return o.version, w.exec(touch, o.version, o.items, o.bytes, o.id)
}

func (w *writer) remove(jid, item string) (int64, error) {
	o, err := w.find(jid, item)
	if err != nil {
		return 0, err
	}
	if o.size < 0 {
		return 0, store.ErrNotFound
	}
	version := o.version + 1
	if err := w.exec(removeItem, version, o.id, item); err != nil {
		return 0, err
	}
	oldest := version - int64(w.lim.MaxHistory)
	if err := w.exec(forget, o.id, oldest); err != nil {
		return 0, err
	}
	if err := w.exec(raiseFloor, oldest, o.id); err != nil {
		return 0, err
	}
	return version, w.exec(touch, version, o.items-1, o.bytes-o.size, o.id)
}

// admit adds an owner. When there are too many, one whose roster is empty makes
// room.
//
// A version is never used for two states of a roster, not even by another file
// later: the first one is the time in microseconds, and above that of every
// owner who made room.
func (w *writer) admit(jid string) (owner, error) {
	var owners int
	var born int64
	if err := w.query(newest).Scan(&owners, &born); err != nil {
		return owner{}, err
	}
	if owners >= w.lim.MaxOwners {
		gone, err := w.makeRoom()
		if err != nil {
			return owner{}, err
		}
		born = max(born, gone)
	}
	born = max(born, time.Now().UnixMicro())
	res, err := w.stmts[addOwner].ExecContext(context.Background(), jid, born)
	if err != nil {
		return owner{}, err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return owner{}, err
	}
	return owner{id: id, version: born, size: -1}, w.exec(countOwner, 1, 0)
}

// makeRoom drops an owner without items and returns the version of that roster.
func (w *writer) makeRoom() (int64, error) {
	var id, version int64
	err := w.query(emptyOwner).Scan(&id, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.ErrOwners
	}
	if err != nil {
		return 0, err
	}
	if err := w.exec(dropItems, id); err != nil {
		return 0, err
	}
	if err := w.exec(dropOwner, id); err != nil {
		return 0, err
	}
	return version, w.exec(countOwner, -1, version)
}
