package format

import "github.com/coffer-vault/coffer/vault/importer"

// folder has a name, and the id of the one that it is in.
type folder struct{ name, parent string }

// folders are those of a file that lists them beside its entries, by their ids.
type folders map[string]folder

// path is a folder with those that it is in; empty for none. A file may have folders that are in each other.
func (f folders) path(id string) (path string) {
	for range maxDepth {
		g, found := f[id]
		if !found || id == "" {
			break
		}
		path, id = importer.CleanFolder(g.name+"/"+path), g.parent
	}
	return path
}
