package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks our files, as file(1) shows it: "iqdr".
const applicationID = 0x69716472

// migrations make each version of the tables out of the one before it. What has
// been released is never changed, only added to.
func migrations() []string {
	return []string{`
CREATE TABLE total (
	owners INTEGER NOT NULL, -- rows of owner
	born   INTEGER NOT NULL  -- no roster begins with a version below
) STRICT;
INSERT INTO total VALUES (0, 0);
CREATE TABLE owner (
	id      INTEGER PRIMARY KEY,
	jid     TEXT NOT NULL UNIQUE,
	version INTEGER NOT NULL,
	floor   INTEGER NOT NULL, -- removals after this version are remembered
	items   INTEGER NOT NULL, -- that are not removed
	bytes   INTEGER NOT NULL  -- of those
) STRICT;
CREATE INDEX owner_empty ON owner (id) WHERE items = 0;
CREATE TABLE item (
	owner   INTEGER NOT NULL REFERENCES owner (id),
	jid     TEXT NOT NULL,
	name    TEXT NOT NULL,
	groups  TEXT NOT NULL,    -- U+001F between them
	version INTEGER NOT NULL, -- of the roster, after this change
	bytes   INTEGER NOT NULL,
	removed INTEGER NOT NULL,
	PRIMARY KEY (owner, jid)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_removed ON item (owner, version) WHERE removed;
`}
}

var (
	errForeign = errors.New("a database of another program")
	errOlder   = errors.New("tables are not made yet")
	errNewer   = errors.New("written by a newer version of this program")
)

// migrate brings the tables up to date, all or nothing.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	have, err := schemaVersion(ctx, tx)
	if err != nil {
		return err
	}
	all := migrations()
	if have == len(all) {
		return nil
	}
	for i, text := range all[have:] {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("make tables of version %d: %w", have+i+1, err)
		}
	}
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(all))
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}

// A querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the version of the tables, 0 for an empty file.
func schemaVersion(ctx context.Context, db querier) (int, error) {
	var version, app, tables int
	err := db.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)`).Scan(&version, &app, &tables)
	switch {
	case err != nil:
		return 0, err
	case app != applicationID && (app != 0 || version != 0 || tables != 0):
		return 0, errForeign
	case version > len(migrations()):
		return 0, fmt.Errorf("tables of version %d: %w", version, errNewer)
	}
	return version, nil
}
