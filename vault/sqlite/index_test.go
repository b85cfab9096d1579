package sqlite

import (
	"context"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// segments are those that the store vouches for, with their numbers of parts.
func segments(t testing.TB, s *Store) map[uint8]int {
	t.Helper()
	found := map[uint8]int{}
	err := s.View(context.Background(), func(r vault.Reader) error {
		return r.Segments(vaultA, func(s vault.Segment) error {
			found[s.Number] = len(s.Parts)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A segment without entries takes no room in the file, and is known to have none until an object comes into it.
func TestEmptySegments(t *testing.T) {
	s, path := create(t)
	part := [][]byte{[]byte("part")}
	set := func(all ...vault.Segment) {
		update(t, s, func(tx vault.Tx) error { return tx.SetSegments(vaultA, all) })
	}
	empty := func(n uint8) vault.Segment { return vault.Segment{Number: n, Hash: vault.SegmentHash(nil)} }
	set(empty(1), empty(2), vault.Segment{Number: 3, Hash: vault.SegmentHash(part), Parts: part})
	if found := segments(t, s); len(found) != 3 || found[3] != 1 || found[1] != 0 || found[2] != 0 {
		t.Errorf("written %v", found)
	}
	update(t, s, func(tx vault.Tx) error { return tx.Put(vaultA, pending(1, "one")) })
	set(empty(3))
	if _, known := segments(t, s)[id.ID{1}[0]]; known {
		t.Error("a segment into which an object came is empty still")
	}
	if found := segments(t, s); found[3] != 0 {
		t.Errorf("a segment that became empty has %d parts", found[3])
	}
	tamper(t, path, `INSERT INTO index_segment SELECT vault_id, 2, 0, x'00' FROM vault`)
	if found := segments(t, s); found[2] != 0 {
		t.Error("what somebody put into an empty segment is shown")
	}
}
