package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/backup"
	"github.com/coffer-vault/coffer/internal/atomicfile"
)

var errNotSQLite = errors.New("this is for SQLite; back PostgreSQL up with its own tools, such as pgBackRest, and server.secret beside it")

// backupCommand writes a sealed copy of the server's folder while the server may go on running.
func backupCommand(ctx context.Context, p program, args []string) error {
	var to, recipientsFile string
	var recipients []string
	o, rest, err := configure(p, "backup", args, needDatabase, func(flags *flag.FlagSet) {
		flags.StringVar(&to, "to", "", "file to write; it must not be there")
		flags.StringVar(&recipientsFile, "recipients-file", "", "file with recipients of age, one a line")
		flags.Func("recipient", "recipient of age (age1…), who can open the backup; may be given more than once", func(text string) error {
			recipients = append(recipients, text)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if to == "" || len(rest) > 0 || len(recipients) == 0 && recipientsFile == "" {
		return usage{"backup needs --to FILE and --recipient age1… or --recipients-file FILE; age-keygen makes a key"}
	}
	if o.onPostgres() {
		return errNotSQLite
	}
	parsed, err := parseRecipients(recipients, recipientsFile)
	if err != nil {
		return err
	}
	size, err := writeBackup(ctx, o, parsed, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s: %d bytes\n", to, size)
	return err
}

func parseRecipients(given []string, file string) ([]age.Recipient, error) {
	text := strings.Join(given, "\n")
	if file != "" {
		data, err := readSmall(file, maxConfigFile)
		if err != nil {
			return nil, fmt.Errorf("recipients: %w", err)
		}
		text += "\n" + string(data)
	}
	parsed, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	return parsed, nil
}

// writeBackup puts the file in its place when it is whole, and leaves nothing else behind.
func writeBackup(ctx context.Context, o options, recipients []age.Recipient, to string) (size int64, err error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s is there already", to)
	}
	// Beside the database: that file system has room for a database, and the copy has e-mail addresses in it.
	scratch, err := os.MkdirTemp(o.data, "backup-*.tmp")
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	copied := filepath.Join(scratch, backup.Database)
	if err := backup.Copy(ctx, o.databaseFile(), copied); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(to), ".backup-*.tmp")
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(file.Name()) // after the renaming there is none
	err = backup.Write(file, recipients, o.secretPath(), copied)
	if info, statErr := file.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, err
	}
	return size, atomicfile.Rename(file.Name(), to)
}

// restoreCommand puts a backup into a folder that has no server's data, or only tries it.
func restoreCommand(ctx context.Context, p program, args []string) error {
	var from, identity string
	var check bool
	o, rest, err := configure(p, "restore", args, needDatabase, func(flags *flag.FlagSet) {
		flags.StringVar(&from, "from", "", "the backup")
		flags.StringVar(&identity, "identity-file", "", "file with the identity of age that opens it")
		flags.BoolVar(&check, "check", false, "only try it: open it in a scratch folder beside the database, check the database, keep nothing")
	})
	if err != nil {
		return err
	}
	if from == "" || identity == "" || len(rest) > 0 {
		return usage{"restore needs --from FILE and --identity-file FILE"}
	}
	if o.onPostgres() {
		return errNotSQLite
	}
	key, err := readSmall(identity, maxConfigFile)
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(key))
	if err != nil {
		return errors.New("identity: the file has no identity of age") // its error may have a piece of the key
	}
	made, err := restore(ctx, &o, from, identities, check)
	if err != nil {
		return err
	}
	what := "restored into " + o.data
	if check {
		what = "can be restored"
	}
	_, err = fmt.Fprintf(p.out, "%s; the copy is from %s\n", what, made.UTC().Format(time.RFC3339))
	return err
}

// restore opens the backup beside its place and moves it there when it is known to be good.
func restore(ctx context.Context, o *options, from string, identities []age.Identity, check bool) (made time.Time, err error) {
	if err := o.makeData(); err != nil {
		return made, err
	}
	unlock := func() error { return nil }
	if !check {
		if unlock, err = lock(ctx, o.data); err != nil {
			return made, err
		}
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for _, place := range []string{o.databaseFile(), o.secretPath()} {
		if _, err := os.Lstat(place); !check && !errors.Is(err, fs.ErrNotExist) {
			return made, fmt.Errorf("%s is there already: restore into an empty folder", place)
		}
	}
	// Beside the database, which may be on another file system than the rest: there it is moved from.
	scratch, err := os.MkdirTemp(filepath.Dir(o.databaseFile()), "restore-*.tmp")
	if err != nil {
		return made, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	file, err := os.Open(from)
	if err != nil {
		return made, fmt.Errorf("restore: %w", err)
	}
	defer file.Close()
	if made, err = backup.Read(ctx, file, identities, scratch); err != nil {
		return made, err
	}
	if err := tryToOpen(ctx, scratch); err != nil || check {
		return made, err
	}
	return made, o.put(scratch)
}

// put moves what was read to its places. The secret comes last: a server without it does not start, while one without a database would
// make an empty one.
func (o options) put(scratch string) error {
	secret, err := os.ReadFile(filepath.Join(scratch, backup.Secret))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer clear(secret)
	if err := atomicfile.Rename(filepath.Join(scratch, backup.Database), o.databaseFile()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := atomicfile.WriteFile(o.secretPath(), secret, 0o600); err != nil {
		return fmt.Errorf("restore: the database is in its place, and the secret is not; remove %s and restore again: %w", o.databaseFile(), err)
	}
	return nil
}

// tryToOpen opens what was read as the server will, which also brings its schema up to date.
func tryToOpen(ctx context.Context, dir string) error {
	o := options{data: dir}
	if _, err := cloud.OpenSecret(o.secretPath(), false); err != nil {
		return err
	}
	d, _, err := openOwn(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(d.Ping(ctx), d.Close())
}
