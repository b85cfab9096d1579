package session

import (
	"context"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// Export writes the vault into a file for other programs, readable by this user alone. Lock ends it, and nothing of the file is there
// then. It asks for no password: whoever offers it to a person at an unlocked PC does (CheckPassword). Errors: ErrLocked, ErrPolicy, and
// those of exporter.Save.
func (u *Unlocked) Export(ctx context.Context, path string, o exporter.Options, progress func(done, total int)) (report exporter.Report, err error) {
	if u.m.cfg.Policy.ExportAllowed == policy.No {
		return exporter.Report{}, ErrPolicy
	}
	o.Email, o.Now = u.Account().Email, u.m.cfg.Now()
	err = u.withFiles(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		report, err = exporter.Save(ctx, u.vault, u.m.drafts(), path, o, func(done, total int) {
			if progress != nil {
				progress(done, total)
			}
			if u.ctx.Err() != nil {
				cancel() // a lock is seen with the item that is next, whenever the runtime would tell of it
			}
		})
		return err
	})
	return report, err
}

// drafts writes what a person takes elsewhere: exports, attached files.
func (m *Manager) drafts() atomicfile.Drafts { return atomicfile.NewDrafts(m.cfg.Paths.Drafts()) }

// RemoveUnfinished removes what a kill has left of files that were for people: it is in the open. Every start begins with it.
func (m *Manager) RemoveUnfinished() {
	if err := m.drafts().Tidy(); err != nil {
		m.cfg.Log.Warn("unfinished file of a killed process not removed yet") // the error has the file's name
	}
}
