package sqlstore

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func (t *tx) PutAttachment(vault id.ID, a cloud.Attachment) error {
	return t.exec(`INSERT INTO attachments (vault_id, attachment_id, chunks, expires) VALUES ($1, $2, $3, $4)
		ON CONFLICT (vault_id, attachment_id) DO UPDATE SET chunks = excluded.chunks, expires = excluded.expires`,
		vault[:], a.ID[:], a.Count, a.Expires)
}

func (t *tx) Attachment(vault, attachment id.ID) (cloud.Attachment, error) {
	a := cloud.Attachment{ID: attachment}
	err := t.one(`SELECT chunks, expires FROM attachments WHERE vault_id = $1 AND attachment_id = $2`,
		[]any{vault[:], attachment[:]}, []any{&a.Count, &a.Expires})
	return a, err
}

func (t *tx) ExpiredAttachment(now int64) (vault id.ID, a cloud.Attachment, err error) {
	err = t.one(`SELECT vault_id, attachment_id, chunks, expires FROM attachments WHERE expires > 0 AND expires <= $1 ORDER BY expires LIMIT 1`,
		[]any{now}, []any{fixed(vault[:]), fixed(a.ID[:]), &a.Count, &a.Expires})
	return vault, a, err
}

func (t *tx) DeleteAttachment(vault, attachment id.ID) (freed int64, err error) {
	if freed, err = t.freed(`DELETE FROM chunks WHERE vault_id = $1 AND attachment_id = $2 RETURNING LENGTH(envelope)`, vault, attachment); err != nil {
		return 0, err
	}
	return freed, t.exec(`DELETE FROM attachments WHERE vault_id = $1 AND attachment_id = $2`, vault[:], attachment[:])
}

// freed runs a statement that returns the length of each envelope that it deletes, and adds them up.
func (t *tx) freed(query string, vault, object id.ID) (total int64, err error) {
	err = t.each(query, []any{vault[:], object[:]}, func(rows *sql.Rows) (bool, error) {
		var size int64
		err := rows.Scan(&size)
		total += size
		return true, err
	})
	return total, err
}

func (t *tx) InsertChunk(vault id.ID, c cloud.Chunk) error {
	return t.exec(`INSERT INTO chunks (vault_id, attachment_id, place, envelope) VALUES ($1, $2, $3, $4)`,
		vault[:], c.Attachment[:], c.Index, c.Sealed)
}

func (t *tx) Chunk(vault, attachment id.ID, index int) (sealed []byte, err error) {
	err = t.one(`SELECT envelope FROM chunks WHERE vault_id = $1 AND attachment_id = $2 AND place = $3`,
		[]any{vault[:], attachment[:], index}, []any{&sealed})
	return sealed, err
}

func (t *tx) ChunkIndexes(vault, attachment id.ID) (all []int, err error) {
	err = t.each(`SELECT place FROM chunks WHERE vault_id = $1 AND attachment_id = $2 ORDER BY place`, []any{vault[:], attachment[:]},
		func(rows *sql.Rows) (bool, error) {
			var index int
			err := rows.Scan(&index)
			all = append(all, index)
			return true, err
		})
	return all, err
}

func (t *tx) UsedBytes(account id.ID) (used int64, err error) {
	err = t.one(`SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM vaults WHERE account_id = $1`, []any{account[:]}, []any{&used})
	return used, err
}

func (t *tx) AddBytes(vault id.ID, n int64) error {
	return t.later(`UPDATE vaults SET bytes = bytes + $1 WHERE vault_id = $2`, n, vault[:])
}
