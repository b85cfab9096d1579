package session

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
)

// A home whose path means something to filepath.Glob: what is in it is found all the same.
func TestFilesAreFoundInAFolderWithBrackets(t *testing.T) {
	paths, err := platform.PathsBelow(filepath.Join(t.TempDir(), "[anna] ~ü"))
	if err != nil {
		t.Fatal(err)
	}
	m, account := New(Config{Paths: paths}), id.New()
	if err := os.MkdirAll(paths.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	file := paths.Account(account)
	for _, path := range []string{file, file + ".before-1", file + ".before-2.part", file + damagedMark + "1", file + damagedMark + "1-wal", file + ".copy.part"} {
		if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.copies(account); !slices.Equal(got, []string{file + ".before-1"}) {
		t.Errorf("copies %q", got)
	}
	if got := m.halfCopies(account); len(got) != 2 {
		t.Errorf("half copies %q", got)
	}
	if got := m.newestDamaged(account); got != file+damagedMark+"1" {
		t.Errorf("damaged %q", got)
	}
	if err := m.CheckFiles(t.Context()); err == nil {
		t.Error("a file that does not open is not seen")
	}
	if found, err := named(filepath.Join(paths.Data, "none"), "", ""); err != nil || len(found) != 0 {
		t.Errorf("a folder that is not there: %q, %v", found, err)
	}
}
