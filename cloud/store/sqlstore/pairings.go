package sqlstore

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func (t *tx) InsertPairing(p cloud.Pairing) error {
	return t.exec(`INSERT INTO pairings (pairing_id, account_id, device_id, public_key, receive_key, name, platform, language, commitment, created, expires,
			state, approver_id, nonce, reveal, wrap, signature)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		p.ID[:], p.Account[:], p.Device.ID[:], p.Device.Key[:], p.Device.Receive[:], p.Device.Name, p.Device.Platform, p.Language, p.Commitment, p.Created, p.Expires,
		p.State, p.Approver[:], notNull(p.Nonce), notNull(p.R), notNull(p.Wrap.Wrap), notNull(p.Wrap.Signature))
}

const selectPairing = `SELECT pairing_id, account_id, device_id, public_key, receive_key, name, platform, language, commitment, created, expires,
	state, approver_id, nonce, reveal, wrap, signature FROM pairings WHERE `

func (t *tx) Pairing(pairing id.ID) (p cloud.Pairing, err error) {
	err = t.one(selectPairing+`pairing_id = $1`, []any{pairing[:]}, pairingColumns(&p))
	return p, err
}

func (t *tx) Pairings(account id.ID) (all []cloud.Pairing, err error) {
	err = t.each(selectPairing+`account_id = $1 ORDER BY created, pairing_id`, []any{account[:]}, func(rows *sql.Rows) (bool, error) {
		var p cloud.Pairing
		err := rows.Scan(pairingColumns(&p)...)
		all = append(all, p)
		return true, err
	})
	return all, err
}

func pairingColumns(p *cloud.Pairing) []any {
	return []any{
		fixed(p.ID[:]), fixed(p.Account[:]), fixed(p.Device.ID[:]), fixed(p.Device.Key[:]), fixed(p.Device.Receive[:]), &p.Device.Name, &p.Device.Platform,
		&p.Language, &p.Commitment, &p.Created, &p.Expires, &p.State, fixed(p.Approver[:]), &p.Nonce, &p.R, &p.Wrap.Wrap, &p.Wrap.Signature,
	}
}

func (t *tx) UpdatePairing(p cloud.Pairing) error {
	return t.change(`UPDATE pairings SET state = $1, approver_id = $2, nonce = $3, reveal = $4, wrap = $5, signature = $6 WHERE pairing_id = $7`,
		p.State, p.Approver[:], notNull(p.Nonce), notNull(p.R), notNull(p.Wrap.Wrap), notNull(p.Wrap.Signature), p.ID[:])
}

func (t *tx) PutRecovery(r cloud.Recovery) error {
	return t.exec(`INSERT INTO recoveries (account_id, device_id, public_key, receive_key, name, platform, language, code_hash, tries_left, code_expires,
			started, ready_at, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (account_id, device_id) DO UPDATE SET public_key = excluded.public_key, receive_key = excluded.receive_key,
			name = excluded.name, platform = excluded.platform, language = excluded.language, code_hash = excluded.code_hash,
			tries_left = excluded.tries_left, code_expires = excluded.code_expires, started = excluded.started,
			ready_at = excluded.ready_at, expires = excluded.expires`,
		r.Account[:], r.ID[:], r.Key[:], r.Receive[:], r.Name, r.Platform, r.Language, r.Code.Hash, r.Code.TriesLeft, r.Code.Expires,
		r.Started, r.ReadyAt, r.Expires)
}

const selectRecovery = `SELECT account_id, device_id, public_key, receive_key, name, platform, language, code_hash, tries_left, code_expires,
	started, ready_at, expires FROM recoveries WHERE account_id = $1 AND `

func (t *tx) Recovery(account, device id.ID) (cloud.Recovery, error) {
	return t.recovery(selectRecovery+`device_id = $2`, account[:], device[:])
}

func (t *tx) RecoveryUnderWay(account id.ID) (cloud.Recovery, error) {
	return t.recovery(selectRecovery+`ready_at > 0`, account[:])
}

func (t *tx) recovery(query string, args ...any) (r cloud.Recovery, err error) {
	err = t.one(query, args, []any{
		fixed(r.Account[:]), fixed(r.ID[:]), fixed(r.Key[:]), fixed(r.Receive[:]), &r.Name, &r.Platform, &r.Language,
		&r.Code.Hash, &r.Code.TriesLeft, &r.Code.Expires, &r.Started, &r.ReadyAt, &r.Expires,
	})
	return r, err
}

func (t *tx) DeleteRecoveries(account id.ID) error {
	return t.exec(`DELETE FROM recoveries WHERE account_id = $1`, account[:])
}
