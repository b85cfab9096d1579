package sqlstore

import "github.com/coffer-vault/coffer/cloud"

func (t *tx) InsertMail(m cloud.QueuedMail) error {
	return t.exec(`INSERT INTO outbox (mail_id, sealed, attempts, next_try, expires) VALUES ($1, $2, $3, $4, $5)`,
		m.ID, m.Sealed, m.Attempts, m.NextTry, m.Expires)
}

func (t *tx) ClaimMail(now, until int64) (m cloud.QueuedMail, err error) {
	err = t.one(`UPDATE outbox SET attempts = attempts + 1, next_try = $1
		WHERE mail_id = (SELECT mail_id FROM outbox WHERE next_try <= $2 ORDER BY next_try LIMIT 1) AND next_try <= $2
		RETURNING mail_id, sealed, attempts, next_try, expires`,
		[]any{until, now}, []any{&m.ID, &m.Sealed, &m.Attempts, &m.NextTry, &m.Expires})
	return m, err
}

func (t *tx) RetryMail(mailID string, at int64) error {
	return t.change(`UPDATE outbox SET next_try = $1 WHERE mail_id = $2`, at, mailID)
}

func (t *tx) DeleteMail(mailID string) error {
	return t.change(`DELETE FROM outbox WHERE mail_id = $1`, mailID)
}

func (t *tx) HurryMails(later, at, expires int64) error {
	return t.exec(`UPDATE outbox SET next_try = $1, expires = CASE WHEN expires < $2 THEN expires ELSE $2 END WHERE next_try > $3`, at, expires, later)
}

func (t *tx) NextMail() (at int64, err error) {
	err = t.one(`SELECT next_try FROM outbox ORDER BY next_try LIMIT 1`, nil, []any{&at})
	return at, err
}

func (t *tx) MailQueue() (waiting int, oldest string, err error) {
	err = t.one(`SELECT COUNT(*), COALESCE(MIN(mail_id), '') FROM (SELECT mail_id FROM outbox ORDER BY mail_id LIMIT 10000) AS oldest`, nil, []any{&waiting, &oldest})
	return waiting, oldest, err
}
