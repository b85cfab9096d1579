package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// A backup is a copy of the vault file, made by itself once a day while the account is unlocked: sealed values, like the file itself
// (docs/adr/0009). The newest of each of the last days, weeks and months is kept, within a size.
const (
	backupAfter  = 2 * time.Minute // of being unlocked: nobody waits for it then
	backupEach   = 24 * time.Hour
	backupRetry  = time.Hour // after one that could not be written
	backupDays   = 7
	backupWeeks  = 4
	backupMonths = 12
	backupSize   = 1 << 30 // of all together, in bytes; the newest two stay in any case
)

const backupMark = ".backup-"

// Backup is a copy of the account's vault on this PC.
type Backup struct {
	ID   string
	Time time.Time // when it was made, UTC, by this PC's clock
	Size int64     // bytes
}

// ErrNoBackup says that a backup is not there any more.
var ErrNoBackup = errors.New("the backup is gone")

// backupPath is the file of a backup of an account.
func (m *Manager) backupPath(account id.ID, backup string) string {
	return m.cfg.Paths.Account(account) + backupMark + backup
}

// backups lists an account's backups, the newest first. A file whose name is no time is none.
func (m *Manager) backups(account id.ID) ([]Backup, error) {
	prefix := filepath.Base(m.backupPath(account, ""))
	files, err := os.ReadDir(m.cfg.Paths.Data)
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var all []Backup
	for _, file := range files {
		name, ours := strings.CutPrefix(file.Name(), prefix)
		made, err := time.Parse(copyTime, name)
		if !ours || err != nil {
			continue
		}
		if info, err := file.Info(); err == nil {
			all = append(all, Backup{ID: name, Time: made, Size: info.Size()})
		}
	}
	slices.SortFunc(all, func(a, b Backup) int { return b.Time.Compare(a.Time) })
	return all, nil
}

// Backups lists the account's backups on this PC, the newest first.
func (u *Unlocked) Backups() ([]Backup, error) {
	return u.m.backups(u.own.bundle.Account)
}

// BackUp makes a backup now and removes those that are no longer kept. Errors: vault.ErrFull, vault.ErrReadOnly, ErrLocked.
func (u *Unlocked) BackUp(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	account := u.own.bundle.Account
	if err := u.store.CopyTo(ctx, u.m.backupPath(account, u.m.cfg.Now().UTC().Format(copyTime))); err != nil {
		return fmt.Errorf("make backup: %w", err)
	}
	all, err := u.m.backups(account)
	for _, b := range outdated(all, u.m.cfg.Now()) {
		err = errors.Join(err, os.Remove(u.m.backupPath(account, b.ID)))
	}
	if err != nil {
		u.m.cfg.Log.Warn("old backups not removed", "error", err)
	}
	u.m.removeHalfCopies(account)
	return nil
}

// backUpIfDue makes the backup of the day. A clock that was set back makes none: there is one of about now.
func (u *Unlocked) backUpIfDue() {
	now := u.m.cfg.Now()
	if wait := u.nextBackup.Sub(now); wait > 0 && wait <= backupEach { // a longer one is from before the clock was set back
		return
	}
	all, err := u.Backups()
	if err == nil && slices.ContainsFunc(all, func(b Backup) bool { return now.Sub(b.Time).Abs() < backupEach }) {
		u.nextBackup = now.Add(backupRetry)
		return
	}
	u.nextBackup = now.Add(backupEach)
	if err == nil {
		err = u.BackUp(u.ctx)
	}
	if err != nil {
		u.nextBackup = now.Add(backupRetry)
		u.m.cfg.Log.Warn("backup not made", "error", err)
	}
}

// outdated are the backups, of all from new to old, that are no longer kept. Those that lie ahead of the clock are chosen among apart
// from the others: either they or the present one were made while the clock was wrong, and nobody can tell which. So a wrong clock
// throws no good backup away.
func outdated(all []Backup, now time.Time) []Backup {
	ahead := 0
	for ahead < len(all) && all[ahead].Time.Sub(now) > backupEach {
		ahead++
	}
	old, size := thinned(all[ahead:], 0)
	unlikely, _ := thinned(all[:ahead], size)
	return append(old, unlikely...)
}

// thinned are the backups, of all from new to old, that are neither the newest of their day, week or month nor within the size, of which
// others have used a part; and how much of it is used then.
func thinned(all []Backup, size int64) (old []Backup, used int64) {
	days, weeks, months := newPeriods(backupDays), newPeriods(backupWeeks), newPeriods(backupMonths)
	for i, b := range all {
		year, week := b.Time.ISOWeek()
		day, ofWeek, month := days.first(b.Time.Format("2006-01-02")), weeks.first(fmt.Sprint(year, week)), months.first(b.Time.Format("2006-01"))
		kept := day || ofWeek || month
		if kept && i >= 2 && size+b.Size > backupSize {
			kept = false
		}
		if !kept {
			old = append(old, b)
			continue
		}
		size += b.Size
	}
	return old, size
}

// periods remembers which of a number of days, weeks or months were seen.
type periods struct {
	seen map[string]bool
	most int
}

func newPeriods(most int) *periods { return &periods{seen: map[string]bool{}, most: most} }

// first tells whether a period is a new one, of which there may be more.
func (p *periods) first(period string) bool {
	if p.seen[period] || len(p.seen) == p.most {
		return false
	}
	p.seen[period] = true
	return true
}

// withBackup opens a backup for the time of a call. Errors: ErrNoBackup, ErrLocked, and those of a vault file.
func (u *Unlocked) withBackup(ctx context.Context, backup string, f func(vault.Store) error) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	all, err := u.Backups()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(b Backup) bool { return b.ID == backup }) {
		return ErrNoBackup
	}
	store, err := sqlite.Open(ctx, u.m.backupPath(u.own.bundle.Account, backup))
	if err != nil {
		return fmt.Errorf("open backup: %w", err)
	}
	defer store.Close()
	return f(store)
}

// CompareBackup lists what the account's vault had in a backup and has otherwise now. Errors: ErrNoBackup, ErrLocked, vault.ErrCorrupt.
func (u *Unlocked) CompareBackup(ctx context.Context, backup string) (found []vault.Found, err error) {
	err = u.withBackup(ctx, backup, func(store vault.Store) error {
		found, err = u.vault.CompareBackup(ctx, store)
		return err
	})
	return found, err
}

// RestoreBackup makes items what they were in a backup and returns how many; it is an edit, and goes to the other devices. Errors as for
// CompareBackup, and those of saving.
func (u *Unlocked) RestoreBackup(ctx context.Context, backup string, items []id.ID) (restored int, err error) {
	err = u.withBackup(ctx, backup, func(store vault.Store) error {
		restored, err = u.vault.RestoreBackup(ctx, store, items)
		return err
	})
	return restored, err
}
