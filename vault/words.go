package vault

import (
	"time"

	"github.com/coffer-vault/coffer/vault/search"
)

// The words of a large index are gathered behind the unlock, once the list is there and somebody types or a second has passed, and again
// when many of its items changed. Until then, and for what changed since, a query looks at the texts themselves and finds the same.

// From how many items on there are words, and which part of them has to change for them to be gathered anew.
const (
	manyItems  = 2_000
	staleWords = 16
)

// quietBefore is how long nobody may have asked for words before they are gathered: a command line that shows a list has ended by then.
const quietBefore = time.Second

// wantsWords tells whether words would make queries quicker.
func (x *index) wantsWords() bool {
	if len(x.rows)-len(x.free) < manyItems {
		return false
	}
	return x.words == nil || x.unworded > len(x.rows)/staleWords
}

// askForWords is called with mu held.
func (v *Vault) askForWords() {
	if !v.index.wantsWords() {
		return
	}
	select {
	case v.wordless <- struct{}{}:
	default: // it is asked for already
	}
}

// askForWordsNow is called with mu held by a query that has none. Slips, which are dear without words, are looked for from the fourth letter
// on: by then they are there.
func (v *Vault) askForWordsNow() {
	if v.index.words != nil || !v.index.wantsWords() {
		return
	}
	select {
	case v.typing <- struct{}{}:
	default: // it is asked for already
	}
}

// keepWords gathers them in the background until the vault is closed, once it is quiet: not during a first sync.
func (v *Vault) keepWords() {
	if v.cfg.Background == 0 {
		return
	}
	go func() {
		var quiet <-chan time.Time
		for {
			select {
			case <-v.life.Done():
				return
			case <-v.wordless:
				quiet = time.After(quietBefore)
			case <-quiet:
				v.gatherWords()
			case <-v.typing:
				if v.hasNoWords() {
					quiet = nil
					v.gatherWords()
				}
			}
		}
	}()
}

// hasNoWords is no more what it was when somebody typed, if words were being gathered at that moment.
func (v *Vault) hasNoWords() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.index != nil && v.index.words == nil
}

// gatherWords makes the words of the index. Nobody waits for it but a lock, which ends it.
func (v *Vault) gatherWords() {
	leave, err := v.begin()
	if err != nil {
		return
	}
	defer leave()
	x, docs := v.docs()
	words, err := search.NewLexicon(v.life, docs)
	if err == nil {
		v.setWords(x, docs, words)
	}
}

// docs are those of the rows, as they are now.
func (v *Vault) docs() (*index, []search.Doc) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil, nil
	}
	docs := make([]search.Doc, len(v.index.rows))
	for slot := range docs {
		docs[slot] = v.index.rows[slot].doc
	}
	return v.index, docs
}

// setWords puts words into the index that they were made of. Rows with other texts meanwhile have none.
func (v *Vault) setWords(of *index, docs []search.Doc, words *search.Lexicon) {
	v.mu.Lock()
	defer v.mu.Unlock()
	x := v.index
	if x == nil || x != of {
		return
	}
	x.words, x.unworded = words, 0
	for slot := range x.rows {
		r := &x.rows[slot]
		r.worded = slot < len(docs) && r.doc == docs[slot]
		if !r.worded {
			x.unworded++
		}
	}
	v.askForWords()
}
