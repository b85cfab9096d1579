package session

import (
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// VaultKey is the very key that an unlocked account works with.
func VaultKey(u *Unlocked) secret.Bytes { return u.own.account.Vault.Key }

// DeviceKey tells devices apart.
func DeviceKey(u *Unlocked) signing.PublicKey { return u.own.device.Key.Public() }
