package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// maxTables is how many tables are remembered, the newest.
const maxTables = 50

// tableMapping is what a person said of the columns of a table. The names of the columns are not kept, only a hash of them.
type tableMapping struct {
	Header  string          `json:"header"` // SHA-256 of the names, hexadecimal
	Targets []format.Target `json:"targets"`
}

// TableMapping is what was said of the columns of a table with this header on this PC; nil if it was not, or the file is not readable.
func (u *Unlocked) TableMapping(header []string) []format.Target {
	for _, t := range u.m.tables() {
		known := !slices.ContainsFunc(t.Targets, func(target format.Target) bool { return !slices.Contains(format.Targets, target) })
		if t.Header == headerHash(header) && len(t.Targets) == len(header) && known {
			return t.Targets
		}
	}
	return nil
}

// KeepTableMapping remembers it. Nothing of what is in the table is kept.
func (u *Unlocked) KeepTableMapping(header []string, targets []format.Target) error {
	hash := headerHash(header)
	tables := slices.DeleteFunc(u.m.tables(), func(t tableMapping) bool { return t.Header == hash })
	tables = append(tables, tableMapping{hash, targets})
	data, err := json.Marshal(tables[max(0, len(tables)-maxTables):])
	if err == nil {
		err = atomicfile.WriteFile(u.m.tablesPath(), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("remember the columns of a table: %w", err)
	}
	return nil
}

func (m *Manager) tables() (tables []tableMapping) {
	data, err := os.ReadFile(m.tablesPath())
	if err != nil || json.Unmarshal(data, &tables) != nil {
		return nil // a person is asked again
	}
	return tables
}

func (m *Manager) tablesPath() string { return filepath.Join(m.cfg.Paths.Home, "import-tables.json") }

func headerHash(header []string) string {
	sum := sha256.Sum256([]byte(strings.Join(header, "\x00")))
	return hex.EncodeToString(sum[:])
}
