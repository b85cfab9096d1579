package sqlstore

import (
	"errors"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func (t *tx) InsertSignup(s cloud.Signup) error {
	return t.exec(`INSERT INTO signups (signup_id, email, language, code_hash, tries_left, code_expires, token_hash, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.Email, s.Language, s.Code.Hash, s.Code.TriesLeft, s.Code.Expires, notNull(s.TokenHash), s.Expires)
}

const selectSignup = `SELECT signup_id, email, language, code_hash, tries_left, code_expires, token_hash, expires FROM signups WHERE `

func (t *tx) Signup(signupID string) (cloud.Signup, error) {
	return t.signup(selectSignup+`signup_id = $1`, signupID)
}

func (t *tx) SignupByToken(tokenHash []byte) (cloud.Signup, error) {
	return t.signup(selectSignup+`token_hash = $1`, tokenHash)
}

func (t *tx) signup(query string, arg any) (s cloud.Signup, err error) {
	err = t.one(query, []any{arg}, []any{&s.ID, &s.Email, &s.Language, &s.Code.Hash, &s.Code.TriesLeft, &s.Code.Expires, &s.TokenHash, &s.Expires})
	return s, err
}

func (t *tx) UpdateSignup(s cloud.Signup) error {
	return t.change(`UPDATE signups SET tries_left = $1, token_hash = $2, expires = $3 WHERE signup_id = $4`,
		s.Code.TriesLeft, notNull(s.TokenHash), s.Expires, s.ID)
}

func (t *tx) DeleteSignup(signupID string) error {
	return t.change(`DELETE FROM signups WHERE signup_id = $1`, signupID)
}

// notNull stores a missing hash as no bytes: a nil slice would be NULL.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (t *tx) InsertChallenge(c cloud.Challenge) error {
	return t.exec(`INSERT INTO challenges (nonce, purpose, account_id, expires) VALUES ($1, $2, $3, $4)`, c.Nonce, c.Purpose, c.Account[:], c.Expires)
}

func (t *tx) TakeChallenge(nonce []byte) (c cloud.Challenge, err error) {
	err = t.one(`DELETE FROM challenges WHERE nonce = $1 RETURNING nonce, purpose, account_id, expires`,
		[]any{nonce}, []any{&c.Nonce, &c.Purpose, fixed(c.Account[:]), &c.Expires})
	return c, err
}

func (t *tx) WrongProofs(account, device id.ID) (w cloud.WrongProofs, err error) {
	err = t.one(`SELECT tries, last_try FROM wrong_proofs WHERE account_id = $1 AND device_id = $2`, []any{account[:], device[:]}, []any{&w.Count, &w.Last})
	if errors.Is(err, cloud.ErrNone) {
		return cloud.WrongProofs{}, nil
	}
	return w, err
}

func (t *tx) PutWrongProofs(account, device id.ID, w cloud.WrongProofs) error {
	return t.exec(`INSERT INTO wrong_proofs (account_id, device_id, tries, last_try) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, device_id) DO UPDATE SET tries = excluded.tries, last_try = excluded.last_try`, account[:], device[:], w.Count, w.Last)
}

func (t *tx) PutPendingDevice(d cloud.PendingDevice) error {
	return t.exec(`INSERT INTO pending_devices (account_id, device_id, public_key, receive_key, name, platform, language, code_hash, tries_left, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (account_id, device_id) DO UPDATE SET public_key = excluded.public_key, receive_key = excluded.receive_key,
			name = excluded.name, platform = excluded.platform, language = excluded.language, code_hash = excluded.code_hash,
			tries_left = excluded.tries_left, expires = excluded.expires`,
		d.Account[:], d.ID[:], d.Key[:], d.Receive[:], d.Name, d.Platform, d.Language, d.Code.Hash, d.Code.TriesLeft, d.Code.Expires)
}

func (t *tx) PendingDevice(account, device id.ID) (d cloud.PendingDevice, err error) {
	err = t.one(`SELECT account_id, device_id, public_key, receive_key, name, platform, language, code_hash, tries_left, expires
		FROM pending_devices WHERE account_id = $1 AND device_id = $2`, []any{account[:], device[:]}, []any{
		fixed(d.Account[:]), fixed(d.ID[:]), fixed(d.Key[:]), fixed(d.Receive[:]), &d.Name, &d.Platform, &d.Language,
		&d.Code.Hash, &d.Code.TriesLeft, &d.Code.Expires,
	})
	return d, err
}

func (t *tx) DeletePendingDevice(account, device id.ID) error {
	return t.change(`DELETE FROM pending_devices WHERE account_id = $1 AND device_id = $2`, account[:], device[:])
}

func (t *tx) DeletePendingDevices(account id.ID) error {
	return t.exec(`DELETE FROM pending_devices WHERE account_id = $1`, account[:])
}

func (t *tx) Count(subject []byte, day int64) (n int, err error) {
	err = t.one(`INSERT INTO counters (subject, day, n) VALUES ($1, $2, 1)
		ON CONFLICT (subject, day) DO UPDATE SET n = counters.n + 1 RETURNING n`, []any{subject, day}, []any{&n})
	return n, err
}

func (t *tx) InsertSession(s cloud.Session) error {
	return t.exec(`INSERT INTO sessions
		(session_id, account_id, device_id, access_hash, access_expires, family_hash, refresh_hash, previous_hash, refresh_expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		s.ID, s.Account[:], s.Device[:], s.AccessHash, s.AccessExpires, s.FamilyHash, s.RefreshHash, notNull(s.PreviousHash), s.RefreshExpires)
}

const selectSession = `SELECT session_id, account_id, device_id, access_hash, access_expires, family_hash, refresh_hash, previous_hash, refresh_expires
	FROM sessions WHERE `

func (t *tx) Session(sessionID string) (cloud.Session, error) {
	return t.session(selectSession+`session_id = $1`, sessionID)
}

func (t *tx) SessionByAccess(hash []byte) (cloud.Session, error) {
	return t.session(selectSession+`access_hash = $1`, hash)
}

func (t *tx) CallerByAccess(hash []byte) (c cloud.Caller, err error) {
	err = t.one(`SELECT s.session_id, s.account_id, s.device_id, s.access_expires, d.public_key, d.status FROM sessions AS s
		JOIN devices AS d ON d.account_id = s.account_id AND d.device_id = s.device_id WHERE s.access_hash = $1`, []any{hash},
		[]any{&c.SessionID, fixed(c.Account[:]), fixed(c.Device[:]), &c.Expires, fixed(c.Key[:]), &c.Status})
	return c, err
}

func (t *tx) SessionByFamily(hash []byte) (cloud.Session, error) {
	return t.session(selectSession+`family_hash = $1`, hash)
}

func (t *tx) session(query string, arg any) (s cloud.Session, err error) {
	err = t.one(query, []any{arg}, []any{
		&s.ID, fixed(s.Account[:]), fixed(s.Device[:]), &s.AccessHash, &s.AccessExpires, &s.FamilyHash, &s.RefreshHash, &s.PreviousHash, &s.RefreshExpires,
	})
	return s, err
}

func (t *tx) UpdateSession(s cloud.Session) error {
	return t.change(`UPDATE sessions SET access_hash = $1, access_expires = $2, refresh_hash = $3, previous_hash = $4, refresh_expires = $5
		WHERE session_id = $6`,
		s.AccessHash, s.AccessExpires, s.RefreshHash, notNull(s.PreviousHash), s.RefreshExpires, s.ID)
}

func (t *tx) DeleteSession(sessionID string) error {
	return t.exec(`DELETE FROM sessions WHERE session_id = $1`, sessionID)
}

func (t *tx) DeleteDeviceSessions(account, device id.ID) error {
	return t.exec(`DELETE FROM sessions WHERE account_id = $1 AND device_id = $2`, account[:], device[:])
}

func (t *tx) DeleteOtherSessions(account, device id.ID) error {
	return t.exec(`DELETE FROM sessions WHERE account_id = $1 AND device_id <> $2`, account[:], device[:])
}

// DeleteOldSessions relies on session ids being in the order of time.
func (t *tx) DeleteOldSessions(account, device id.ID, keep int) error {
	return t.exec(`DELETE FROM sessions WHERE account_id = $1 AND device_id = $2 AND session_id NOT IN
		(SELECT session_id FROM sessions WHERE account_id = $1 AND device_id = $2 ORDER BY session_id DESC LIMIT $3)`, account[:], device[:], keep)
}

func (t *tx) DeleteExpired(now, pairingsBefore, proofsBefore, devicesBefore, daysBefore, mailsBefore int64) (rows int64, err error) {
	for _, d := range []struct {
		statement string
		before    int64
	}{
		{`DELETE FROM signups WHERE expires <= $1`, now},
		{`DELETE FROM challenges WHERE expires <= $1`, now},
		{`DELETE FROM pending_devices WHERE expires <= $1`, now},
		{`DELETE FROM recoveries WHERE expires <= $1`, now},
		{`DELETE FROM email_changes WHERE expires <= $1`, now},
		{`DELETE FROM pairings WHERE expires <= $1`, pairingsBefore},
		{`DELETE FROM sessions WHERE refresh_expires <= $1`, now},
		{`DELETE FROM wrong_proofs WHERE last_try <= $1`, proofsBefore},
		{`DELETE FROM devices WHERE status = 1 AND last_seen <= $1`, devicesBefore}, // 1: cloud.DeviceVerified
		{`DELETE FROM counters WHERE day < $1`, daysBefore},
		{`DELETE FROM deliveries WHERE changed <= $1`, mailsBefore},
	} {
		n, err := t.affected(d.statement, d.before)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}
