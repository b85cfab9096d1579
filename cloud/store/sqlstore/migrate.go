package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var embedded embed.FS

// ErrNewerSchema says that a newer version of the server wrote the database.
var ErrNewerSchema = errors.New("database was written by a newer version of this program")

// Migrate brings a database's schema up to date, one transaction for each number. adapt makes of a migration's text what the engine
// understands. Errors: ErrNewerSchema.
func Migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, adapt func(string) string, options ...goose.ProviderOption) error {
	all, err := migrations(adapt)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(dialect, db, nil, append(options, goose.WithGoMigrations(all...))...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := refuseNewer(ctx, provider); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// A newer version may have been first while this one waited for its turn.
	return refuseNewer(ctx, provider)
}

func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewerSchema, current, target)
	}
	return nil
}

func migrations(adapt func(string) string) (all []*goose.Migration, err error) {
	names, err := fs.Glob(embedded, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		text, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		up := func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, adapt(string(text)))
			return err
		}
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: up}, nil))
	}
	return all, nil
}
