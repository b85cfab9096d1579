package vault

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

func titled(n int, title string) *entry {
	e := &entry{Summary: Summary{ID: id.ID{byte(n), byte(n >> 8), 1}, Kind: Login, Title: title}}
	e.doc = search.NewDoc(search.Texts{Title: title})
	return e
}

func manyTitled(n int) []*entry {
	entries := make([]*entry, n)
	for i := range entries {
		entries[i] = titled(i, fmt.Sprint("Account ", i))
	}
	return entries
}

func finds(v *Vault, text string) int { return len(v.Query(Filter{Text: text})) }

// An item that changes while the words are gathered is found by its new text alone, and so is one that comes in the row of another.
func TestAChangeWhileWordsAreGathered(t *testing.T) {
	v := &Vault{index: newIndex(manyTitled(3))}
	x, docs := v.docs()
	words, err := search.NewLexicon(t.Context(), docs)
	if err != nil {
		t.Fatal(err)
	}
	x.apply(map[id.ID]*entry{titled(0, "").ID: titled(0, "Renamed")})
	x.apply(map[id.ID]*entry{titled(1, "").ID: nil})
	x.apply(map[id.ID]*entry{titled(3, "").ID: titled(3, "Added")})
	x.apply(map[id.ID]*entry{titled(4, "").ID: titled(4, "Another")})
	v.setWords(x, docs, words)
	for text, want := range map[string]int{"account": 1, "accuont": 1, "renamed": 1, "rename": 1, "reanmed": 1, "added": 1, "another": 1, "anohter": 1, "0": 0} {
		if got := finds(v, text); got != want {
			t.Errorf("%q finds %d, want %d", text, got, want)
		}
	}
	if x.unworded != 3 {
		t.Errorf("%d rows have no words, want 3", x.unworded)
	}
}

// Words of an index that is not there any more go nowhere, nor do they bring back that of a locked vault.
func TestWordsOfAFormerIndex(t *testing.T) {
	for _, now := range []*index{nil, newIndex(manyTitled(2))} {
		v := &Vault{index: newIndex(manyTitled(3))}
		x, docs := v.docs()
		words, err := search.NewLexicon(t.Context(), docs)
		if err != nil {
			t.Fatal(err)
		}
		v.index = now
		v.setWords(x, docs, words)
		if v.index != now || now != nil && now.words != nil {
			t.Error("the words of another index are in it")
		}
	}
}

// worded tells whether the index has words for nearly all of its rows.
func worded(v *Vault) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.index.words != nil && !v.index.wantsWords()
}

func TestWordsAreGatheredOnceItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &Vault{index: newIndex(manyTitled(manyItems)), wordless: make(chan struct{}, 1), cfg: Config{Background: time.Second}}
		v.life, v.end = context.WithCancel(t.Context())
		defer v.end()
		v.keepWords()
		ask := func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.askForWords()
		}
		for range 5 { // as in a first sync
			ask()
			time.Sleep(quietBefore / 2)
		}
		synctest.Wait()
		if worded(v) {
			t.Error("words are gathered while much changes")
		}
		time.Sleep(quietBefore)
		synctest.Wait()
		if !worded(v) {
			t.Error("no words are gathered")
		}
		v.mu.Lock()
		for i := range manyItems / staleWords * 2 {
			v.index.apply(map[id.ID]*entry{titled(i, "").ID: titled(i, "Renamed")})
		}
		v.mu.Unlock()
		if worded(v) {
			t.Error("words count as those of now though many items changed")
		}
		ask()
		time.Sleep(2 * quietBefore)
		synctest.Wait()
		if !worded(v) || v.index.unworded != 0 {
			t.Error("words are not gathered anew")
		}
	})
}

// Who types right after the unlock has words without waiting for a quiet second.
func TestTypingGathersWordsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &Vault{index: newIndex(manyTitled(manyItems)), wordless: make(chan struct{}, 1), typing: make(chan struct{}, 1), cfg: Config{Background: time.Second}}
		v.life, v.end = context.WithCancel(t.Context())
		defer v.end()
		v.keepWords()
		if v.Query(Filter{}); len(v.typing) > 0 {
			t.Error("a list without a search asks for words")
		}
		finds(v, "a")
		synctest.Wait()
		if !worded(v) {
			t.Error("no words are gathered")
		}
		if finds(v, "ac"); len(v.typing) > 0 {
			t.Error("words are asked for again")
		}
	})
}

// A small vault is quick without, and words are memory.
func TestAFewItemsHaveNoWords(t *testing.T) {
	if newIndex(manyTitled(manyItems - 1)).wantsWords() {
		t.Error("words of a few items are wanted")
	}
}

// What a lock does not hold any more, its scrubbing of freed memory clears (threat model, row 29).
func TestALockDropsTheWords(t *testing.T) {
	v := &Vault{index: newIndex(manyTitled(3))}
	v.life, v.end = context.WithCancel(t.Context())
	v.keys.Store(&epochKeys{})
	words := func() weak.Pointer[search.Lexicon] {
		v.gatherWords()
		return weak.Make(v.index.words)
	}()
	if runtime.GC(); words.Value() == nil {
		t.Fatal("no words were gathered")
	}
	v.Close()
	if runtime.GC(); words.Value() != nil {
		t.Error("the words are still in memory")
	}
	runtime.KeepAlive(v)
}
