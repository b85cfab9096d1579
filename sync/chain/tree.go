package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

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
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b Row) int { return bytes.Compare(a.Object[:], b.Object[:]) })
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
	vault id.ID
	size  int
	nodes [Fanout]*node // nil where no object is
	level Level         // their hashes, but of stale ones
}

// node is one of the 256 below the root.
type node struct {
	leaves [Fanout]*leaf // nil where no object is
	stale  bool
}

// leaf has one or two rows in a vault of 100,000: so few that looking through them is the quickest way, and needs the least memory.
type leaf struct {
	rows  []Row
	hash  Hash
	stale bool // rows have changed since it was computed
}

// NewTree returns the tree of an empty vault.
func NewTree(vault id.ID) *Tree { return &Tree{vault: vault} }

// Len is the number of rows, deleted objects included.
func (t *Tree) Len() int { return t.size }

// Row returns an object's row.
func (t *Tree) Row(object id.ID) (Row, bool) {
	at := LeafOf(t.vault, object)
	n := t.nodes[at>>8]
	if n == nil || n.leaves[byte(at)] == nil {
		return Row{}, false
	}
	l := n.leaves[byte(at)]
	i := l.index(object)
	if i < 0 {
		return Row{}, false
	}
	return l.rows[i], true
}

// index is where a leaf has an object, or -1.
func (l *leaf) index(object id.ID) int {
	return slices.IndexFunc(l.rows, func(r Row) bool { return r.Object == object })
}

// Rows calls yield for every row, until it returns false. The order is that of the leaves, and within one as the rows came.
func (t *Tree) Rows(yield func(Row) bool) {
	for _, n := range t.nodes {
		if n == nil {
			continue
		}
		for _, l := range n.leaves {
			if l == nil {
				continue
			}
			for _, r := range l.rows {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// touch returns the leaf of an object, which is about to change.
func (t *Tree) touch(object id.ID) *leaf {
	at := LeafOf(t.vault, object)
	n := t.nodes[at>>8]
	if n == nil {
		n = new(node)
		t.nodes[at>>8] = n
	}
	l := n.leaves[byte(at)]
	if l == nil {
		l = new(leaf)
		n.leaves[byte(at)] = l
	}
	n.stale, l.stale = true, true
	return l
}

// Set puts a row into the table. The hashes follow at the next Root.
func (t *Tree) Set(r Row) {
	l := t.touch(r.Object)
	if i := l.index(r.Object); i >= 0 {
		l.rows[i] = r
		return
	}
	l.rows = append(l.rows, r)
	t.size++
}

// remove takes a row out again, for Undo.
func (t *Tree) remove(object id.ID) {
	l := t.touch(object)
	if i := l.index(object); i >= 0 {
		l.rows = slices.Delete(l.rows, i, i+1)
		t.size--
	}
}

// Apply makes the changes of one commit, each of which must start from the row's current revision (none: 0). The returned function
// takes them back. On error the table is as before.
func (t *Tree) Apply(changes []Change) (undo func(), err error) {
	old := make([]Row, len(changes))
	for i, c := range changes {
		row, _ := t.Row(c.Object)
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
	var leaves *Level
	for i, n := range t.nodes {
		if n == nil || !n.stale {
			continue
		}
		if leaves == nil {
			leaves = new(Level)
		}
		n.hashInto(leaves)
		t.level[i] = NodeHash(leaves)
	}
	return RootHash(t.vault, &t.level)
}

// hashInto computes what is stale of a node, and gives the hashes of its leaves.
func (n *node) hashInto(leaves *Level) {
	*leaves = Level{}
	for i, l := range n.leaves {
		if l == nil {
			continue
		}
		if l.stale {
			l.hash, l.stale = LeafHash(l.rows), false
		}
		leaves[i] = l.hash
	}
	n.stale = false
}
