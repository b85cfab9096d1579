package session

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Secure closes what other users of this PC could read of the profile, and returns how many files and folders had to be mended.
// Errors: platform.ErrNotPrivate, and the file system's.
func (m *Manager) Secure() (mended int, err error) { return m.cfg.Paths.Secure() }

// Unreadable tells why account files are left out of Accounts: they are damaged so far that nothing says whose they are, of another account,
// of a newer version of the program, or no files at all. Nil where none is. Errors wrap those of opening a vault file.
func (m *Manager) Unreadable(ctx context.Context) error {
	var all []error
	for _, account := range m.accountIDs() {
		_, err := m.readAccount(ctx, account, m.cfg.Paths.Account(account))
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, sqlite.ErrNoAccount) { // of a sign-up that was interrupted
			continue
		}
		if _, left := m.readRemains(ctx, account, err); left != nil {
			m.cfg.Log.Warn("account left out", "file", filepath.Base(m.cfg.Paths.Account(account)), "error", err)
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
