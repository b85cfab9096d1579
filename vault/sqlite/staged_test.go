package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// staged is the n-th row of a first sync, with an envelope of some length.
func staged(n, size int) vault.RemoteRow {
	var object id.ID
	binary.BigEndian.PutUint32(object[:], uint32(n)*2654435761) // in no order
	envelope := bytes.Repeat([]byte{byte(n)}, size)
	return vault.RemoteRow{Row: vault.Row{Object: object, Revision: uint64(n) + 1, State: vault.Live, Hash: vault.EnvelopeHash(envelope)}, Envelope: envelope}
}

func stage(t *testing.T, s *Store, v id.ID, rows, size int) {
	t.Helper()
	update(t, s, func(tx vault.Tx) (err error) {
		for n := 0; n < rows && err == nil; n++ {
			err = tx.Stage(v, staged(n, size))
		}
		return err
	})
}

func countStaged(t *testing.T, s *Store, v id.ID) (n int) {
	t.Helper()
	view(t, s, func(r vault.Reader) (int, error) {
		return 0, r.Staged(v, func(vault.Row) error {
			n++
			return nil
		})
	})
	return n
}

// What is staged becomes the bases of objects, in more lots than one; another vault's pages stay.
func TestTakeStaged(t *testing.T) {
	s, path := create(t)
	const rows = 2*takenAtOnce + 10
	stage(t, s, vaultA, rows, 100)
	stage(t, s, vaultB, 3, 100)
	if n := len(objectsOf(t, s, vaultA)); n != 0 {
		t.Fatalf("%d staged rows count as objects", n)
	}
	s = reopen(t, s, path)
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.Unstage(vaultA, staged(0, 100).Object), tx.TakeStaged(vaultA), tx.SetPin(vaultA, vault.Pin{Seq: 1}))
	})
	objects := objectsOf(t, s, vaultA)
	if len(objects) != rows-1 || countStaged(t, s, vaultA) != 0 || countStaged(t, s, vaultB) != 3 {
		t.Fatalf("%d objects, %d and %d rows staged", len(objects), countStaged(t, s, vaultA), countStaged(t, s, vaultB))
	}
	for n := 1; n < rows; n++ {
		want := staged(n, 100)
		equal(t, "object", objects[want.Object], vault.Object{
			ID: want.Object, Base: vault.Version{Revision: want.Revision, State: vault.Live, Hash: want.Hash, Envelope: want.Envelope},
		})
	}
}

func objectsOf(t *testing.T, s *Store, v id.ID) map[id.ID]vault.Object {
	t.Helper()
	all := map[id.ID]vault.Object{}
	view(t, s, func(r vault.Reader) (int, error) {
		return 0, r.Objects(v, func(o vault.Object) error {
			all[o.ID] = o
			return nil
		})
	})
	return all
}

// A row that is staged again replaces the one before, and an object that is there is never replaced by what is staged.
func TestStageAgain(t *testing.T) {
	s, _ := create(t)
	newer := staged(1, 200)
	newer.Revision = 9
	update(t, s, func(tx vault.Tx) error { return errors.Join(tx.Stage(vaultA, staged(1, 100)), tx.Stage(vaultA, newer)) })
	view(t, s, func(r vault.Reader) (int, error) {
		envelope, err := r.StagedEnvelope(vaultA, newer.Object)
		equal(t, "envelope", envelope, newer.Envelope)
		return 0, err
	})
	here := pending(1, "typed here")
	here.ID = newer.Object
	err := s.Update(t.Context(), func(tx vault.Tx) error { return errors.Join(tx.Put(vaultA, here), tx.TakeStaged(vaultA)) })
	if err == nil {
		t.Error("what is staged replaced an object")
	}
	if countStaged(t, s, vaultA) != 1 {
		t.Error("a transaction that failed took what was staged")
	}
}

// The file does not hold the vault twice: what one lot leaves free the next one uses.
func TestTakingGrowsTheFileLittle(t *testing.T) {
	s, _ := create(t)
	pages := func() (n int) {
		if err := s.write.QueryRow(`PRAGMA page_count`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const rows = 5 * takenAtOnce
	stage(t, s, vaultA, rows, 700)
	before := pages()
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.TakeStaged(vaultA), tx.SetPin(vaultA, vault.Pin{Seq: 1}))
	})
	if after := pages(); after > before*3/2 {
		t.Errorf("%d pages before and %d after", before, after)
	}
}
