package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/iqd-xmpp/iqd/handlers/roster/store"
)

// A writer is the connection that changes the file. Its statements are never
// interrupted: a transaction is shared by many who wait.
type writer struct {
	file  file
	lim   store.Limits
	db    *sql.DB
	conn  *sql.Conn
	stmts [statements]*sql.Stmt
}

type statement int

const (
	begin statement = iota
	commit
	rollback
	find
	newest
	addOwner
	countOwner
	emptyOwner
	dropItems
	dropOwner
	putItem
	removeItem
	forget
	raiseFloor
	touch
	statements
)

// texts are the statements of a writer.
func texts() [statements]string {
	return [statements]string{
		begin:    `BEGIN IMMEDIATE`,
		commit:   `COMMIT`,
		rollback: `ROLLBACK`,

		find: `SELECT o.id, o.version, o.items, o.bytes, coalesce(i.bytes, -1) FROM owner o
			LEFT JOIN item i ON i.owner = o.id AND i.jid = ? AND NOT i.removed WHERE o.jid = ?`,
		newest:     `SELECT owners, born FROM total`,
		addOwner:   `INSERT INTO owner (jid, version, floor, items, bytes) VALUES (?1, ?2, ?2, 0, 0)`,
		countOwner: `UPDATE total SET owners = owners + ?, born = max(born, ?)`,
		emptyOwner: `SELECT id, version FROM owner WHERE items = 0 LIMIT 1`,
		dropItems:  `DELETE FROM item WHERE owner = ?`,
		dropOwner:  `DELETE FROM owner WHERE id = ?`,
		putItem: `INSERT INTO item (owner, jid, name, groups, version, bytes, removed) VALUES (?, ?, ?, ?, ?, ?, 0)
			ON CONFLICT DO UPDATE SET name = excluded.name, groups = excluded.groups,
			version = excluded.version, bytes = excluded.bytes, removed = 0`,
		removeItem: `UPDATE item SET name = '', groups = '', version = ?, bytes = 0, removed = 1 WHERE owner = ? AND jid = ?`,
		forget:     `DELETE FROM item WHERE owner = ? AND removed AND version <= ?`,
		raiseFloor: `UPDATE owner SET floor = max(floor, ?) WHERE id = ?`,
		touch:      `UPDATE owner SET version = ?, items = ?, bytes = ? WHERE id = ?`,
	}
}

func openWriter(path string, lim store.Limits) (*writer, error) {
	db, f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	w := &writer{file: f, lim: lim, db: db}
	if err := w.prepare(); err != nil {
		w.close()
		return nil, describe(path, err)
	}
	return w, nil
}

func (w *writer) prepare() (err error) {
	if w.conn, err = w.db.Conn(context.Background()); err != nil {
		return err
	}
	for i, text := range texts() {
		if w.stmts[i], err = w.conn.PrepareContext(context.Background(), text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return nil
}

// close closes what is open. A nil writer is closed.
func (w *writer) close() {
	if w == nil {
		return
	}
	for _, st := range w.stmts {
		if st != nil {
			_ = st.Close()
		}
	}
	if w.conn != nil {
		_ = w.conn.Close()
	}
	_ = w.db.Close()
}

func (w *writer) exec(st statement, args ...any) error {
	_, err := w.stmts[st].ExecContext(context.Background(), args...)
	return err
}

func (w *writer) query(st statement, args ...any) *sql.Row {
	return w.stmts[st].QueryRowContext(context.Background(), args...)
}
