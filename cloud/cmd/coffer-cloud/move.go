package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/transfer"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// movedSuffix is put to the name of a database that has moved, so that nobody goes on with it by mistake.
const movedSuffix = ".moved"

// moveCommand copies cloud.db of the data folder into the PostgreSQL database that the settings name.
func moveCommand(ctx context.Context, p program, args []string) error {
	o, rest, err := configure(p, "move", args, needMove, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage{"move takes no arguments beside its flags"}
	}
	if o.data, err = filepath.Abs(o.data); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	unlock, err := lock(ctx, o.data)
	if err != nil {
		return err
	}
	return errors.Join(move(ctx, p, o), unlock())
}

func needMove(o options) problems {
	wrong := needDatabase(o)
	if !o.onPostgres() {
		wrong = append(wrong, problem{o.at("database"), "is not where a database can move to", `write "postgres://user@host/name"`})
	}
	return wrong
}

// move copies, compares, and puts the old database aside. Until that is done the old one is in force.
func move(ctx context.Context, p program, o options) (err error) {
	path := filepath.Join(o.data, "cloud.db")
	secret, err := o.openForMove(ctx, path)
	if err != nil {
		return err
	}
	address, err := o.databaseAddress()
	if err != nil {
		return err
	}
	target, err := postgres.Open(ctx, address, nil, newLog(o, p.errs))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if used, err := target.HasFingerprint(ctx); err != nil {
		return err
	} else if used {
		return fmt.Errorf("%w: a server has used it", transfer.ErrNotEmpty)
	}
	if err := copyAll(ctx, p, path, address); err != nil {
		return err
	}
	if err := target.KeepFingerprint(ctx, secret.Fingerprint()); err != nil {
		return err
	}
	if err := os.Rename(path, path+movedSuffix); err != nil {
		return fmt.Errorf("moved, but the old database is still in its place: %w", err)
	}
	fmt.Fprintf(p.out, "moved; every row is the same. The old database is %s\n", path+movedSuffix)
	return nil
}

// openForMove brings the old database to this version's schema, and reads the secret that belongs to it.
func (o options) openForMove(ctx context.Context, path string) (cloud.Secret, error) {
	if _, err := os.Stat(path); err != nil {
		return cloud.Secret{}, fmt.Errorf("no database to move: %w", err)
	}
	secret, err := cloud.OpenSecret(o.secretPath(), false)
	if err != nil {
		return secret, err
	}
	source, err := openDatabase(ctx, options{data: o.data})
	if err != nil {
		return secret, err
	}
	return secret, source.Close()
}

func copyAll(ctx context.Context, p program, path, address string) error {
	source, err := ownsqlite.Open(ctx, path, ownsqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	err = transfer.Copy(ctx, source, address, func(t transfer.Table) {
		fmt.Fprintf(p.out, "%-20s %10d rows, sha256 %x\n", t.Name, t.Rows, t.Hash)
	})
	return errors.Join(err, source.Close())
}
