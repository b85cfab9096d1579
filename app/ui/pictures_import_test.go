package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func init() { scenes["import"] = (*album).importScene }

const exportedLogins = "name,url,username,password,note\nShop,https://shop.example,anna,bought42,\nNews,https://news.example,anna,daily-77,\n" +
	"Gitea,https://gitea.example,anna,other,\nBroken,\"x\n"

// exported writes a file as another program would.
func exported(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importScene takes a file in: what it holds before anything is written, the report afterwards, and one that has a password.
func (a *album) importScene() {
	a.openVault()
	v := a.shell.Vault()
	v.OpenImport()
	imports := v.Import()
	a.stage(imports, screen.ImportNothing, screen.ImportChoose)
	a.take("import-file-choose")
	imports.Drop([]string{exported(a, "notes.txt", "hello")})
	a.stage(imports, screen.ImportNothing, screen.ImportChoose)
	a.take("import-file-unknown")
	locked, err := os.ReadFile("../../vault/importer/format/testdata/bitwarden-encrypted.json")
	if err != nil {
		a.Fatal(err)
	}
	imports.Drop([]string{exported(a, "bitwarden_export_2026.json", string(locked))})
	a.stage(imports, screen.ImportPassword)
	imports.OpenProtected(testpc.Typed("wrong"))
	a.until("told", func() bool { return !imports.State().Problem.IsZero() && !imports.State().Busy })
	a.take("import-file-password")
	imports.Skip()
	a.keyFileScene(imports)
	imports.Drop([]string{exported(a, "Passwortliste.csv", "Was;Benutzername;Kennwort;Adresse;Kunden-Nr.;Bemerkung\nBank;anna;bought42;https://bank.example;4711;mit TAN\n")})
	a.stage(imports, screen.ImportMapping)
	a.take("import-file-columns")
	imports.Skip()
	rows := strings.Repeat("Old,https://old.example,anna,daily-77,\n", 3)
	imports.Drop([]string{exported(a, "Chrome Passwords.csv", strings.Replace(exportedLogins, "Broken", rows+"Broken", 1))})
	a.stage(imports, screen.ImportPreview)
	a.take("import-file-preview")
	imports.Continue()
	a.stage(imports, screen.ImportDone)
	a.take("import-file-report")
	imports.DeleteFile(imports.State().Deletions[0].Path)
	a.until("deleted", func() bool { return imports.State().Deletions[0].Button == "" && !imports.State().Busy })
	a.take("import-file-deleted")
}

// keyFileScene opens a database of KeePass with its key file, which needs its password too.
func (a *album) keyFileScene(imports *screen.Import) {
	const keyFiles = "../../vault/importer/format/testdata/keyfiles/"
	imports.Drop([]string{keyFiles + "both.kdbx"})
	a.stage(imports, screen.ImportPassword)
	imports.Drop([]string{keyFiles + "v2.keyx"})
	a.until("the key file", func() bool { return strings.Contains(imports.State().KeyFile.Label, "v2.keyx") })
	a.take("import-file-key")
	imports.Skip()
}

func (a *album) stage(imports *screen.Import, pages ...screen.ImportPage) {
	a.Helper()
	a.until("the stage of the import", func() bool {
		s := imports.State()
		for _, page := range pages {
			if s.Page == page && !s.Busy {
				return true
			}
		}
		return false
	})
}
