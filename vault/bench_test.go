package vault_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func manyLogins(n int) []vault.Item {
	items := make([]vault.Item, n)
	for i := range items {
		items[i] = login(fmt.Sprintf("Account %d at site%d", i, i%5000), "pass")
		items[i].Set(vault.Username, secret.FromString(fmt.Sprintf("user%d@example.com", i%977)))
		items[i].Websites = []string{fmt.Sprintf("https://login.site%d.example/", i)}
		items[i].UpdatedAt = int64(i*7919%n + 1)
	}
	return items
}

func filled(b *testing.B, n int) *device {
	d := newDevice(b, 1)
	if _, err := d.Batch(context.Background(), manyLogins(n), nil, nil); err != nil {
		b.Fatal(err)
	}
	return d
}

// growth is how many items there are where the growth of a cost is measured.
var growth = []int{1_000, 10_000, 100_000, 250_000}

// BenchmarkOpen unlocks from the sealed index, without what is held against the objects afterwards. heap-MB is what the vault holds.
func BenchmarkOpen(b *testing.B) {
	for _, n := range growth {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := filled(b, n)
			for range 1 + n/20_000 { // a lock writes so much of the index at most
				d.unlock(b)
			}
			d.background = time.Hour
			for b.Loop() {
				v, err := vault.Open(context.Background(), d.config(), nil)
				check(b, err)
				b.StopTimer()
				v.Close()
				b.StartTimer()
			}
			d.Close()
			before := heapMB()
			d.Vault = nil
			d.unlock(b)
			b.ReportMetric(heapMB()-before, "heap-MB")
		})
	}
}

func heapMB() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / 1e6
}

// BenchmarkRead is what the store has in BenchmarkOpen.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := filled(b, n)
			b.ReportAllocs()
			for b.Loop() {
				err := d.store.View(context.Background(), func(r vault.Reader) error {
					return r.Objects(vaultID, func(vault.Object) error { return nil })
				})
				check(b, err)
			}
		})
	}
}

// BenchmarkSave has all items waiting for the server, as after an import: a save hashes twice what the integrity record has of the 256th
// of them that it belongs to. With none waiting it costs the same at any size.
func BenchmarkSave(b *testing.B) {
	for _, n := range growth {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := filled(b, n)
			it := d.save(b, login("new", "0"))
			i := 0
			for b.Loop() {
				i++
				it.Set(vault.Notes, secret.FromString(fmt.Sprint(i)))
				it = d.save(b, it)
			}
		})
	}
}

func BenchmarkBatch(b *testing.B) {
	items := manyLogins(10_000)
	for b.Loop() {
		d := newDevice(b, 1)
		if _, err := d.Batch(context.Background(), items, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstSync10k(b *testing.B) {
	from, s := newDevice(b, 1), newServer()
	_, err := from.Batch(context.Background(), manyLogins(10_000), nil, nil)
	check(b, err)
	for from.sync(b, s); len(s.rows) < 10_000; {
		from.sync(b, s)
	}
	for b.Loop() {
		newDevice(b, 2).pull(b, s)
	}
}
