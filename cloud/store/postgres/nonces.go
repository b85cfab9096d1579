package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// createNonces makes the table that all processes remember nonces in. It is not of the schema: it is not logged, a crash empties it, and
// a standby does not have it. What it forgets then is two minutes old at most.
const createNonces = `
CREATE UNLOGGED TABLE IF NOT EXISTS nonces (hash BYTEA NOT NULL PRIMARY KEY, expires BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS nonces_expires ON nonces (expires)`

// UseNonce enters a nonce that need not be remembered after expires (Unix ms), and tells whether it is new to every process.
func (s *Store) UseNonce(ctx context.Context, hash []byte, expires int64) (fresh bool, err error) {
	result, err := s.db.ExecContext(ctx, `INSERT INTO nonces (hash, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, expires)
	if err != nil {
		return false, fmt.Errorf("use nonce: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

const forgetInterval = time.Minute

// forgetAlways removes what is over until stop.
func (s *Store) forgetAlways(log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for sleep(ctx, forgetInterval) {
			if err := s.ForgetNonces(ctx, time.Now().UnixMilli()); err != nil && ctx.Err() == nil {
				log.Warn("nonces are not forgotten", "err", err)
			}
		}
	})
	return func() { cancel(); running.Wait() }
}

// ForgetNonces removes those that are over at a moment (Unix ms).
func (s *Store) ForgetNonces(ctx context.Context, now int64) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM nonces WHERE expires <= $1`, now)
	return err
}
