package session

import (
	"context"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Damage is what of this PC's own, which no server has, does not open any more.
type Damage struct {
	Edits int                // edits that wait for the server
	Files []vault.Attachment // files that wait for it, and are not whole
}

// Damage looks at every edit and every file that waits for the server. Errors: ErrLocked, and those of the file.
func (u *Unlocked) Damage(ctx context.Context) (found Damage, err error) {
	err = u.withFiles(ctx, func(ctx context.Context) error {
		edits, err := u.vault.DamagedEdits(ctx)
		if err != nil {
			return err
		}
		found.Edits = len(edits)
		found.Files, err = u.vault.BrokenAttachments(ctx)
		return err
	})
	return found, err
}

// Mend puts damaged edits right where a backup, or the push in flight, has them, and sets the others aside. Errors as of Damage.
func (u *Unlocked) Mend(ctx context.Context) (done vault.MendedEdits, err error) {
	err = u.withFiles(ctx, func(ctx context.Context) error {
		all, err := u.Backups()
		if err != nil {
			return err
		}
		var copies []vault.Store
		for _, b := range all {
			store, err := sqlite.Open(ctx, u.m.backupPath(u.own.bundle.Account, b.ID))
			if err != nil {
				continue // a damaged backup has nothing to give
			}
			defer store.Close()
			copies = append(copies, store)
		}
		done, err = u.vault.MendEdits(ctx, copies...)
		return err
	})
	return done, err
}
