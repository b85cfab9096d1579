package keys_test

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// BenchmarkOpenObject is the inner loop of an unlock: times 100,000.
func BenchmarkOpenObject(b *testing.B) {
	vk := secret.Random(keys.Size)
	ref := keys.ObjectRef{Account: id.New(), Vault: id.New(), Object: id.New(), Epoch: 1, Revision: 7}
	envelope, err := keys.SealObject(vk, ref, make([]byte, 300))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := keys.OpenObject(vk, ref, envelope); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := keys.OpenObject(vk, ref, envelope); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
