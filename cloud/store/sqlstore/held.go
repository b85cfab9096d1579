package sqlstore

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func (t *tx) Traces(account id.ID) (all []cloud.Trace, err error) {
	err = t.each(`SELECT 'session', device_id, '', '', '', 0, refresh_expires, 0 FROM sessions WHERE account_id = $1
		UNION ALL SELECT 'sign-in', device_id, name, platform, language, 0, expires, 0 FROM pending_devices WHERE account_id = $1
		UNION ALL SELECT 'approval', device_id, name, platform, language, created, expires, 0 FROM pairings WHERE account_id = $1
		UNION ALL SELECT 'recovery', device_id, name, platform, language, started, expires, 0 FROM recoveries WHERE account_id = $1
		UNION ALL SELECT 'wrong proofs', device_id, '', '', '', last_try, 0, tries FROM wrong_proofs WHERE account_id = $1 AND tries > 0`,
		[]any{account[:]}, func(rows *sql.Rows) (bool, error) {
			var r cloud.Trace
			err := rows.Scan(&r.What, fixed(r.Device[:]), &r.Name, &r.Platform, &r.Language, &r.Since, &r.Until, &r.Tries)
			all = append(all, r)
			return true, err
		})
	return all, err
}

func (t *tx) VaultSums(vault id.ID) (sums cloud.VaultSums, err error) {
	sums.Commits = map[id.ID]int64{}
	err = t.each(`SELECT device_id, COUNT(*) FROM commits WHERE vault_id = $1 GROUP BY device_id`, []any{vault[:]}, func(rows *sql.Rows) (bool, error) {
		var device id.ID
		var n int64
		err := rows.Scan(fixed(device[:]), &n)
		sums.Commits[device] = n
		return true, err
	})
	if err != nil {
		return sums, err
	}
	err = t.one(`SELECT bytes, (SELECT COUNT(*) FROM attachments a WHERE a.vault_id = v.vault_id) FROM vaults v WHERE vault_id = $1`,
		[]any{vault[:]}, []any{&sums.Bytes, &sums.Attachments})
	return sums, err
}
