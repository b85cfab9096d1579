package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

// Version is the number of the schema that this program writes.
func Version() (newest int64) {
	all, err := migrations(func(text string) string { return text })
	if err != nil {
		panic(err) // they are in the program
	}
	for _, m := range all {
		newest = max(newest, m.Version)
	}
	return newest
}

// VersionOf is the number of a database's schema, which is only read.
func VersionOf(ctx context.Context, db *sql.DB) (version int64, err error) {
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version); err != nil {
		return 0, fmt.Errorf("schema's version: %w", err)
	}
	return version, nil
}
