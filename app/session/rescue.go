package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// damagedMark stands in the name of a vault file that SQLite cannot read. It is kept: what was typed and never synced may be in it.
const damagedMark = ".damaged-"

// standIn puts the newest backup in the place of a vault file that SQLite cannot read, as the old copy that Reload goes on from. damage
// is returned where there is no backup to take.
//
// It can be repeated after a kill at any point: between its renames there is no vault file, which is damage too.
func (m *Manager) standIn(ctx context.Context, account id.ID, damage error) error {
	all, err := m.backups(account)
	if err != nil {
		return errors.Join(damage, err)
	}
	path := m.cfg.Paths.Account(account)
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(damage, err)
	}
	whole := func(b Backup) bool { return copyIfWhole(ctx, m.backupPath(account, b.ID), fresh) == nil }
	if !slices.ContainsFunc(all, whole) { // the newest that is whole
		return damage
	}
	if err := m.setDamagedAside(account); err != nil {
		return fmt.Errorf("set the damaged vault file aside: %w", err)
	}
	return atomicfile.Rename(fresh, path)
}

// setDamagedAside moves the vault file and its write-ahead log out of the way. The log must not be there when another file takes the place:
// SQLite would apply it.
func (m *Manager) setDamagedAside(account id.ID) error {
	path := m.cfg.Paths.Account(account)
	aside := path + damagedMark + m.cfg.Now().UTC().Format(copyTime)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if before := m.newestDamaged(account); before != "" {
			aside = before // a kill came between the file and its log
		}
	}
	return moveFile(path, aside)
}

// moveFile moves a vault file and its log, as far as they are there. Its shared memory is of no use to another name.
func moveFile(path, to string) error {
	for _, part := range []string{"", "-wal"} {
		if err := atomicfile.Rename(path+part, to+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyIfWhole(ctx context.Context, from, to string) error {
	store, err := sqlite.Open(ctx, from)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Check(ctx); err != nil {
		return err
	}
	return store.CopyTo(ctx, to)
}

// check reads the whole of an account's file. Errors: vault.ErrCorrupt, also for a file that is gone or has lost its content.
func (m *Manager) check(ctx context.Context, account id.ID) error {
	store, err := sqlite.Open(ctx, m.cfg.Paths.Account(account))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, sqlite.ErrNoAccount) {
		return fmt.Errorf("%w: %w", vault.ErrCorrupt, err)
	}
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Check(ctx)
}

// salvage takes over the edits that wait for the server in the file that was set aside, as far as they can be read.
func (u *Unlocked) salvage(ctx context.Context) (saved int, err error) {
	store, err := sqlite.Open(ctx, u.m.newestDamaged(u.own.bundle.Account))
	if err != nil {
		return 0, err
	}
	defer store.Close()
	var waiting []id.ID
	err = store.View(ctx, func(r vault.Reader) error {
		return r.PendingObjects(u.vault.ID(), func(o vault.Object) error {
			waiting = append(waiting, o.ID)
			return nil
		})
	})
	saved, restoreErr := u.vault.RestoreBackup(ctx, store, waiting)
	return saved, errors.Join(err, restoreErr)
}

// accountIDs are the accounts that have a file on this PC, or a backup of one: an account whose file is damaged, or gone, is not
// forgotten.
func (m *Manager) accountIDs() []id.ID {
	files, err := os.ReadDir(m.cfg.Paths.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Log.Warn("accounts not listed", "error", err)
	}
	var all []id.ID
	for _, file := range files {
		name, rest, _ := strings.Cut(file.Name(), ".db")
		account, err := id.Parse(name)
		if err == nil && (rest == "" || strings.HasPrefix(rest, backupMark)) && !slices.Contains(all, account) {
			all = append(all, account)
		}
	}
	return all
}

// readBackups reads who an account is from the newest backup that can be read.
func (m *Manager) readBackups(ctx context.Context, account id.ID) (found Account, err error) {
	all, err := m.backups(account)
	if err == nil && len(all) == 0 {
		err = ErrNoBackup
	}
	for _, b := range all {
		if found, err = m.readAccount(ctx, m.backupPath(account, b.ID)); err == nil {
			return found, nil
		}
	}
	return Account{}, err
}

// damaged lists an account's damaged files that were set aside, with their logs.
func (m *Manager) damaged(account id.ID) []string {
	return m.beside(account, damagedMark, "") // the name is the time
}

// newestDamaged is the file that was set aside last, "" for none.
func (m *Manager) newestDamaged(account id.ID) string {
	files := slices.DeleteFunc(m.damaged(account), func(path string) bool {
		return strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm")
	})
	if len(files) == 0 {
		return ""
	}
	return files[len(files)-1]
}
