package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// Staged implements vault.Reader.
func (t *transaction) Staged(v id.ID, yield func(vault.Row) error) error {
	const query = `SELECT object_id, revision, hash FROM staged WHERE vault_id = ?`
	return t.rows("read pages", query, []any{v[:]}, func(rows *sql.Rows) error {
		var object blob16
		var hash blob32
		var revision int64
		if err := rows.Scan(&object, &revision, &hash); err != nil {
			return fmt.Errorf("read pages: %w", err)
		}
		return yield(vault.Row{Object: id.ID(object), Revision: uint64(revision), State: vault.Live, Hash: hash})
	})
}

// StagedEnvelope implements vault.Reader.
func (t *transaction) StagedEnvelope(v, object id.ID) (envelope []byte, err error) {
	_, err = t.row("read pages", `SELECT envelope FROM staged WHERE vault_id = ? AND object_id = ?`, []any{v[:], object[:]}, &envelope)
	return envelope, err
}

// Stage implements vault.Tx.
func (t *transaction) Stage(v id.ID, r vault.RemoteRow) error {
	return t.change("write page", `INSERT OR REPLACE INTO staged (vault_id, object_id, revision, hash, envelope) VALUES (?, ?, ?, ?, ?)`,
		v[:], r.Object[:], int64(r.Revision), r.Hash[:], r.Envelope)
}

// Unstage implements vault.Tx.
func (t *transaction) Unstage(v, object id.ID) error {
	return t.change("drop from page", `DELETE FROM staged WHERE vault_id = ? AND object_id = ?`, v[:], object[:])
}

// takenAtOnce is how many staged rows move at a time: what one lot leaves free in the file is used by the next.
const takenAtOnce = 1000

// TakeStaged implements vault.Tx.
func (t *transaction) TakeStaged(v id.ID) error {
	for {
		var last sql.NullInt64
		_, err := t.row("take pages", `SELECT max(number) FROM (SELECT number FROM staged NOT INDEXED WHERE vault_id = ? ORDER BY number LIMIT ?)`,
			[]any{v[:], takenAtOnce}, &last)
		if err != nil || !last.Valid {
			return err
		}
		if err := t.take(v, last.Int64); err != nil {
			return err
		}
	}
}

func (t *transaction) take(v id.ID, last int64) error {
	err := t.change("take pages", `INSERT INTO object (vault_id, object_id, base_revision, base_state, base_hash, base_envelope)
		SELECT vault_id, object_id, revision, 1, hash, envelope FROM staged NOT INDEXED WHERE vault_id = ? AND number <= ? ORDER BY number`, v[:], last)
	if err == nil {
		err = t.change("take pages", `DELETE FROM staged NOT INDEXED WHERE vault_id = ? AND number <= ?`, v[:], last)
	}
	if err == nil {
		err = t.outdateIndex(v)
	}
	if err != nil {
		return err
	}
	return t.touch(v)
}
