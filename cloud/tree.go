package cloud

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

// treeRows keeps the state table and the hashes of its tree's nodes (docs/protocol.md §6), so that a commit costs what it changes and a
// 256th of what the vault holds. Hashes of leaves are not kept: most vaults have about one object in a leaf, and to hash it again takes
// less than to read what was kept.
type treeRows interface {
	// LeafRows returns the rows of one leaf, NodeRows those of the 256 leaves below each node from first to last.
	LeafRows(vault id.ID, leaf uint16) ([]chain.Row, error)
	NodeRows(vault id.ID, first, last uint8) ([]ObjectRow, error)
	PutRow(vault id.ID, leaf uint16, r chain.Row) error
	// Nodes returns the hashes of the 256 nodes.
	Nodes(vault id.ID) (*chain.Level, error)
	PutNode(vault id.ID, node uint8, h chain.Hash) error
}

// applyChanges brings the state table and its hashes to where the changes lead. added counts objects that are new.
func applyChanges(tx treeRows, vault id.ID, changes []chain.Change) (added int, root chain.Hash, err error) {
	var byNode [chain.Fanout][]chain.Change
	for _, c := range changes {
		node := chain.LeafOf(vault, c.Object) >> 8
		byNode[node] = append(byNode[node], c)
	}
	nodes, err := tx.Nodes(vault)
	if err != nil {
		return 0, chain.Hash{}, fmt.Errorf("read nodes: %w", err)
	}
	for first := 0; first < len(byNode); first++ {
		last := first
		for last < len(byNode) && len(byNode[last]) > 0 && last-first < maxNeighbours {
			last++
		}
		if last == first {
			continue
		}
		n, err := applyToNodes(tx, vault, first, byNode[first:last], nodes)
		if err != nil {
			return 0, chain.Hash{}, err
		}
		added, first = added+n, last-1
	}
	return added, chain.RootHash(vault, nodes), nil
}

// maxNeighbours is how many nodes are read at once. A thousand changes are below nearly all 256, and each question is one answer of the
// database to wait for; the rows of all nodes would be a whole vault in memory.
const maxNeighbours = 32

// applyToNodes is applyChanges for neighbouring nodes from first on, each of which changes.
func applyToNodes(tx treeRows, vault id.ID, first int, byNode [][]chain.Change, nodes *chain.Level) (added int, err error) {
	rows, err := tx.NodeRows(vault, uint8(first), uint8(first+len(byNode)-1))
	if err != nil {
		return 0, fmt.Errorf("read nodes: %w", err)
	}
	below := make([][]ObjectRow, len(byNode))
	for _, r := range rows {
		at := int(r.Leaf>>8) - first
		below[at] = append(below[at], r)
	}
	for i, changes := range byNode {
		n, hash, err := applyToNode(tx, vault, below[i], changes)
		if err != nil {
			return 0, err
		}
		added += n
		nodes[first+i] = hash
		if err := tx.PutNode(vault, uint8(first+i), hash); err != nil {
			return 0, fmt.Errorf("store node: %w", err)
		}
	}
	return added, nil
}

// applyToNode stores the rows that the changes make below a node, whose rows they are, and returns its new hash.
func applyToNode(tx treeRows, vault id.ID, rows []ObjectRow, changes []chain.Change) (added int, hash chain.Hash, err error) {
	var leaves [chain.Fanout][]chain.Row
	for _, r := range rows {
		leaves[byte(r.Leaf)] = append(leaves[byte(r.Leaf)], r.Row)
	}
	for _, c := range changes {
		leaf := chain.LeafOf(vault, c.Object)
		rows := &leaves[byte(leaf)]
		at := indexOf(*rows, c.Object)
		if at < 0 {
			*rows, at, added = append(*rows, chain.Row{}), len(*rows), added+1
		}
		// The parent was right, so a wrong revision is a defect of the writer and no race that pulling could cure.
		if (*rows)[at].Revision != c.Old {
			return 0, chain.Hash{}, badCommit(fmt.Errorf("object %s is at revision %d, not %d", c.Object, (*rows)[at].Revision, c.Old))
		}
		(*rows)[at] = c.Row()
		if err := tx.PutRow(vault, leaf, (*rows)[at]); err != nil {
			return 0, chain.Hash{}, fmt.Errorf("store row: %w", err)
		}
	}
	var level chain.Level
	for leaf, rows := range leaves {
		level[leaf] = chain.LeafHash(rows)
	}
	return added, chain.NodeHash(&level), nil
}

func indexOf(rows []chain.Row, object id.ID) int {
	for i, r := range rows {
		if r.Object == object {
			return i
		}
	}
	return -1
}
