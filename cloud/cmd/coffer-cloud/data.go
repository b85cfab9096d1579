package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// database is a cloud.Store as the program uses it.
type database interface {
	cloud.Store
	Ping(context.Context) error
	Close() error
}

// openData opens what the server keeps, and keeps others out of it until close.
func openData(ctx context.Context, o *options, log *slog.Logger) (d database, secret cloud.Secret, close func() error, err error) {
	if err := o.makeData(); err != nil {
		return nil, secret, nil, err
	}
	unlock, err := lock(ctx, o.data)
	if err != nil {
		return nil, secret, nil, err
	}
	if o.onPostgres() {
		d, secret, err = openShared(ctx, *o, log)
	} else {
		d, secret, err = openOwn(ctx, *o)
	}
	if err != nil {
		return nil, secret, nil, errors.Join(err, unlock())
	}
	return d, secret, func() error { return errors.Join(d.Close(), unlock()) }, nil
}

// openOwn opens a SQLite file, with a new secret where there is neither.
func openOwn(ctx context.Context, o options) (database, cloud.Secret, error) {
	_, missing := os.Stat(o.databaseFile())
	secret, err := cloud.OpenSecret(o.secretPath(), errors.Is(missing, fs.ErrNotExist))
	if err != nil {
		return nil, secret, err
	}
	d, err := openDatabase(ctx, o)
	return d, secret, err
}

// openDatabase opens a SQLite file and brings its schema up to date.
func openDatabase(ctx context.Context, o options) (database, error) {
	return sqlite.Open(ctx, o.databaseFile(), nil)
}

// openShared opens a PostgreSQL database. The first process that uses it may make a secret, all others have to have the same.
func openShared(ctx context.Context, o options, log *slog.Logger) (database, cloud.Secret, error) {
	address, err := o.databaseAddress()
	if err != nil {
		return nil, cloud.Secret{}, err
	}
	d, err := postgres.Open(ctx, address, nil, log)
	if err != nil {
		return nil, cloud.Secret{}, err
	}
	secret, err := o.sharedSecret(ctx, d)
	if err != nil {
		return nil, secret, errors.Join(err, d.Close())
	}
	return d, secret, nil
}

func (o options) sharedSecret(ctx context.Context, d *postgres.Store) (cloud.Secret, error) {
	used, err := d.HasFingerprint(ctx)
	if err != nil {
		return cloud.Secret{}, err
	}
	secret, err := cloud.OpenSecret(o.secretPath(), !used)
	if err != nil {
		return secret, err
	}
	if err := d.KeepFingerprint(ctx, secret.Fingerprint()); err != nil {
		return secret, fmt.Errorf("%s: %w", o.secretPath(), err)
	}
	return secret, nil
}

func (o options) onPostgres() bool { return strings.HasPrefix(o.database, "postgres:") }

// databaseAddress is PostgreSQL's connection string, with the password.
func (o options) databaseAddress() (string, error) {
	if o.databasePassword == "" {
		return o.database, nil
	}
	u, err := url.Parse(o.database)
	if err != nil {
		return "", errors.New("database: the address cannot be read") // and not repeated
	}
	u.User = url.UserPassword(u.User.Username(), o.databasePassword)
	return u.String(), nil
}

// makeData makes the data folder, which no other user reads.
func (o *options) makeData() (err error) {
	if o.data, err = filepath.Abs(o.data); err == nil {
		err = os.MkdirAll(o.data, 0o700)
	}
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// databaseFile is the path of the SQLite file.
func (o options) databaseFile() string {
	return cmp.Or(strings.TrimPrefix(o.database, "sqlite:"), filepath.Join(o.data, "cloud.db"))
}

func (o options) secretPath() string {
	return cmp.Or(o.secretFile, filepath.Join(o.data, "server.secret"))
}

func migrateCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "migrate", args, needDatabase, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"migrate takes no arguments beside its flags"}
	}
	_, _, closeData, err := openData(ctx, &o, newLog(o, p.errs))
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "the schema is that of this version")
	return closeData()
}

// lock refuses a second server on the same folder: it would not see the first one's nonces and streams. The lock is a database's own,
// which the operating system releases however the process ends.
func lock(ctx context.Context, dir string) (unlock func() error, err error) {
	db, err := ownsqlite.Open(ctx, filepath.Join(dir, "instance.lock"), ownsqlite.Options{Immediate: true, BusyTimeout: time.Millisecond})
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if ownsqlite.IsBusy(err) {
		return nil, errors.Join(fmt.Errorf("another coffer-cloud uses %s", dir), db.Close())
	} else if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}
