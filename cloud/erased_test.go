package cloud_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
)

// remains counts the places in the database's files, free pages and write-ahead log included, that name an erased account.
func (w *world) remains(gone []*person) (n int) {
	w.t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(w.path + suffix)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, p := range gone {
			for _, needle := range [][]byte{[]byte(p.email), []byte(p.device.Name), p.account[:], p.vault[:], p.device.ID[:], p.tag} {
				n += bytes.Count(raw, needle)
			}
		}
	}
	return n
}

// Erased is what nobody finds who reads the server's files past SQLite, and not only what no query finds. Many accounts, so that tables have
// inner pages and rows that moved when a page was split.
func TestErasedIsInNoFile(t *testing.T) {
	w := newWorld(t)
	w.onFile()
	var gone []*person
	for i := range 60 {
		p := newPerson(fmt.Sprintf("canary-%02d-of-the-mailbox@example.org", i))
		p.device.Name = fmt.Sprintf("canary-%02d-of-the-laptop", i)
		w.signUp(p)
		w.pushed(p)
		if i%3 == 0 {
			gone = append(gone, p)
		}
	}
	w.deliverAll()
	if w.remains(gone) < 10*len(gone) {
		t.Fatal("the test looks for what was never there")
	}
	o := cloud.NewOperator(w.store, w.secret)
	for _, p := range gone {
		if err := o.Erase(t.Context(), p.account); err != nil {
			t.Fatal(err)
		}
	}
	w.Janitor.Round(t.Context())
	if n := w.remains(gone); n > 0 {
		t.Errorf("%d places in the files name erased accounts", n)
	}
}

// A log that a reader needs is left for the next time, and the reader's snapshot with it.
func TestScrubWaitsForReaders(t *testing.T) {
	w := newWorld(t)
	w.onFile()
	p := newPerson("ada@example.org")
	w.signUp(p)
	err := w.store.View(t.Context(), func(tx cloud.Tx) error {
		if _, err := tx.Account(p.account); err != nil {
			return err
		}
		if err := cloud.NewOperator(w.store, w.secret).Erase(t.Context(), p.account); err != nil {
			return err
		}
		if err := w.store.Scrub(t.Context()); err == nil {
			t.Error("the log was emptied under a reader")
		}
		_, err := tx.Account(p.account)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Scrub(t.Context()); err != nil || w.remains([]*person{p}) > 0 {
		t.Errorf("after the reader: %v, %d places", err, w.remains([]*person{p}))
	}
}
