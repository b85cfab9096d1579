package sqlstore

import (
	"database/sql"
	"fmt"
	"math"
	"slices"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

func (t *tx) InsertVault(v cloud.Vault) error {
	return t.exec(`INSERT INTO vaults (vault_id, account_id, head_seq, head_hash, log_seq, objects) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.ID[:], v.Account[:], int64(v.At.Seq), v.At.Hash[:], int64(v.At.LogSeq), v.Objects)
}

const selectVault = `SELECT vault_id, account_id, head_seq, head_hash, log_seq, objects FROM vaults WHERE account_id = $1 `

func (t *tx) Vault(account, vault id.ID) (v cloud.Vault, err error) {
	err = t.one(selectVault+`AND vault_id = $2`, []any{account[:], vault[:]}, vaultColumns(&v))
	return v, err
}

func (t *tx) Vaults(account id.ID) (all []cloud.Vault, err error) {
	err = t.each(selectVault+`ORDER BY vault_id`, []any{account[:]}, func(rows *sql.Rows) (bool, error) {
		var v cloud.Vault
		err := rows.Scan(vaultColumns(&v)...)
		all = append(all, v)
		return true, err
	})
	return all, err
}

func vaultColumns(v *cloud.Vault) []any {
	return []any{fixed(v.ID[:]), fixed(v.Account[:]), &v.At.Seq, fixed(v.At.Hash[:]), &v.At.LogSeq, &v.Objects}
}

func (t *tx) MoveHead(v cloud.Vault, from uint64) error {
	return t.later(`UPDATE vaults SET head_seq = $1, head_hash = $2, log_seq = $3, objects = $4 WHERE vault_id = $5 AND head_seq = $6`,
		int64(v.At.Seq), v.At.Hash[:], int64(v.At.LogSeq), v.Objects, v.ID[:], int64(from))
}

func (t *tx) InsertCommit(vault id.ID, seq uint64, device, op id.ID, s chain.Signed) error {
	return t.later(`INSERT INTO commits (vault_id, seq, device_id, op_id, signature, commit_bytes, changes)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		vault[:], int64(seq), device[:], op[:], s.Signature, s.Commit, s.Changes)
}

func (t *tx) Commit(vault id.ID, seq uint64) (s chain.Signed, err error) {
	err = t.one(`SELECT commit_bytes, changes, signature FROM commits WHERE vault_id = $1 AND seq = $2`,
		[]any{vault[:], int64(seq)}, []any{&s.Commit, &s.Changes, &s.Signature})
	return s, err
}

func (t *tx) HeadCommit(account, vault id.ID) (head chain.Head, s chain.Signed, err error) {
	err = t.one(`SELECT v.head_seq, v.head_hash, c.commit_bytes, c.changes, c.signature FROM vaults AS v
		LEFT JOIN commits AS c ON c.vault_id = v.vault_id AND c.seq = v.head_seq WHERE v.account_id = $1 AND v.vault_id = $2`,
		[]any{account[:], vault[:]}, []any{&head.Seq, fixed(head.Hash[:]), &s.Commit, &s.Changes, &s.Signature})
	return head, s, err
}

func (t *tx) LastCommitOf(vault, device id.ID) (seq uint64, err error) {
	err = t.one(`SELECT COALESCE(MAX(seq), 0) FROM commits WHERE vault_id = $1 AND device_id = $2`, []any{vault[:], device[:]}, []any{&seq})
	return seq, err
}

func (t *tx) CommitByOp(vault, device, op id.ID) (seq uint64, s chain.Signed, err error) {
	err = t.one(`SELECT seq, commit_bytes, changes, signature FROM commits WHERE vault_id = $1 AND device_id = $2 AND op_id = $3`,
		[]any{vault[:], device[:], op[:]}, []any{&seq, &s.Commit, &s.Changes, &s.Signature})
	return seq, s, err
}

func (t *tx) Commits(vault id.ID, after uint64, limit, maxBytes int) (all []chain.Signed, err error) {
	size := 0
	err = t.each(`SELECT commit_bytes, changes, signature FROM commits WHERE vault_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
		[]any{vault[:], int64(min(after, math.MaxInt64)), limit}, func(rows *sql.Rows) (bool, error) {
			var s chain.Signed
			if err := rows.Scan(&s.Commit, &s.Changes, &s.Signature); err != nil {
				return false, err
			}
			if size += len(s.Commit) + len(s.Changes); size > maxBytes && len(all) > 0 {
				return false, nil
			}
			all = append(all, s)
			return true, nil
		})
	return all, err
}

func (t *tx) PutEnvelope(vault id.ID, e cloud.Envelope) error {
	return t.later(`INSERT INTO envelopes (vault_id, object_id, revision, envelope) VALUES ($1, $2, $3, $4)
		ON CONFLICT (vault_id, object_id) DO UPDATE SET revision = excluded.revision, envelope = excluded.envelope`,
		vault[:], e.Object[:], int64(e.Revision), e.Sealed)
}

func (t *tx) DeleteEnvelope(vault, object id.ID) (freed int64, err error) {
	return t.freed(`DELETE FROM envelopes WHERE vault_id = $1 AND object_id = $2 RETURNING LENGTH(envelope)`, vault, object)
}

// sizesAtOnce is how many objects one question is about, if it is not about one. Its text is always the same, so that it is prepared once;
// what is missing is zeros, which no object is called.
const sizesAtOnce = 32

const (
	selectSize  = `SELECT COALESCE(SUM(LENGTH(envelope)), 0) FROM envelopes WHERE vault_id = $1 AND object_id = $2`
	selectSizes = `SELECT COALESCE(SUM(LENGTH(envelope)), 0) FROM envelopes WHERE vault_id = $1 AND object_id IN (
		$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
		$18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)`
)

func (t *tx) EnvelopeSizes(vault id.ID, objects []id.ID) (sum int64, err error) {
	for some := range slices.Chunk(objects, sizesAtOnce) {
		query, args := selectSize, []any{vault[:]}
		for _, object := range some {
			args = append(args, object[:])
		}
		if len(some) > 1 {
			query = selectSizes
			var none id.ID
			for len(args) < 1+sizesAtOnce {
				args = append(args, none[:])
			}
		}
		var size int64
		if err := t.one(query, args, []any{&size}); err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

func (t *tx) Envelope(vault, object id.ID) (cloud.Envelope, error) {
	e := cloud.Envelope{Object: object}
	err := t.one(`SELECT revision, envelope FROM envelopes WHERE vault_id = $1 AND object_id = $2`,
		[]any{vault[:], object[:]}, []any{&e.Revision, &e.Sealed})
	return e, err
}

func (t *tx) ObjectsAfter(vault id.ID, leaf int, object id.ID, limit int) (all []cloud.ObjectRow, more bool, err error) {
	err = t.each(`SELECT leaf, object_id, revision, state, env_hash FROM objects
		WHERE vault_id = $1 AND (leaf, object_id) > ($2, $3) ORDER BY leaf, object_id LIMIT $4`,
		// One row beyond the page tells whether there is another page.
		[]any{vault[:], leaf, object[:], limit + 1}, func(rows *sql.Rows) (bool, error) {
			r, err := objectRow(rows)
			if err != nil {
				return false, err
			}
			if more = len(all) == limit; more {
				return false, nil
			}
			all = append(all, r)
			return true, nil
		})
	return all, more, err
}

func objectRow(rows *sql.Rows) (r cloud.ObjectRow, err error) {
	err = rows.Scan(&r.Leaf, fixed(r.Object[:]), &r.Revision, &r.State, fixed(r.EnvHash[:]))
	return r, err
}

func (t *tx) NodeRows(vault id.ID, first, last uint8) (all []cloud.ObjectRow, err error) {
	err = t.each(`SELECT leaf, object_id, revision, state, env_hash FROM objects WHERE vault_id = $1 AND leaf >= $2 AND leaf < $3`,
		[]any{vault[:], int64(first) * chain.Fanout, (int64(last) + 1) * chain.Fanout}, func(rows *sql.Rows) (bool, error) {
			r, err := objectRow(rows)
			all = append(all, r)
			return true, err
		})
	return all, err
}

func (t *tx) LeafRows(vault id.ID, leaf uint16) (all []chain.Row, err error) {
	err = t.each(`SELECT object_id, revision, state, env_hash FROM objects WHERE vault_id = $1 AND leaf = $2`,
		[]any{vault[:], int64(leaf)}, func(rows *sql.Rows) (bool, error) {
			var r chain.Row
			err := rows.Scan(fixed(r.Object[:]), &r.Revision, &r.State, fixed(r.EnvHash[:]))
			all = append(all, r)
			return true, err
		})
	return all, err
}

func (t *tx) PutRow(vault id.ID, leaf uint16, r chain.Row) error {
	return t.later(`INSERT INTO objects (vault_id, leaf, object_id, revision, state, env_hash) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (vault_id, leaf, object_id) DO UPDATE SET revision = excluded.revision, state = excluded.state, env_hash = excluded.env_hash`,
		vault[:], int64(leaf), r.Object[:], int64(r.Revision), int64(r.State), r.EnvHash[:])
}

func (t *tx) Nodes(vault id.ID) (*chain.Level, error) {
	level := new(chain.Level)
	return level, t.each(`SELECT node, hash FROM tree_nodes WHERE vault_id = $1`, []any{vault[:]}, func(rows *sql.Rows) (bool, error) {
		var at int
		var hash chain.Hash
		if err := rows.Scan(&at, fixed(hash[:])); err != nil {
			return false, err
		}
		if at < 0 || at >= chain.Fanout {
			return false, fmt.Errorf("tree has a node %d", at)
		}
		level[at] = hash
		return true, nil
	})
}

func (t *tx) PutNode(vault id.ID, node uint8, h chain.Hash) error {
	return t.later(`INSERT INTO tree_nodes (vault_id, node, hash) VALUES ($1, $2, $3)
		ON CONFLICT (vault_id, node) DO UPDATE SET hash = excluded.hash`, vault[:], int64(node), h[:])
}
