package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// createNonces makes the table that all processes remember nonces in. It is not of the schema: it is not logged, a crash empties it, and
// a standby does not have it. A second table, emptied with it, has the moment from which on it remembers: from the beginning where it
// was made just now.
const createNonces = `
CREATE UNLOGGED TABLE IF NOT EXISTS nonces (hash BYTEA NOT NULL PRIMARY KEY, expires BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS nonces_expires ON nonces (expires);
DO $$ BEGIN
	IF to_regclass('nonce_memory') IS NULL THEN
		CREATE UNLOGGED TABLE nonce_memory (one BIGINT NOT NULL PRIMARY KEY, since BIGINT NOT NULL);
		INSERT INTO nonce_memory VALUES (1, 0);
	END IF;
END $$`

// UseNonce implements api.Nonces.
func (s *Store) UseNonce(ctx context.Context, hash []byte, now, expires int64) (fresh bool, since int64, err error) {
	var known sql.NullInt64
	err = s.db.QueryRowContext(ctx, `WITH used AS (INSERT INTO nonces (hash, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1)
		SELECT (SELECT COUNT(*) FROM used) = 1, (SELECT since FROM nonce_memory)`, hash, expires).Scan(&fresh, &known)
	if err == nil && (!known.Valid || known.Int64 > now) {
		// Emptied, or the clock was set back to before that: nobody could be served until the old time comes again.
		err = s.db.QueryRowContext(ctx, `INSERT INTO nonce_memory VALUES (1, $1)
			ON CONFLICT (one) DO UPDATE SET since = LEAST(nonce_memory.since, excluded.since) RETURNING since`, now).Scan(&known.Int64)
	}
	if err != nil {
		return false, 0, fmt.Errorf("use nonce: %w", err)
	}
	return fresh, known.Int64, nil
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
