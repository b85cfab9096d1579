package postgres

import (
	"context"
	"database/sql"
	"errors"
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

// nonces lets the requests of a process that come at the same time share a statement: while one is under way those who come wait, and go
// together with the next.
type nonces struct {
	db   *sql.DB
	turn chan struct{} // of one entry: who has put it there asks the database

	mu   sync.Mutex
	next *nonceBatch // whoever comes now goes with it
}

// nonceBatch is what one statement enters. What it found out is there once done is closed.
type nonceBatch struct {
	hashes  [][]byte
	expires []int64
	now     int64 // the latest of theirs
	done    chan struct{}

	since int64
	err   error

	mu    sync.Mutex
	fresh map[string]bool // which nobody had used; whoever takes one has it alone
}

func newNonces(db *sql.DB) *nonces { return &nonces{db: db, turn: make(chan struct{}, 1)} }

// UseNonce implements api.Nonces.
func (s *Store) UseNonce(ctx context.Context, hash []byte, now, expires int64) (fresh bool, since int64, err error) {
	b, first := s.nonces.join(hash, now, expires)
	if first {
		s.nonces.enter(context.WithoutCancel(ctx), b) // the others stay when he goes
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return false, 0, fmt.Errorf("use nonce: %w", ctx.Err())
	}
	if b.err != nil {
		return false, 0, fmt.Errorf("use nonce: %w", b.err)
	}
	return b.take(hash), b.since, nil
}

// join puts a nonce into the next batch; first tells whether that begins with it.
func (n *nonces) join(hash []byte, now, expires int64) (b *nonceBatch, first bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if first = n.next == nil; first {
		n.next = &nonceBatch{done: make(chan struct{}), fresh: map[string]bool{}}
	}
	b = n.next
	b.hashes, b.expires, b.now = append(b.hashes, hash), append(b.expires, expires), max(b.now, now)
	return b, first
}

// enter waits for the batch before, and has the database enter this one with all who have joined it until then.
func (n *nonces) enter(ctx context.Context, b *nonceBatch) {
	defer close(b.done)
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	n.mu.Lock()
	n.next = nil
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, serving.try)
	defer cancel()
	b.err = b.ask(ctx, n.db)
}

// enterNonces: in the order of their hashes, so that two processes that enter the same ones wait for each other and not in a circle.
const enterNonces = `WITH entered AS (
		INSERT INTO nonces (hash, expires) SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS n(hash, expires) ORDER BY hash
		ON CONFLICT DO NOTHING RETURNING hash)
	SELECT (SELECT since FROM nonce_memory), hash FROM (SELECT 1) AS one LEFT JOIN entered ON true`

func (b *nonceBatch) ask(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, enterNonces, b.hashes, b.expires)
	if err != nil {
		return err
	}
	defer rows.Close()
	var known sql.NullInt64
	for rows.Next() {
		var hash []byte // NULL where none is fresh
		if err := rows.Scan(&known, &hash); err != nil {
			return err
		}
		b.fresh[string(hash)] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if b.since = known.Int64; !known.Valid || known.Int64 > b.now {
		// Emptied, or the clock was set back to before that: nobody could be served until the old time comes again.
		return db.QueryRowContext(ctx, `INSERT INTO nonce_memory VALUES (1, $1)
			ON CONFLICT (one) DO UPDATE SET since = LEAST(nonce_memory.since, excluded.since) RETURNING since`, b.now).Scan(&b.since)
	}
	return nil
}

// take tells whether a nonce is fresh, once.
func (b *nonceBatch) take(hash []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	fresh := b.fresh[string(hash)]
	delete(b.fresh, string(hash))
	return fresh
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
