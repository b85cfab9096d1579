package sqlite

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

func (t *tx) InsertAccount(a cloud.Account) error {
	return t.exec(`INSERT INTO accounts (account_id, email, lookup_tag, generation, profile, login_key, sealed_account, sealed_identity, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.ID[:], a.Email, a.LookupTag, int64(a.Generation), a.Profile, a.LoginKey[:], a.SealedAccount, a.SealedIdentity, a.Created)
}

const selectAccount = `SELECT account_id, email, lookup_tag, generation, profile, login_key, sealed_account, sealed_identity, created
	FROM accounts WHERE `

func (t *tx) Account(account id.ID) (cloud.Account, error) {
	return t.account(selectAccount+`account_id = $1`, account[:])
}

func (t *tx) AccountByEmail(email string) (cloud.Account, error) {
	return t.account(selectAccount+`email = $1`, email)
}

func (t *tx) AccountByTag(tag []byte) (cloud.Account, error) {
	return t.account(selectAccount+`lookup_tag = $1`, tag)
}

func (t *tx) account(query string, arg any) (a cloud.Account, err error) {
	err = t.one(query, []any{arg}, []any{
		fixed(a.ID[:]), &a.Email, &a.LookupTag, &a.Generation, &a.Profile, fixed(a.LoginKey[:]), &a.SealedAccount, &a.SealedIdentity, &a.Created,
	})
	return a, err
}

func (t *tx) SetCredentials(a cloud.Account) error {
	return t.change(`UPDATE accounts SET generation = $1, profile = $2, login_key = $3, sealed_account = $4 WHERE account_id = $5`,
		int64(a.Generation), a.Profile, a.LoginKey[:], a.SealedAccount, a.ID[:])
}

func (t *tx) InsertSealedVault(account id.ID, s cloud.SealedVault) error {
	return t.exec(`INSERT INTO sealed_vaults (account_id, vault_id, epoch, sealed) VALUES ($1, $2, $3, $4)`,
		account[:], s.Vault[:], int64(s.Epoch), s.Sealed)
}

func (t *tx) SealedVaults(account id.ID) (all []cloud.SealedVault, err error) {
	err = t.each(`SELECT vault_id, epoch, sealed FROM sealed_vaults WHERE account_id = $1 ORDER BY vault_id, epoch`, []any{account[:]},
		func(rows *sql.Rows) (bool, error) {
			var s cloud.SealedVault
			err := rows.Scan(fixed(s.Vault[:]), &s.Epoch, &s.Sealed)
			all = append(all, s)
			return true, err
		})
	return all, err
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
	return t.exec(`INSERT INTO devices (account_id, device_id, public_key, name, platform, status, created, last_seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Account[:], d.ID[:], d.Key[:], d.Name, d.Platform, d.Status, d.Created, d.LastSeen)
}

const selectDevice = `SELECT account_id, device_id, public_key, name, platform, status, created, last_seen FROM devices `

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
	return []any{fixed(d.Account[:]), fixed(d.ID[:]), fixed(d.Key[:]), &d.Name, &d.Platform, &d.Status, &d.Created, &d.LastSeen}
}

func (t *tx) SetDeviceStatus(account, device id.ID, status cloud.DeviceStatus) error {
	return t.change(`UPDATE devices SET status = $1 WHERE account_id = $2 AND device_id = $3`, status, account[:], device[:])
}

func (t *tx) TouchDevice(account, device id.ID, seen int64) error {
	return t.change(`UPDATE devices SET last_seen = $1 WHERE account_id = $2 AND device_id = $3`, seen, account[:], device[:])
}
