package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// CheckFiles tells whether this version of the program works with what is on this PC: it opens the file of every account, as far as
// that goes without a password. A file that is damaged is no version's fault, unless there is no other.
func (m *Manager) CheckFiles(ctx context.Context) error {
	files, err := named(m.cfg.Paths.Data, "", ".db")
	if err != nil {
		return fmt.Errorf("check files: %w", err)
	}
	var failed, damaged []error
	for _, path := range files {
		_, err := readHeader(ctx, path)
		switch {
		case errors.Is(err, sqlite.ErrNoAccount): // a sign-up that was interrupted; the file did open
		case errors.Is(err, vault.ErrCorrupt):
			damaged = append(damaged, err)
		case err != nil:
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 || len(damaged) > 0 && len(damaged) == len(files) {
		return fmt.Errorf("check files: %w", errors.Join(append(failed, damaged...)...))
	}
	return nil
}
