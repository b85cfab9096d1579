//go:build system

package format

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// TestKeyFilesOfKeePassXC has the real program lock a new database with each kind of key file, one of them of its own making.
func TestKeyFilesOfKeePassXC(t *testing.T) {
	for _, name := range []string{"raw.key", "hex.key", "v1.key", "v2.keyx", "any.jpg", "made.keyx"} {
		dir := t.TempDir()
		database, keyFile := filepath.Join(dir, "new.kdbx"), filepath.Join(dir, name)
		if name != "made.keyx" { // which does not exist, and is made
			if err := os.WriteFile(keyFile, readFile(t, "testdata/keyfiles/"+name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("keepassxc-cli", "db-create", "-q", "--set-key-file", keyFile, database)
		cmd.Env = append(os.Environ(), "HOME="+dir, "QT_QPA_PLATFORM=offscreen")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("keepassxc-cli: %v %s", err, out)
		}
		source, err := Open(readFile(t, database))
		if err == nil {
			source, err = WithKeyFile(source, readFile(t, keyFile))
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := importer.Read(t.Context(), source, secret.Bytes{}); r.Err != nil {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}
