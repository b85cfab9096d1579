package screen

import (
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

// BenchmarkSeveral is what a person waits for with 100,000 items selected: the time in which the UI goroutine does nothing else, until the
// model has its state.
func BenchmarkSeveral(b *testing.B) {
	const n = 100_000
	v, queue := benchVault(b, n)
	settle := func() { queue.Until(b, "list", func() bool { return !v.asking.running }) }
	b.Run("select all", func(b *testing.B) {
		for b.Loop() {
			v.SelectAll()
			v.State()
		}
	})
	b.Run("one less, one more", func(b *testing.B) {
		v.SelectAll()
		for b.Loop() {
			v.Toggle(n / 2)
			v.State()
		}
	})
	b.Run("after a sync", func(b *testing.B) {
		v.SelectAll()
		for b.Loop() {
			v.show(found{filter: v.filter, rows: v.rows, counts: v.counts, folders: v.folders, of: v.marked, marked: v.marked, facts: v.facts, places: v.places})
			v.State()
		}
	})
	b.Run("favorite and back", func(b *testing.B) {
		v.SelectAll()
		for b.Loop() {
			for range 2 {
				v.arrange(kept, vault.AsFavorite(v.facts.favorite == 0), "favorited")
				queue.Until(b, "done", func() bool { return v.stopWork == nil })
				settle()
			}
		}
	})
}
