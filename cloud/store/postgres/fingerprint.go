package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// createFingerprint makes the place of what tells the server's secret from another one. Like nonces it is not of the schema: one process
// with one file needs neither.
const createFingerprint = `CREATE TABLE IF NOT EXISTS secret_fingerprint (one BIGINT NOT NULL PRIMARY KEY, hash BYTEA NOT NULL)`

// ErrOtherSecret says that a process has another secret than those before it: codes that one mails, no other could check.
var ErrOtherSecret = errors.New("the server's secret is not the one that this database was used with")

// HasFingerprint tells whether a process has used the database.
func (s *Store) HasFingerprint(ctx context.Context) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `SELECT one FROM secret_fingerprint`).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// KeepFingerprint notes the secret's fingerprint, or compares it with the one that is there. Errors: ErrOtherSecret.
func (s *Store) KeepFingerprint(ctx context.Context, hash []byte) error {
	if _, err := s.db.ExecContext(ctx, `INSERT INTO secret_fingerprint (one, hash) VALUES (1, $1) ON CONFLICT DO NOTHING`, hash); err != nil {
		return fmt.Errorf("keep fingerprint: %w", err)
	}
	var kept []byte
	if err := s.db.QueryRowContext(ctx, `SELECT hash FROM secret_fingerprint`).Scan(&kept); err != nil {
		return fmt.Errorf("read fingerprint: %w", err)
	}
	if !bytes.Equal(kept, hash) {
		return ErrOtherSecret
	}
	return nil
}
