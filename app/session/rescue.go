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

// standIn is what takes the place of a vault file that SQLite cannot read.
type standIn struct {
	path     string // of the new file, beside the damaged one
	salvaged sqlite.Salvaged
}

// makeStandIn makes a file for Reload to go on from: the newest backup that is whole, if there is one, with every object that can be read in
// the damaged file, edits that wait for the server above all. The damaged file stays where it is until the server's state is proved
// (takePlace). damage is returned where nothing says whose the account is.
func (m *Manager) makeStandIn(ctx context.Context, account id.ID, damage error) (standIn, error) {
	all, err := m.backups(account)
	if err != nil {
		return standIn{}, errors.Join(damage, err)
	}
	s := standIn{path: m.cfg.Paths.Account(account) + ".new"}
	if err := s.remove(); err != nil {
		return standIn{}, errors.Join(damage, err)
	}
	whole := func(b Backup) bool { return copyIfWhole(ctx, m.backupPath(account, b.ID), s.path) == nil }
	hasBackup := slices.ContainsFunc(all, whole) // the newest that is whole
	damaged, err := m.damagedFile(account)
	if err == nil && damaged != "" {
		s.salvaged, err = sqlite.Salvage(ctx, damaged, s.path, account)
	}
	switch {
	case err == nil && (hasBackup || damaged != ""):
		return s, nil
	case err == nil || errors.Is(err, sqlite.ErrNoAccount):
		return standIn{}, errors.Join(damage, s.remove())
	}
	return standIn{}, errors.Join(err, s.remove())
}

// remove removes the file that has not taken its place.
func (s standIn) remove() (err error) {
	for _, part := range []string{"", "-wal", "-shm"} {
		if gone := os.Remove(s.path + part); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// takePlace puts it in the place of the damaged file, which is kept. Nobody has either of them open. It can be repeated after a kill at any
// point: between its renames there is no vault file, which is damage too.
func (s standIn) takePlace(m *Manager, account id.ID) error {
	if err := m.setDamagedAside(account); err != nil {
		return fmt.Errorf("set the damaged vault file aside: %w", err)
	}
	return atomicfile.Rename(s.path, m.cfg.Paths.Account(account))
}

// damagedFile is where the damaged file of an account is: in its place, or, after a kill between the renames, set aside, where its log has to
// be, too. "" for nowhere.
func (m *Manager) damagedFile(account id.ID) (string, error) {
	path := m.cfg.Paths.Account(account)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	before := m.newestDamaged(account)
	if before == "" {
		return "", nil
	}
	return before, moveFile(path, before)
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

// accountIDs are the accounts that have a file on this PC, a backup of one, or a damaged one that was set aside: an account whose file is
// damaged, or gone, is not forgotten.
func (m *Manager) accountIDs() []id.ID {
	files, err := os.ReadDir(m.cfg.Paths.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Log.Warn("accounts not listed", "error", err)
	}
	var all []id.ID
	for _, file := range files {
		name, rest, _ := strings.Cut(file.Name(), ".db")
		account, err := id.Parse(name)
		known := rest == "" || strings.HasPrefix(rest, backupMark) || strings.HasPrefix(rest, damagedMark)
		if err == nil && known && !slices.Contains(all, account) {
			all = append(all, account)
		}
	}
	return all
}

// readRemains reads who an account is whose file does not say it, for a reason: from the newest backup that can be read, or what is left of a
// file that is damaged.
func (m *Manager) readRemains(ctx context.Context, account id.ID, reason error) (found Account, err error) {
	all, err := m.backups(account)
	if err != nil {
		return Account{}, err
	}
	for _, b := range all {
		if found, err = m.readAccount(ctx, account, m.backupPath(account, b.ID)); err == nil {
			return found, nil
		}
	}
	if !errors.Is(reason, vault.ErrCorrupt) && !errors.Is(reason, fs.ErrNotExist) {
		return Account{}, ErrNoBackup
	}
	for _, path := range []string{m.cfg.Paths.Account(account), m.newestDamaged(account)} {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if a, err := sqlite.DamagedAccount(path, account); err == nil {
			return Account{ID: a.ID, Email: a.Email, Origin: a.Origin, LastUsed: info.ModTime()}, nil
		}
	}
	return Account{}, ErrNoBackup
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
