package audit_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// fill makes a vault on the disk with n logins: a third have a password that others have too, a third a weak one.
func fill(b *testing.B, n int) *vault.Vault {
	b.Helper()
	account, vaultID, device := id.ID{1}, id.ID{2}, id.ID{3}
	mac := func(value []byte) [32]byte { return sha256.Sum256(value) }
	store, err := sqlite.Create(b.Context(), filepath.Join(b.TempDir(), "vault.db"), sqlite.Contents{
		Account: vault.Account{
			ID: account, Email: "ann@example.com", Origin: "https://coffer.example", Generation: 1, Profile: "P2",
			SealedAccountKey: []byte("ak"), SealedIdentity: []byte("identity"),
			Device: device, DeviceName: "laptop", SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: vaultID, Epoch: 1, Sealed: []byte("vk")}},
		Log:    []vault.LogEntry{{Seq: 0, Entry: []byte("genesis"), Signature: []byte("s")}},
	}, mac)
	if err != nil {
		b.Fatal(err)
	}
	v, err := vault.Open(b.Context(), vault.Config{Store: store, Account: account, Vault: vaultID, Device: device, Epoch: 1, Key: secret.Random(32)}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { v.Close(); store.Close() })
	items := make([]vault.Item, n)
	for i := range items {
		it := vault.Item{Kind: vault.Login, Title: fmt.Sprintf("Account %d", i), Websites: []string{fmt.Sprintf("https://login.site%d.example/", i)}}
		it.Set(vault.Username, secret.FromString(fmt.Sprintf("user%d@example.com", i%977)))
		password := fmt.Sprintf("%x-Qz%dmT!v", i*7919, i)
		switch i % 3 {
		case 0:
			password = fmt.Sprintf("Sunshine%d", i%1000)
		case 1:
			password = fmt.Sprintf("same-%d-Long!pass", i%500)
		}
		it.Set(vault.Password, secret.FromString(password))
		items[i] = it
	}
	if _, err := v.Batch(b.Context(), items, nil, nil); err != nil {
		b.Fatal(err)
	}
	return v
}

func heapMB() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / 1e6
}

// BenchmarkAudit examines a whole vault, and then one item of it after an edit. heap-MB is what is remembered.
func BenchmarkAudit(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		filled := sync.OnceValue(func() *vault.Vault { return fill(b, n) })
		b.Run(fmt.Sprintf("all/%d", n), func(b *testing.B) {
			v := filled()
			for b.Loop() {
				before := heapMB()
				a := audit.New(v, audit.NoLeaks{}, time.Now)
				a.Changed(vault.Change{All: true})
				if err := a.Work(context.Background(), func() {}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(heapMB()-before, "heap-MB")
				b.ReportMetric(float64(a.Result().Problems), "problems")
			}
		})
		b.Run(fmt.Sprintf("one/%d", n), func(b *testing.B) {
			v := filled()
			a := audit.New(v, audit.NoLeaks{}, time.Now)
			a.Changed(vault.Change{All: true})
			if err := a.Work(context.Background(), func() {}); err != nil {
				b.Fatal(err)
			}
			item := v.Query(vault.Filter{})[0].ID
			for b.Loop() {
				a.Changed(vault.Change{Objects: []id.ID{item}})
				if err := a.Work(context.Background(), func() {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
