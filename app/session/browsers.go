package session

import (
	"context"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/intake"
)

// browserImportMark is the object that says, to every device of the account, that the browsers were imported once.
const browserImportMark = "browser-import-done"

// BrowserImportDone tells whether any device of the account has imported its browsers, or its user has declined.
func (u *Unlocked) BrowserImportDone() bool { return u.vault.HasMark(browserImportMark) }

// SkipBrowserImport notes that the user was asked and declined.
func (u *Unlocked) SkipBrowserImport(ctx context.Context) error {
	return u.vault.Mark(ctx, browserImportMark)
}

// FindBrowsers lists the browser profiles on this PC that hold passwords. It decrypts nothing. ErrPolicy where browsers are off limits.
func (u *Unlocked) FindBrowsers(ctx context.Context) ([]importer.Source, error) {
	if u.m.cfg.Policy.BrowserImport == policy.No {
		return nil, ErrPolicy
	}
	var found []importer.Source
	for _, source := range u.m.cfg.Browsers(ctx) {
		if source.Info().Count != 0 {
			found = append(found, source)
		}
	}
	return found, ctx.Err()
}

// ImportResult accounts for every row that was read. Batch is zero if nothing was changed.
type ImportResult = intake.Result

// Import reads the sources, plans, and writes everything in one transaction, attached files included: all or nothing. What cannot be
// read is in the report with its reason and does not hold up the rest. primaryPassword is borrowed and may be zero.
func (u *Unlocked) Import(ctx context.Context, sources []importer.Source, primaryPassword secret.Bytes, progress func(vault.BatchProgress)) (ImportResult, error) {
	if !u.begin() {
		return ImportResult{}, ErrLocked
	}
	defer u.work.Done()
	return intake.Import(ctx, u.vault, sources, primaryPassword, progress)
}

// PreviewImport is the report that Import would give. It changes nothing.
func (u *Unlocked) PreviewImport(ctx context.Context, sources []importer.Source, primaryPassword secret.Bytes) (importer.Report, error) {
	if !u.begin() {
		return importer.Report{}, ErrLocked
	}
	defer u.work.Done()
	return intake.Preview(ctx, u.vault, sources, primaryPassword)
}

// ImportBrowsers is Import for the first sign-in: afterwards the account counts as imported, on every device.
func (u *Unlocked) ImportBrowsers(ctx context.Context, sources []importer.Source, progress func(vault.BatchProgress)) (ImportResult, error) {
	result, err := u.Import(ctx, sources, secret.Bytes{}, progress)
	if err != nil {
		return result, err
	}
	return result, u.vault.Mark(ctx, browserImportMark)
}

// UndoImport takes a whole import back; items that were changed since stay.
func (u *Unlocked) UndoImport(ctx context.Context, batch id.ID) (vault.Undone, error) {
	return u.vault.UndoBatch(ctx, batch)
}
