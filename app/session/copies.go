package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// A copy of the vault file is kept before the server's state is taken over: sealed values, like the file itself. It goes when a sync
// has succeeded and it is older than copyAge, or when there are more than maxCopies.
const (
	maxCopies = 3
	copyAge   = 30 * 24 * time.Hour
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
	m.pruneCopies(account, false)
	return path, nil
}

// copies lists an account's copies, the oldest first.
func (m *Manager) copies(account id.ID) []string {
	found, err := filepath.Glob(m.cfg.Paths.Account(account) + ".before-*")
	if err != nil {
		m.cfg.Log.Warn("copies not listed", "error", err)
	}
	found = slices.DeleteFunc(found, func(path string) bool { return strings.HasSuffix(path, sqlite.PartSuffix) })
	sort.Strings(found) // the name is the time
	return found
}

// halfCopies lists the copies and backups of an account that are not at their end.
func (m *Manager) halfCopies(account id.ID) []string {
	found, err := filepath.Glob(m.cfg.Paths.Account(account) + ".*" + sqlite.PartSuffix)
	if err != nil {
		m.cfg.Log.Warn("half copies not listed", "error", err)
	}
	return found
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

// pruneCopies removes what is over the limits; the age counts only after a sync that succeeded.
func (m *Manager) pruneCopies(account id.ID, synced bool) {
	m.removeHalfCopies(account)
	all := m.copies(account)
	for i, path := range all {
		info, err := os.Stat(path)
		old := err == nil && synced && m.cfg.Now().Sub(info.ModTime()) > copyAge
		if !old && i >= len(all)-maxCopies {
			continue
		}
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
