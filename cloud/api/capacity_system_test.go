//go:build system && linux

package api_test

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for database/sql

	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// BenchmarkCapacityPostgres is BenchmarkCapacity on PostgreSQL as Debian sets it, which makes every commit durable.
func BenchmarkCapacityPostgres(b *testing.B) {
	cluster, err := testpg.New()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			b.Error(err)
		}
	})
	url := cluster.Database(b)
	open := func(url string) *sql.DB {
		db, err := sql.Open("pgx", url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		return db
	}
	bare, about := open(cluster.Database(b)), open(url)
	bare.SetMaxOpenConns(1)
	s := testkit.CloudWith(b, func(s *testkit.Server) {
		s.Open = func(ctx context.Context, hook sqlite.Hook) (testkit.Store, error) {
			return postgres.Open(ctx, url, hook, slog.New(slog.DiscardHandler))
		}
	})
	measureCapacity(b, engine{
		server: s, bare: bare, create: `CREATE TABLE envelopes (object_id BYTEA PRIMARY KEY, envelope BYTEA)`, filler: postgresFiller(url),
		size: func(t testing.TB) (bytes int64) {
			if err := about.QueryRow(`SELECT pg_database_size(current_database())`).Scan(&bytes); err != nil {
				t.Fatal(err)
			}
			return bytes
		},
		processor: func(t testing.TB) time.Duration {
			took, err := cluster.ProcessorTime()
			if err != nil {
				t.Fatal(err)
			}
			return took
		},
	})
}

// postgresFiller leaves out foreign keys, which would be looked up for every row.
func postgresFiller(url string) filler {
	return filler{
		open:    func() (*sql.DB, error) { return sql.Open("pgx", url) },
		before:  []string{"SET session_replication_role = replica", "SET synchronous_commit = off"},
		after:   []string{"VACUUM ANALYZE", "CHECKPOINT"},
		columns: `SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position`,
		series:  `generate_series((SELECT COUNT(*) FROM accounts), $1::bigint - 1) AS n(i)`,
		random:  `uuid_send(gen_random_uuid())`,
	}
}
