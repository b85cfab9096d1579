package vault

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// folderKind is the kind of the objects that are folders: the title is the name. They merge and keep a history as items do.
const folderKind Kind = "folder"

// Folder groups items. "/" in a name separates levels, as in "Work/Clients"; that is for views alone.
type Folder struct {
	ID   id.ID
	Name string
}

// Item is the folder as Batch takes it, so that an import makes folders in one transaction with what goes into them. A new one has an
// ID already: that of its items' Folder.
func (f Folder) Item() Item { return Item{ID: f.ID, Kind: folderKind, Title: f.Name} }

// Folders returns the folders by name.
func (v *Vault) Folders() []Folder {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return nil
	}
	var folders []Folder
	for _, e := range v.index.aside {
		if e.Kind == folderKind {
			folders = append(folders, Folder{ID: e.ID, Name: e.Title})
		}
	}
	slices.SortFunc(folders, func(a, b Folder) int {
		return cmp.Or(cmp.Compare(search.Fold(a.Name), search.Fold(b.Name)), slices.Compare(a.ID[:], b.ID[:]))
	})
	return folders
}

// SaveFolder stores a new folder (ID zero) or renames one. Errors as for Save.
func (v *Vault) SaveFolder(ctx context.Context, f Folder) (Folder, error) {
	if f.Name == "" {
		return Folder{}, fmt.Errorf("save folder: %w: no name", ErrInvalid)
	}
	if f.ID.IsZero() {
		it, err := v.Save(ctx, Item{Kind: folderKind, Title: f.Name})
		return Folder{ID: it.ID, Name: f.Name}, wrap("save folder", err)
	}
	err := v.modify(ctx, []id.ID{f.ID}, func(it *Item) error {
		if it.Kind != folderKind {
			return ErrNotFound
		}
		it.Title, it.UpdatedAt = f.Name, v.nowMillis()
		return nil
	})
	return f, wrap("save folder", err)
}

// DeleteFolder deletes a folder for good. Its items stay, in no folder. Errors as for DeleteForever, and ErrNotFound.
func (v *Vault) DeleteFolder(ctx context.Context, folder id.ID) error {
	v.mu.RLock()
	found := v.index != nil && v.index.isFolder(folder)
	v.mu.RUnlock()
	if !found {
		return fmt.Errorf("delete folder: %w", ErrNotFound)
	}
	return v.DeleteForever(ctx, folder)
}
