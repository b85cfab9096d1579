// Package keystore asks the operating system's key store for the keys that browsers keep in it. It only ever reads.
package keystore

import (
	"context"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// New returns the key store of the system this program was built for.
func New() importer.KeyStore { return system{} }

// none refuses everything; each system's own type replaces the one method it has.
type none struct{}

func (none) SecretService(context.Context, map[string]string) (secret.Bytes, error) {
	return secret.Bytes{}, importer.ErrNoKey
}

func (none) UnprotectData([]byte) (secret.Bytes, error) { return secret.Bytes{}, importer.ErrNoKey }

func (none) Keychain(context.Context, string, string) (secret.Bytes, error) {
	return secret.Bytes{}, importer.ErrNoKey
}
