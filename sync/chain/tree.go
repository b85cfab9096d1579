package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
)

// State tells a live object from a deleted one.
type State uint8

// The states of a row.
const (
	Live State = 1
	Dead State = 2
)

// Row is a line of a vault's state table. EnvHash is zero for a dead object.
type Row struct {
	Object   id.ID
	Revision uint64
	State    State
	EnvHash  Hash
}

// Fanout is the number of children at each of the tree's two levels.
const Fanout = 256

// LeafOf returns the leaf that holds an object: the first two bytes of a hash, so that neither ids nor their maker decide it.
// The node above is the leaf's high byte.
func LeafOf(vault, object id.ID) uint16 {
	h := canonical.Hash("coffer/v1/leaf", vault, object)
	return binary.BigEndian.Uint16(h[:2])
}

// LeafHash covers the rows of one leaf, in any order.
func LeafHash(rows []Row) Hash {
	if len(rows) == 0 {
		return Hash{}
	}
	sorted := append([]Row(nil), rows...)
	sort.Slice(sorted, func(i, j int) bool { return bytes.Compare(sorted[i].Object[:], sorted[j].Object[:]) < 0 })
	buf := make([]byte, 0, len("coffer/v1/tree-leaf")+len(sorted)*rowSize)
	buf = append(buf, "coffer/v1/tree-leaf"...)
	for _, r := range sorted {
		buf = append(buf, r.Object[:]...)
		buf = binary.BigEndian.AppendUint64(buf, r.Revision)
		buf = append(buf, byte(r.State))
		buf = append(buf, r.EnvHash[:]...)
	}
	return sha256.Sum256(buf)
}

const rowSize = 16 + 8 + 1 + 32

// Level is the 256 hashes below a node or below the root.
type Level [Fanout]Hash

// NodeHash covers the 256 leaves of one node.
func NodeHash(leaves *Level) Hash {
	if *leaves == (Level{}) {
		return Hash{}
	}
	return hashLevel([]byte("coffer/v1/tree-node"), leaves)
}

// RootHash covers the 256 nodes of a vault's tree.
func RootHash(vault id.ID, nodes *Level) Hash {
	return hashLevel(append([]byte("coffer/v1/tree-root"), vault[:]...), nodes)
}

func hashLevel(prefix []byte, level *Level) Hash {
	h := sha256.New()
	h.Write(prefix)
	for i := range level {
		h.Write(level[i][:])
	}
	return Hash(h.Sum(nil))
}

// Tree is a vault's state table in memory with its hashes. The zero Tree is not usable; call NewTree. It is not safe for
// concurrent use.
type Tree struct {
	vault  id.ID
	rows   map[id.ID]Row
	byLeaf map[uint16][]id.ID
	leaves map[byte]*Level
	nodes  Level
	dirty  map[uint16]bool
}

// NewTree returns the tree of an empty vault.
func NewTree(vault id.ID) *Tree {
	return &Tree{vault: vault, rows: map[id.ID]Row{}, byLeaf: map[uint16][]id.ID{}, leaves: map[byte]*Level{}, dirty: map[uint16]bool{}}
}

// Len is the number of rows, deleted objects included.
func (t *Tree) Len() int { return len(t.rows) }

// Row returns an object's row.
func (t *Tree) Row(object id.ID) (Row, bool) {
	r, ok := t.rows[object]
	return r, ok
}

// Rows calls yield for every row, in no order, until it returns false.
func (t *Tree) Rows(yield func(Row) bool) {
	for _, r := range t.rows {
		if !yield(r) {
			return
		}
	}
}

// Set puts a row into the table. The hashes follow at the next Root.
func (t *Tree) Set(r Row) {
	leaf := LeafOf(t.vault, r.Object)
	if _, known := t.rows[r.Object]; !known {
		t.byLeaf[leaf] = append(t.byLeaf[leaf], r.Object)
	}
	t.rows[r.Object] = r
	t.dirty[leaf] = true
}

// remove takes a row out again, for Undo.
func (t *Tree) remove(object id.ID) {
	leaf := LeafOf(t.vault, object)
	ids := t.byLeaf[leaf]
	for i, other := range ids {
		if other == object {
			t.byLeaf[leaf] = append(ids[:i], ids[i+1:]...)
			break
		}
	}
	delete(t.rows, object)
	t.dirty[leaf] = true
}

// Apply makes the changes of one commit, each of which must start from the row's current revision (none: 0). The returned function
// takes them back. On error the table is as before.
func (t *Tree) Apply(changes []Change) (undo func(), err error) {
	old := make([]Row, len(changes))
	for i, c := range changes {
		row := t.rows[c.Object]
		if row.Revision != c.Old {
			return nil, fmt.Errorf("object %s is at revision %d, the change starts at %d: %w", c.Object, row.Revision, c.Old, ErrNotNext)
		}
		old[i] = row
	}
	for _, c := range changes {
		t.Set(c.Row())
	}
	return func() { t.restore(changes, old) }, nil
}

func (t *Tree) restore(changes []Change, old []Row) {
	for i, r := range old {
		if r.Revision == 0 {
			t.remove(changes[i].Object)
			continue
		}
		t.Set(r)
	}
}

// Root returns the state root, at the cost of the leaves changed since the last call.
func (t *Tree) Root() Hash {
	nodes := map[byte]bool{}
	for leaf := range t.dirty {
		node := byte(leaf >> 8)
		if t.leaves[node] == nil {
			t.leaves[node] = new(Level)
		}
		t.leaves[node][byte(leaf)] = t.leafHash(leaf)
		nodes[node] = true
	}
	for node := range nodes {
		t.nodes[node] = NodeHash(t.leaves[node])
	}
	clear(t.dirty)
	return RootHash(t.vault, &t.nodes)
}

func (t *Tree) leafHash(leaf uint16) Hash {
	rows := make([]Row, 0, len(t.byLeaf[leaf]))
	for _, object := range t.byLeaf[leaf] {
		rows = append(rows, t.rows[object])
	}
	return LeafHash(rows)
}
