package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// A copy of the vault file is kept before the server's state is taken over: sealed values, like the file itself. It goes when a sync
// has succeeded and it is older than copyAge, by a clock that agrees with the server's, or when there are more than maxCopies.
const (
	maxCopies   = 3
	copyAge     = 30 * 24 * time.Hour
	unlikelyAge = 365 * 24 * time.Hour
)

const copyTime = "20060102T150405.000Z"

// halfCopyAge is how long nobody has written to a copy that a kill has ended: one that is being made is written to all the time, by
// another program perhaps.
const halfCopyAge = time.Hour

// keepCopy copies an account's file beside it and returns the path. A full disk is an error: without the copy nothing is taken over.
func (m *Manager) keepCopy(ctx context.Context, store *sqlite.Store, account id.ID) (string, error) {
	path := m.cfg.Paths.Account(account) + ".before-" + m.cfg.Now().UTC().Format(copyTime)
	if err := store.CopyTo(ctx, path); err != nil {
		return "", err
	}
	m.removeHalfCopies(account)
	m.removeCopies(tooMany(m.copies(account), path))
	return path, nil
}

// copies lists an account's copies, the oldest first.
func (m *Manager) copies(account id.ID) []string {
	found := m.beside(account, ".before-", "") // the name is the time
	return slices.DeleteFunc(found, func(path string) bool { return strings.HasSuffix(path, sqlite.PartSuffix) })
}

// halfCopies lists the copies and backups of an account that are not at their end.
func (m *Manager) halfCopies(account id.ID) []string {
	return m.beside(account, ".", sqlite.PartSuffix)
}

// removeHalfCopies removes what kills have left of copies.
func (m *Manager) removeHalfCopies(account id.ID) {
	for _, path := range m.halfCopies(account) {
		info, err := os.Stat(path)
		if err != nil || m.cfg.Now().Sub(info.ModTime()) < halfCopyAge {
			continue
		}
		if err := os.Remove(path); err != nil {
			m.cfg.Log.Warn("half copy not removed", "error", err)
		}
	}
}

// tooMany are the oldest of copies that are more than maxCopies. The one just made stays whatever its name says: where the clock is wrong
// it may seem the oldest.
func tooMany(copies []string, made string) []string {
	others := slices.DeleteFunc(slices.Clone(copies), func(path string) bool { return path == made })
	return others[:max(0, len(others)-(maxCopies-1))]
}

// pruneCopies removes old copies after a sync that succeeded; ahead is how far the server's clock is ahead of this PC's.
func (m *Manager) pruneCopies(account id.ID, ahead time.Duration) {
	m.removeHalfCopies(account)
	if ahead != 0 {
		return // of two clocks that differ nobody knows which is right
	}
	now := m.cfg.Now()
	m.removeCopies(slices.DeleteFunc(m.copies(account), func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || !outlived(now.Sub(info.ModTime()))
	}))
}

// outlived tells whether a copy of an age has had its time. One that seems to be from years ago was made while the clock was wrong.
func outlived(age time.Duration) bool { return age > copyAge && age < unlikelyAge }

func (m *Manager) removeCopies(paths []string) {
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			m.cfg.Log.Warn("old copy not removed", "error", err)
		}
	}
}

// forgetCopies removes all copies, backups and evidence of an account that is removed from this PC.
func (m *Manager) forgetCopies(account id.ID) error {
	all, err := m.backups(account)
	errs := []error{err}
	paths := slices.Concat(m.copies(account), m.halfCopies(account), m.evidence(account), m.damaged(account))
	for _, b := range all {
		paths = append(paths, m.backupPath(account, b.ID))
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			errs = append(errs, fmt.Errorf("forget account: %w", err))
		}
	}
	return errors.Join(errs...)
}
