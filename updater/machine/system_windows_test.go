package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/updater"
)

// While a package is held, nobody can write, rename or remove it; reading, as Windows Installer does, goes on.
func TestHeldPackageCannotBeSwapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "coffer.msi")
	if err := os.WriteFile(path, []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("package"))
	f, err := hold(updater.Staged{Release: updater.Release{Size: 7, SHA256: hex.EncodeToString(digest[:])}, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("other"), 0o600); err == nil {
		t.Error("written")
	}
	if err := os.Rename(path, path+".away"); err == nil {
		t.Error("renamed")
	}
	if err := os.Remove(path); err == nil {
		t.Error("removed")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "package" {
		t.Errorf("read %q, %v", data, err)
	}
	f.Close()
	if err := os.Remove(path); err != nil {
		t.Errorf("after the installation: %v", err)
	}
}

func TestInUseFindsThisProgramAlone(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]bool{self: true, filepath.Join(`C:\elsewhere`, filepath.Base(self)): false, `C:\none.exe`: false} {
		if got, err := (Windows{Program: program}).InUse(); got != want || err != nil {
			t.Errorf("%s: %v, %v", program, got, err)
		}
	}
}
