package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// How many commits are remembered, and how many bytes of them: an import has long change lists.
const (
	maxPassed      = 1000
	maxPassedBytes = 8 << 20
)

// Passed implements vault.Reader.
func (t *transaction) Passed(v id.ID, yield func(vault.Passed) error) error {
	const query = `SELECT seq, commit_bytes, changes FROM passed_commit WHERE vault_id = ? ORDER BY seq DESC`
	return t.rows("read history", query, []any{v[:]}, func(rows *sql.Rows) error {
		var p vault.Passed
		var seq int64
		if err := rows.Scan(&seq, &p.Commit, &p.Changes); err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		p.Seq = uint64(seq)
		return yield(p)
	})
}

// Pass implements vault.Tx.
func (t *transaction) Pass(v id.ID, passed []vault.Passed) error {
	for _, p := range passed {
		err := t.change("write history", `INSERT OR REPLACE INTO passed_commit (vault_id, seq, commit_bytes, changes) VALUES (?, ?, ?, ?)`,
			v[:], int64(p.Seq), p.Commit, p.Changes)
		if err != nil {
			return err
		}
	}
	return t.change("trim history", trimHistory, v[:], maxPassedBytes, maxPassed)
}

// trimHistory reads how long the lists are and none of them, which together are as large as an import: a window copies every column that
// it looks at, so it gets the sizes alone; and where a range of the key ends, SQLite reads all of each row that it compares. The + keeps
// it from having one.
const trimHistory = `WITH size AS MATERIALIZED
		(SELECT seq, length(commit_bytes) + length(changes) AS bytes FROM passed_commit WHERE +vault_id = ?1)
	DELETE FROM passed_commit WHERE vault_id = ?1 AND seq <= (SELECT max(seq) FROM
		(SELECT seq, sum(bytes) OVER newest AS bytes, count(*) OVER newest AS commits FROM size WINDOW newest AS (ORDER BY seq DESC))
		WHERE bytes > ?2 OR commits > ?3)`

// ForgetPassed implements vault.Tx.
func (t *transaction) ForgetPassed(v id.ID, after uint64) error {
	return t.change("cut history", `DELETE FROM passed_commit WHERE vault_id = ? AND seq > ?`, v[:], int64(after))
}
