package session

import (
	"context"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// VaultKey is the very key that an unlocked account works with.
func VaultKey(u *Unlocked) secret.Bytes { return u.own.account.Vault.Key }

// DeviceKey tells devices apart.
func DeviceKey(u *Unlocked) signing.PublicKey { return u.own.device.Key.Public() }

// OnStep has f called at every step of a change; its error ends the change there, as a kill would.
func OnStep(m *Manager, f func(step string) error) { m.onStep = f }

// Resealing tells whether a rotation is not at its end.
func Resealing(u *Unlocked) bool {
	u.syncMu.Lock()
	defer u.syncMu.Unlock()
	return u.resealing
}

// BackUpIfDue does what the sync loop does after each round. Only for accounts whose loop does not run.
func BackUpIfDue(u *Unlocked) { u.backUpIfDue() }

// Outdated are the backups, of all from new to old, that would be removed now.
func Outdated(all []Backup, now time.Time) []Backup { return outdated(all, now) }

// KeepCopy makes a copy of the account's file as it is made before the server's state is taken over.
func KeepCopy(m *Manager, ctx context.Context, u *Unlocked) (path string, err error) {
	return m.keepCopy(ctx, u.store, u.own.bundle.Account)
}

// Prune removes old copies as the first sync that succeeds does.
func Prune(u *Unlocked, ahead time.Duration) { u.m.pruneCopies(u.own.bundle.Account, ahead) }
