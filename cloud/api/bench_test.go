package api_test

import (
	"fmt"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// filled returns a device whose vault holds n objects.
func filled(b *testing.B, n int) (*device, []id.ID) {
	b.Helper()
	d := signUp(b, testkit.Cloud(b), "ada@example.org").first
	objects := ids(n)
	for i := 0; i < n; i += wire.MaxChanges {
		d.push(d.put(512, objects[i:min(n, i+wire.MaxChanges)]...)).ok(b)
	}
	return d, objects
}

// One change costs the same in a small vault and in a large one.
func BenchmarkPushOneChange(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("objects=%d", n), func(b *testing.B) {
			d, objects := filled(b, n)
			pushes := 0
			for b.Loop() {
				d.push(d.put(512, objects[pushes%n])).ok(b)
				pushes++
			}
		})
	}
}

func BenchmarkPushThousandChanges(b *testing.B) {
	d, objects := filled(b, 20_000)
	at := 0
	for b.Loop() {
		d.push(d.put(512, objects[at:at+1000]...)).ok(b)
		at = (at + 1000) % len(objects)
	}
}

// The first sync of a new device: all pages of the state with their envelopes.
func BenchmarkSnapshot(b *testing.B) {
	const n = 20_000
	d, _ := filled(b, n)
	for b.Loop() {
		rows := 0
		for cursor := ""; ; {
			var page wire.Objects
			d.call("GET", d.vaultPath("/objects?after="+cursor), nil, &page).ok(b)
			rows += len(page.Rows)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if rows != n {
			b.Fatalf("%d rows", rows)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "objects/s")
}
