package sqlite

import (
	"bytes"
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

func passed(t *testing.T, s *Store) []vault.Passed {
	t.Helper()
	return view(t, s, func(r vault.Reader) (all []vault.Passed, err error) {
		err = r.Passed(vaultA, func(p vault.Passed) error {
			all = append(all, p)
			return nil
		})
		return all, err
	})
}

func TestHistoryIsKeptNewestFirstAndCut(t *testing.T) {
	s, _ := create(t)
	of := func(seq uint64) vault.Passed {
		return vault.Passed{Seq: seq, Commit: []byte{byte(seq)}, Changes: []byte("list")}
	}
	update(t, s, func(tx vault.Tx) error { return tx.Pass(vaultA, []vault.Passed{of(1), of(2), of(3)}) })
	equal(t, "history", passed(t, s), []vault.Passed{of(3), of(2), of(1)})
	update(t, s, func(tx vault.Tx) error { return tx.ForgetPassed(vaultA, 1) })
	equal(t, "cut history", passed(t, s), []vault.Passed{of(1)})
}

func TestHistoryIsBounded(t *testing.T) {
	s, _ := create(t)
	var many, large []vault.Passed
	for seq := range uint64(maxPassed + 10) {
		many = append(many, vault.Passed{Seq: seq + 1, Commit: []byte("c"), Changes: []byte("l")})
	}
	update(t, s, func(tx vault.Tx) error { return tx.Pass(vaultA, many) })
	if kept := passed(t, s); len(kept) != maxPassed || kept[0].Seq != maxPassed+10 {
		t.Errorf("%d commits are kept, the newest is %d", len(kept), kept[0].Seq)
	}
	for seq := range uint64(5) {
		large = append(large, vault.Passed{Seq: 5000 + seq, Commit: []byte("c"), Changes: bytes.Repeat([]byte("l"), maxPassedBytes/4)})
	}
	update(t, s, func(tx vault.Tx) error { return tx.Pass(vaultA, large) })
	if kept := passed(t, s); len(kept) != 3 || kept[0].Seq != 5004 {
		t.Errorf("%d large commits are kept", len(kept))
	}
	// What another vault has of them does not count.
	update(t, s, func(tx vault.Tx) error { return tx.Pass(vaultB, large[2:]) })
	update(t, s, func(tx vault.Tx) error {
		return tx.Pass(vaultA, []vault.Passed{{Seq: 5005, Commit: []byte("c"), Changes: []byte("l")}})
	})
	if kept := passed(t, s); len(kept) != 4 {
		t.Errorf("%d commits are kept beside another vault's", len(kept))
	}
}

// BenchmarkPass notes one commit behind those of an import of 140,000 items.
func BenchmarkPass(b *testing.B) {
	s, _ := create(b)
	pass := func(seq int, changes []byte) {
		update(b, s, func(tx vault.Tx) error {
			return tx.Pass(vaultA, []vault.Passed{{Seq: uint64(seq), Commit: make([]byte, 300), Changes: changes}})
		})
	}
	for seq := range 140 {
		pass(1+seq, make([]byte, 57_000))
	}
	seq := 141
	for b.Loop() {
		pass(seq, make([]byte, 57))
		seq++
	}
}
