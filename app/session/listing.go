package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
)

// named lists the files in a folder whose names begin and end so, in the order of their names; a folder that is not there has none. Unlike
// filepath.Glob it takes the folder's path for what it is: that of a home may have brackets in it.
func named(folder, prefix, suffix string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var found []string
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), prefix); ok && strings.HasSuffix(rest, suffix) {
			found = append(found, filepath.Join(folder, e.Name()))
		}
	}
	return found, err
}

// beside lists the files of an account whose names continue that of its vault file so.
func (m *Manager) beside(account id.ID, mark, suffix string) []string {
	path := m.cfg.Paths.Account(account)
	found, err := named(filepath.Dir(path), filepath.Base(path)+mark, suffix)
	if err != nil {
		m.cfg.Log.Warn("files of an account not listed", "error", err)
	}
	return found
}
