package vault

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// folderKind is the kind of the objects that are folders: the title is the name, the folder the parent. They merge and keep a history
// as items do.
const folderKind Kind = "folder"

// Folder groups items, and other folders.
type Folder struct {
	ID     id.ID
	Name   string
	Parent id.ID // zero, or the id of a deleted folder: at the top
	// Path is its name after those of the folders that it is in, "Work/Clients", and Depth how many these are. Folders sets both.
	Path  string
	Depth int
}

// Item is the folder as Batch takes it, so that an import makes folders in one transaction with what goes into them. A new one has an
// ID already: that of its items' Folder.
func (f Folder) Item() Item {
	return Item{ID: f.ID, Kind: folderKind, Title: f.Name, Folder: f.Parent}
}

// Folders returns the folders as a tree is read: by name, each followed by those in it.
func (v *Vault) Folders() []Folder {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil
	}
	return v.index.tree().list(Folder{Depth: -1})
}

// folderTree is the folders by the one that they are in, each list by name; at the top is the zero id.
type folderTree map[id.ID][]Folder

func (x *index) tree() folderTree {
	tree := make(folderTree)
	for _, e := range x.aside {
		if e.Kind == folderKind {
			f := Folder{ID: e.ID, Name: strings.Clone(e.Title), Parent: x.parent(e)}
			tree[f.Parent] = append(tree[f.Parent], f)
		}
	}
	for _, below := range tree {
		slices.SortFunc(below, func(a, b Folder) int {
			return cmp.Or(cmp.Compare(search.Fold(a.Name), search.Fold(b.Name)), slices.Compare(a.ID[:], b.ID[:]))
		})
	}
	return tree
}

// parent is the folder that a folder is in. Two devices may have moved two folders into each other: each of a circle stands at the
// top then, where every device shows them and the user sees what came of it.
func (x *index) parent(folder *entry) id.ID {
	if !x.isFolder(folder.Folder) {
		return id.ID{}
	}
	at := folder.Folder
	for range x.aside {
		if at == folder.ID {
			return id.ID{}
		}
		if !x.isFolder(at) {
			break
		}
		at = x.aside[at].Folder
	}
	return folder.Folder
}

// list returns what is in a folder, at every depth.
func (t folderTree) list(parent Folder) []Folder {
	var all []Folder
	for _, f := range t[parent.ID] {
		f.Path, f.Depth = f.Name, parent.Depth+1
		if parent.Path != "" {
			f.Path = parent.Path + "/" + f.Name
		}
		all = append(append(all, f), t.list(f)...)
	}
	return all
}

// branch is a folder and all below it; nil for the zero id.
func (x *index) branch(folder id.ID) map[id.ID]bool {
	if folder.IsZero() {
		return nil
	}
	branch := map[id.ID]bool{folder: true}
	for _, f := range x.tree().list(Folder{ID: folder}) {
		branch[f.ID] = true
	}
	return branch
}

// withBranches adds to the number of items in each folder those of the folders below it.
func (x *index) withBranches(own map[id.ID]int) map[id.ID]int {
	all := make(map[id.ID]int, len(own))
	for _, e := range x.aside {
		n := own[e.ID]
		for at := e; n > 0 && at != nil; at = x.aside[x.parent(at)] {
			all[at.ID] += n
		}
	}
	return all
}

// SaveFolder stores a new folder (ID zero), or renames and moves one. Errors as for Save; ErrInvalid also for a folder that would be
// in itself.
func (v *Vault) SaveFolder(ctx context.Context, f Folder) (Folder, error) {
	if f.Name == "" {
		return Folder{}, fmt.Errorf("save folder: %w: no name", ErrInvalid)
	}
	if f.ID.IsZero() {
		it, err := v.Save(ctx, f.Item())
		f.ID = it.ID
		return f, wrap("save folder", err)
	}
	if v.inBranch(f.Parent, f.ID) {
		return Folder{}, fmt.Errorf("save folder: %w: it would be in itself", ErrInvalid)
	}
	err := v.modify(ctx, []id.ID{f.ID}, func(it *Item) error {
		if it.Kind != folderKind {
			return ErrNotFound
		}
		it.Title, it.Folder, it.UpdatedAt = f.Name, f.Parent, v.nowMillis()
		return nil
	})
	return f, wrap("save folder", err)
}

// inBranch tells whether a folder is another one, or below it.
func (v *Vault) inBranch(folder, of id.ID) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.index != nil && v.index.branch(of)[folder]
}

// DeleteFolder deletes a folder for good. Its items stay, in no folder, and the folders in it stand at the top.
// Errors as for DeleteForever, and ErrNotFound.
func (v *Vault) DeleteFolder(ctx context.Context, folder id.ID) error {
	v.mu.RLock()
	found := v.index != nil && v.index.isFolder(folder)
	v.mu.RUnlock()
	if !found {
		return fmt.Errorf("delete folder: %w", ErrNotFound)
	}
	return v.DeleteForever(ctx, folder)
}
