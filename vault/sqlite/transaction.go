package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// transaction implements vault.Tx.
type transaction struct {
	ctx context.Context
	tx  *sql.Tx // whose connection keeps the statements that it compiled
	// What follows is set in a transaction that changes something.
	generation uint64 // that the change gets
	pending    *buckets
	dirty      [256]bool // buckets to be hashed again
	changed    bool
	touched    map[id.ID]bool // vaults whose objects changed

	mac          MAC // of an anchored store
	indexes      map[id.ID]*heads
	changedHeads map[id.ID]bool
}

var _ vault.Tx = (*transaction)(nil)

// change runs a statement that writes.
func (t *transaction) change(what, query string, args ...any) error {
	if _, err := t.tx.ExecContext(t.ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	t.changed = true
	return nil
}

// row runs a query for at most one row; false if there is none.
func (t *transaction) row(what, query string, args []any, columns ...any) (bool, error) {
	err := t.tx.QueryRowContext(t.ctx, query, args...).Scan(columns...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return true, nil
}

// rows calls each for every row of a query, which scans the columns itself.
func (t *transaction) rows(what, query string, args []any, each func(*sql.Rows) error) error {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// blob32 scans a hash, and refuses one of another length: STRICT tables still hold what a damaged file has.
type blob32 [32]byte

func (b *blob32) Scan(value any) error { return scanFixed(b[:], value) }

// blob16 is blob32 for ids.
type blob16 [16]byte

func (b *blob16) Scan(value any) error { return scanFixed(b[:], value) }

var errLength = fmt.Errorf("%w: a value of the wrong length", vault.ErrCorrupt)

func scanFixed(to []byte, value any) error {
	from, ok := value.([]byte)
	if !ok || len(from) != len(to) {
		return errLength
	}
	copy(to, from)
	return nil
}
