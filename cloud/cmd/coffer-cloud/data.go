package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/cloud"
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
func openData(ctx context.Context, o *options) (d database, secret cloud.Secret, close func() error, err error) {
	if o.data, err = filepath.Abs(o.data); err != nil {
		return nil, secret, nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, secret, nil, fmt.Errorf("data folder: %w", err)
	}
	unlock, err := lock(ctx, o.data)
	if err != nil {
		return nil, secret, nil, err
	}
	_, missing := os.Stat(o.databaseFile())
	secret, err = cloud.OpenSecret(o.secretPath(), errors.Is(missing, fs.ErrNotExist))
	if err == nil {
		d, err = openDatabase(ctx, *o)
	}
	if err != nil {
		return nil, secret, nil, errors.Join(err, unlock())
	}
	return d, secret, func() error { return errors.Join(d.Close(), unlock()) }, nil
}

// databaseFile is the path of the SQLite file.
func (o options) databaseFile() string {
	return cmp.Or(strings.TrimPrefix(o.database, "sqlite:"), filepath.Join(o.data, "cloud.db"))
}

func (o options) secretPath() string {
	return cmp.Or(o.secretFile, filepath.Join(o.data, "server.secret"))
}

// openDatabase opens the database that the settings name and brings its schema up to date.
func openDatabase(ctx context.Context, o options) (database, error) {
	return sqlite.Open(ctx, o.databaseFile(), nil)
}

func migrateCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "migrate", args, needDatabase, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"migrate takes no arguments beside its flags"}
	}
	_, _, closeData, err := openData(ctx, &o)
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
