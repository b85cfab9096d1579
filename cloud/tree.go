package cloud

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

// treeRows keeps the state table and the hashes of its tree (docs/protocol.md §6), so that a commit costs what it changes and not
// what the vault holds.
type treeRows interface {
	// LeafRows returns the rows of one leaf.
	LeafRows(vault id.ID, leaf uint16) ([]chain.Row, error)
	PutRow(vault id.ID, leaf uint16, r chain.Row) error
	// Leaves returns the hashes of the 256 leaves below a node, Nodes those of the 256 nodes.
	Leaves(vault id.ID, node uint8) (*chain.Level, error)
	PutLeaf(vault id.ID, leaf uint16, h chain.Hash) error
	Nodes(vault id.ID) (*chain.Level, error)
	PutNode(vault id.ID, node uint8, h chain.Hash) error
}

// applyChanges brings the state table and its hashes to where the changes lead. added counts objects that are new.
func applyChanges(tx treeRows, vault id.ID, changes []chain.Change) (added int, root chain.Hash, err error) {
	byLeaf := map[uint16][]chain.Change{}
	for _, c := range changes {
		leaf := chain.LeafOf(vault, c.Object)
		byLeaf[leaf] = append(byLeaf[leaf], c)
	}
	byNode := map[uint8]map[uint8]chain.Hash{}
	for leaf, changes := range byLeaf {
		n, hash, err := applyToLeaf(tx, vault, leaf, changes)
		if err != nil {
			return 0, chain.Hash{}, err
		}
		added += n
		node := uint8(leaf >> 8)
		if byNode[node] == nil {
			byNode[node] = map[uint8]chain.Hash{}
		}
		byNode[node][uint8(leaf)] = hash
	}
	root, err = rehash(tx, vault, byNode)
	return added, root, err
}

func applyToLeaf(tx treeRows, vault id.ID, leaf uint16, changes []chain.Change) (added int, hash chain.Hash, err error) {
	rows, err := tx.LeafRows(vault, leaf)
	if err != nil {
		return 0, chain.Hash{}, fmt.Errorf("read leaf: %w", err)
	}
	for _, c := range changes {
		at := indexOf(rows, c.Object)
		if at < 0 {
			rows, at, added = append(rows, chain.Row{}), len(rows), added+1
		}
		// The parent was right, so a wrong revision is a defect of the writer and no race that pulling could cure.
		if rows[at].Revision != c.Old {
			return 0, chain.Hash{}, badCommit(fmt.Errorf("object %s is at revision %d, not %d", c.Object, rows[at].Revision, c.Old))
		}
		rows[at] = c.Row()
		if err := tx.PutRow(vault, leaf, rows[at]); err != nil {
			return 0, chain.Hash{}, fmt.Errorf("store row: %w", err)
		}
	}
	hash = chain.LeafHash(rows)
	return added, hash, tx.PutLeaf(vault, leaf, hash)
}

func indexOf(rows []chain.Row, object id.ID) int {
	for i, r := range rows {
		if r.Object == object {
			return i
		}
	}
	return -1
}

// rehash carries changed leaves up to the root.
func rehash(tx treeRows, vault id.ID, changed map[uint8]map[uint8]chain.Hash) (chain.Hash, error) {
	nodes, err := tx.Nodes(vault)
	if err != nil {
		return chain.Hash{}, fmt.Errorf("read nodes: %w", err)
	}
	for node, leaves := range changed {
		level, err := tx.Leaves(vault, node)
		if err != nil {
			return chain.Hash{}, fmt.Errorf("read leaves: %w", err)
		}
		for leaf, hash := range leaves {
			level[leaf] = hash
		}
		nodes[node] = chain.NodeHash(level)
		if err := tx.PutNode(vault, node, nodes[node]); err != nil {
			return chain.Hash{}, fmt.Errorf("store node: %w", err)
		}
	}
	return chain.RootHash(vault, nodes), nil
}
