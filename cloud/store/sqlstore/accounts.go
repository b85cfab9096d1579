package sqlstore

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

func (t *tx) InsertAccount(a cloud.Account) error {
	return t.exec(`INSERT INTO accounts (account_id, email, lookup_tag, recovery_tag, generation, profile, login_key, recovery_key,
			sealed_account, sealed_recovery, sealed_identity, created, language)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		a.ID[:], a.Email, a.LookupTag, orNull(a.RecoveryTag), int64(a.Generation), a.Profile, a.LoginKey[:], a.RecoveryKey[:],
		a.SealedAccount, notNull(a.SealedRecovery), a.SealedIdentity, a.Created, a.Language)
}

// orNull stores a missing tag as NULL: the column is unique, and NULLs are not equal.
func orNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

const selectAccount = `SELECT account_id, email, lookup_tag, recovery_tag, generation, profile, login_key, recovery_key,
	sealed_account, sealed_recovery, sealed_identity, created, language FROM accounts WHERE `

func (t *tx) Account(account id.ID) (cloud.Account, error) {
	return t.account(selectAccount+`account_id = $1`, account[:])
}

func (t *tx) AccountsAfter(account id.ID, limit int) (all []id.ID, err error) {
	err = t.each(`SELECT account_id FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2`, []any{account[:], limit},
		func(rows *sql.Rows) (bool, error) {
			var a id.ID
			err := rows.Scan(fixed(a[:]))
			all = append(all, a)
			return true, err
		})
	return all, err
}

func (t *tx) AccountByEmail(email string) (cloud.Account, error) {
	return t.account(selectAccount+`email = $1`, email)
}

func (t *tx) AccountByTag(tag []byte) (cloud.Account, error) {
	return t.account(selectAccount+`lookup_tag = $1`, tag)
}

func (t *tx) AccountByRecoveryTag(tag []byte) (cloud.Account, error) {
	return t.account(selectAccount+`recovery_tag = $1`, tag)
}

func (t *tx) account(query string, arg any) (a cloud.Account, err error) {
	err = t.one(query, []any{arg}, []any{
		fixed(a.ID[:]), &a.Email, &a.LookupTag, &a.RecoveryTag, &a.Generation, &a.Profile, fixed(a.LoginKey[:]), fixed(a.RecoveryKey[:]),
		&a.SealedAccount, &a.SealedRecovery, &a.SealedIdentity, &a.Created, &a.Language,
	})
	return a, err
}

func (t *tx) UpdateAccount(a cloud.Account) error {
	return t.change(`UPDATE accounts SET email = $1, lookup_tag = $2, recovery_tag = $3, generation = $4, profile = $5, login_key = $6,
			recovery_key = $7, sealed_account = $8, sealed_recovery = $9, sealed_identity = $10, language = $11
		WHERE account_id = $12`,
		a.Email, a.LookupTag, orNull(a.RecoveryTag), int64(a.Generation), a.Profile, a.LoginKey[:],
		a.RecoveryKey[:], a.SealedAccount, notNull(a.SealedRecovery), a.SealedIdentity, a.Language, a.ID[:])
}

// DeleteAccount goes from what refers to what is referred to. Counters stay: they name nobody.
func (t *tx) DeleteAccount(account id.ID) error {
	for _, statement := range []string{
		`DELETE FROM chunks WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM attachments WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM envelopes WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM tree_nodes WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM objects WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM commits WHERE vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)`,
		`DELETE FROM sealed_vaults WHERE account_id = $1`,
		`DELETE FROM vaults WHERE account_id = $1`,
		`DELETE FROM sessions WHERE account_id = $1`,
		`DELETE FROM pairings WHERE account_id = $1`,
		`DELETE FROM pending_devices WHERE account_id = $1`,
		`DELETE FROM recoveries WHERE account_id = $1`,
		`DELETE FROM email_changes WHERE account_id = $1`,
		`DELETE FROM challenges WHERE account_id = $1`,
		`DELETE FROM wrong_proofs WHERE account_id = $1`,
		`DELETE FROM wraps WHERE account_id = $1`,
		`DELETE FROM devices WHERE account_id = $1`,
		`DELETE FROM account_log WHERE account_id = $1`,
	} {
		if err := t.exec(statement, account[:]); err != nil {
			return err
		}
	}
	return t.change(`DELETE FROM accounts WHERE account_id = $1`, account[:])
}

func (t *tx) InsertSealedVault(account id.ID, s cloud.SealedVault) error {
	return t.exec(`INSERT INTO sealed_vaults (account_id, vault_id, epoch, sealed, previous) VALUES ($1, $2, $3, $4, $5)`,
		account[:], s.Vault[:], int64(s.Epoch), s.Sealed, notNull(s.Previous))
}

func (t *tx) SealedVaults(account id.ID) (all []cloud.SealedVault, err error) {
	err = t.each(`SELECT vault_id, epoch, sealed, previous FROM sealed_vaults WHERE account_id = $1 ORDER BY vault_id, epoch`, []any{account[:]},
		func(rows *sql.Rows) (bool, error) {
			var s cloud.SealedVault
			err := rows.Scan(fixed(s.Vault[:]), &s.Epoch, &s.Sealed, &s.Previous)
			all = append(all, s)
			return true, err
		})
	return all, err
}

func (t *tx) PutWrap(account, device id.ID, w chain.SignedWrap) error {
	return t.exec(`INSERT INTO wraps (account_id, device_id, wrap, signature) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, device_id) DO UPDATE SET wrap = excluded.wrap, signature = excluded.signature`,
		account[:], device[:], w.Wrap, w.Signature)
}

func (t *tx) Wrap(account, device id.ID) (w chain.SignedWrap, err error) {
	err = t.one(`SELECT wrap, signature FROM wraps WHERE account_id = $1 AND device_id = $2`, []any{account[:], device[:]}, []any{&w.Wrap, &w.Signature})
	return w, err
}

func (t *tx) PutEmailChange(c cloud.EmailChange) error {
	return t.exec(`INSERT INTO email_changes (account_id, device_id, email, old_hash, new_hash, tries_left, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id) DO UPDATE SET device_id = excluded.device_id, email = excluded.email, old_hash = excluded.old_hash,
			new_hash = excluded.new_hash, tries_left = excluded.tries_left, expires = excluded.expires`,
		c.Account[:], c.Device[:], c.Email, c.OldHash, c.NewHash, c.TriesLeft, c.Expires)
}

func (t *tx) EmailChange(account id.ID) (c cloud.EmailChange, err error) {
	err = t.one(`SELECT account_id, device_id, email, old_hash, new_hash, tries_left, expires FROM email_changes WHERE account_id = $1`,
		[]any{account[:]}, []any{fixed(c.Account[:]), fixed(c.Device[:]), &c.Email, &c.OldHash, &c.NewHash, &c.TriesLeft, &c.Expires})
	return c, err
}

func (t *tx) DeleteEmailChange(account id.ID) error {
	return t.exec(`DELETE FROM email_changes WHERE account_id = $1`, account[:])
}

func (t *tx) InsertLogEntry(account id.ID, seq uint64, hash chain.Hash, e chain.SignedEntry) error {
	return t.exec(`INSERT INTO account_log (account_id, seq, hash, entry, signature) VALUES ($1, $2, $3, $4, $5)`,
		account[:], int64(seq), hash[:], e.Entry, e.Signature)
}

func (t *tx) LogHead(account id.ID) (length uint64, hash chain.Hash, err error) {
	err = t.one(`SELECT seq + 1, hash FROM account_log WHERE account_id = $1 ORDER BY seq DESC LIMIT 1`,
		[]any{account[:]}, []any{&length, fixed(hash[:])})
	return length, hash, err
}

func (t *tx) LogEntries(account id.ID, after int64, maxBytes int) (entries []chain.SignedEntry, err error) {
	size := 0
	err = t.each(`SELECT entry, signature FROM account_log WHERE account_id = $1 AND seq > $2 ORDER BY seq`, []any{account[:], after},
		func(rows *sql.Rows) (bool, error) {
			var e chain.SignedEntry
			if err := rows.Scan(&e.Entry, &e.Signature); err != nil {
				return false, err
			}
			if size += len(e.Entry) + len(e.Signature); size > maxBytes && len(entries) > 0 {
				return false, nil
			}
			entries = append(entries, e)
			return true, nil
		})
	return entries, err
}

func (t *tx) InsertDevice(d cloud.Device) error {
	return t.exec(`INSERT INTO devices (account_id, device_id, public_key, receive_key, name, platform, status, created, last_seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		d.Account[:], d.ID[:], d.Key[:], d.Receive[:], d.Name, d.Platform, d.Status, d.Created, d.LastSeen)
}

const selectDevice = `SELECT account_id, device_id, public_key, receive_key, name, platform, status, created, last_seen FROM devices `

func (t *tx) Device(account, device id.ID) (d cloud.Device, err error) {
	err = t.one(selectDevice+`WHERE account_id = $1 AND device_id = $2`, []any{account[:], device[:]}, deviceColumns(&d))
	return d, err
}

func (t *tx) Devices(account id.ID) (all []cloud.Device, err error) {
	err = t.each(selectDevice+`WHERE account_id = $1 ORDER BY created, device_id`, []any{account[:]}, func(rows *sql.Rows) (bool, error) {
		var d cloud.Device
		err := rows.Scan(deviceColumns(&d)...)
		all = append(all, d)
		return true, err
	})
	return all, err
}

func deviceColumns(d *cloud.Device) []any {
	return []any{
		fixed(d.Account[:]), fixed(d.ID[:]), fixed(d.Key[:]), fixed(d.Receive[:]), &d.Name, &d.Platform, &d.Status, &d.Created, &d.LastSeen,
	}
}

func (t *tx) SetDeviceStatus(account, device id.ID, status cloud.DeviceStatus) error {
	return t.change(`UPDATE devices SET status = $1 WHERE account_id = $2 AND device_id = $3`, status, account[:], device[:])
}

func (t *tx) TouchDevice(account, device id.ID, seen int64) error {
	return t.change(`UPDATE devices SET last_seen = $1 WHERE account_id = $2 AND device_id = $3`, seen, account[:], device[:])
}

func (t *tx) RenameDevice(account, device id.ID, name string) error {
	return t.change(`UPDATE devices SET name = $1 WHERE account_id = $2 AND device_id = $3`, name, account[:], device[:])
}

func (t *tx) DeleteDevice(account, device id.ID) error {
	return t.change(`DELETE FROM devices WHERE account_id = $1 AND device_id = $2`, account[:], device[:])
}
