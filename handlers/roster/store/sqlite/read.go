package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// readers is how many read at once.
const readers = 4

// selectItems is one statement, for one statement sees one state of the file.
const selectItems = `SELECT o.version, o.floor, coalesce(i.jid, ''), coalesce(i.name, ''),
	coalesce(i.groups, ''), coalesce(i.version, 0), coalesce(i.removed, 0)
	FROM owner o LEFT JOIN item i ON i.owner = o.id AND i.version > ?2 AND (?2 <> -1 OR NOT i.removed)
	WHERE o.jid = ?1 ORDER BY i.version`

// reading holds the connections of the readers, if they are open.
type reading struct {
	mu     sync.Mutex
	pool   *pool
	closed bool
}

type pool struct {
	file file
	db   *sql.DB
	stmt *sql.Stmt
}

// Roster returns the roster of owner, or what changed in it since that version.
func (s *Store) Roster(ctx context.Context, owner string, since int64) (store.Roster, error) {
	p, err := s.pool(ctx)
	if err != nil {
		return store.Roster{}, err
	}
	r, err := p.roster(ctx, owner, since, s.lim)
	if err != nil {
		if ctx.Err() != nil {
			return store.Roster{}, context.Cause(ctx)
		}
		if needsReopen(err) {
			s.suspect.Store(true)
			s.reading.drop()
		}
		return store.Roster{}, describe(s.path, err)
	}
	return r, nil
}

// pool returns connections to the file at our path, which may be a new one.
func (s *Store) pool(ctx context.Context) (*pool, error) {
	if p := s.reading.get(); p != nil {
		return p, nil
	}
	if err := s.lock.take(ctx, s.path); err != nil {
		return nil, err
	}
	p, err := s.reading.open(ctx, s.path)
	if err == nil || errors.Is(err, errClosed) {
		return p, err
	}
	if ctx.Err() == nil && needsReopen(err) {
		s.suspect.Store(true)
	}
	if err := s.Open(ctx); err != nil { // makes the file, or says what is wrong with it
		return nil, err
	}
	return s.reading.open(ctx, s.path)
}

func (r *reading) get() *pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pool != nil && !r.pool.file.current() {
		r.dropLocked()
	}
	return r.pool
}

func (r *reading) open(ctx context.Context, path string) (*pool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if r.pool != nil {
		return r.pool, nil
	}
	p, err := openPool(ctx, path)
	if err != nil {
		return nil, describe(path, err)
	}
	r.pool = p
	return p, nil
}

func openPool(ctx context.Context, path string) (*pool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, "_query_only", "1"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	have, err := schemaVersion(ctx, db)
	if err == nil && have != len(migrations()) {
		err = errOlder
	}
	var stmt *sql.Stmt
	if err == nil {
		stmt, err = db.PrepareContext(ctx, selectItems)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &pool{file{path, info}, db, stmt}, nil
}

// drop closes the connections once those that read have finished. The next
// reader opens new ones.
func (r *reading) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked()
}

func (r *reading) dropLocked() {
	if r.pool != nil {
		_ = r.pool.close()
		r.pool = nil
	}
}

func (r *reading) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.pool == nil {
		return nil
	}
	p := r.pool
	r.pool = nil
	return p.close()
}

func (p *pool) close() error { return errors.Join(p.stmt.Close(), p.db.Close()) }

// roster reads what changed since that version if it is remembered, else all.
func (p *pool) roster(ctx context.Context, owner string, since int64, lim store.Limits) (store.Roster, error) {
	rows, err := p.stmt.QueryContext(ctx, owner, since)
	if err != nil {
		return store.Roster{}, err
	}
	defer func() { _ = rows.Close() }()
	r := store.Roster{Full: since != 0} // an owner without a row never had a roster
	for rows.Next() {
		var it store.Item
		var floor int64
		var groups string
		if err := rows.Scan(&r.Version, &floor, &it.JID, &it.Name, &groups, &it.Version, &it.Removed); err != nil {
			return store.Roster{}, err
		}
		if since != store.Everything && !lim.Reaches(since, floor, r.Version) {
			_ = rows.Close()
			return p.roster(ctx, owner, store.Everything, lim)
		}
		r.Full = since == store.Everything
		it.Groups = unpackGroups(groups)
		if it.JID != "" { // an owner without items has one row
			r.Items = append(r.Items, &it)
		}
	}
	return r, rows.Err()
}
