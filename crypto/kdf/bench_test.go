package kdf_test

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// BenchmarkDerivePassword is what an unlock costs before the vault is read, at each profile's full cost.
func BenchmarkDerivePassword(b *testing.B) {
	for _, profile := range []kdf.Profile{kdf.P1, kdf.P2, kdf.P3} {
		b.Run(profile.Name, func(b *testing.B) {
			for b.Loop() {
				key, err := kdf.DerivePassword(b.Context(), secret.FromString("correct horse"), [16]byte{1}, profile)
				if err != nil {
					b.Fatal(err)
				}
				key.Wipe()
			}
		})
	}
}
