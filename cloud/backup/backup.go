// Package backup makes and opens backups of a server that keeps its data in SQLite.
//
// A backup is an age file (age-encryption.org/v1) with a tar archive in it: first the server's secret, then a copy of the database.
// Whoever makes backups needs public recipients alone, so the machine that is lost with its disk cannot open what it has sent away. age
// authenticates every byte and the end: what is read in full is what was written. It does not say by whom, since recipients are public.
package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

// Names of the two files, in the archive and in a server's folder.
const (
	Secret   = "server.secret"
	Database = "cloud.db"
)

const secretSize = 32

// ErrNotBackup is returned by Read for an archive that age opens and that is none of ours, or not all of one.
var ErrNotBackup = errors.New("not a backup of coffer-cloud")

// Copy writes a copy of a database as one moment saw it to a new file. Others may go on writing.
func Copy(ctx context.Context, from, to string) (err error) {
	// SQLite would make it readable for others. It fills an empty file and refuses any other.
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	db, err := sqlite.Open(ctx, from, sqlite.Options{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}

// Write seals the two files for recipients. database is a copy: nobody may write to it meanwhile.
func Write(w io.Writer, recipients []age.Recipient, secret, database string) error {
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return fmt.Errorf("seal backup: %w", err)
	}
	archive := tar.NewWriter(sealed)
	for _, f := range []struct{ name, path string }{{Secret, secret}, {Database, database}} {
		if err := add(archive, f.name, f.path); err != nil {
			return fmt.Errorf("write backup: %s: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	// Without this the file has no end, and nobody can open it.
	if err := sealed.Close(); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func add(archive *tar.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: time.Unix(info.ModTime().Unix(), 0)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}

// Read opens a backup into a folder that has neither file, and checks the database. After an error the folder may have parts of it.
// Errors: ErrNotBackup; of age, *age.NoIdentityMatchError where it was sealed for others.
func Read(ctx context.Context, r io.Reader, identities []age.Identity, dir string) (made time.Time, err error) {
	plain, err := age.Decrypt(r, identities...)
	if err != nil {
		return made, fmt.Errorf("open backup: %w", err)
	}
	archive := tar.NewReader(plain)
	for _, name := range []string{Secret, Database} {
		header, err := archive.Next()
		if err != nil {
			return made, fmt.Errorf("%w: %w", ErrNotBackup, err)
		}
		if header.Name != name || header.Typeflag != tar.TypeReg || name == Secret && header.Size != secretSize {
			return made, fmt.Errorf("%w: it has %.40q", ErrNotBackup, header.Name)
		}
		if err := extract(archive, filepath.Join(dir, name)); err != nil {
			return made, fmt.Errorf("read backup: %s: %w", name, err)
		}
		made = header.ModTime
	}
	// To the end: a backup that was cut off after the database would otherwise count as whole.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return made, fmt.Errorf("read backup: %w", err)
	}
	return made, Check(ctx, filepath.Join(dir, Database))
}

func extract(from io.Reader, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Sync(), file.Close())
}

// Check reads a whole database and tells whether SQLite finds it sound, with every reference in place.
func Check(ctx context.Context, path string) (err error) {
	db, err := sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if found != "ok" {
		return fmt.Errorf("check database: %s", found)
	}
	var missing int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pragma_foreign_key_check`).Scan(&missing); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if missing > 0 {
		return fmt.Errorf("check database: %d rows name others that are missing", missing)
	}
	return nil
}
