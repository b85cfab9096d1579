package session_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func TestCheckFiles(t *testing.T) {
	pc := testpc.New(t, "PC", nil)
	check := func(what string, healthy bool) {
		t.Helper()
		if err := pc.CheckFiles(t.Context()); (err == nil) != healthy {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("no account yet", true)
	if err := pc.Paths.Create(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(pc.Paths.Data, "begun.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check("a sign-up that was interrupted", true)
	damaged := filepath.Join(pc.Paths.Data, "damaged.db")
	if err := os.WriteFile(damaged, []byte("no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(pc.Paths.Data, "begun.db")); err != nil {
		t.Fatal(err)
	}
	check("nothing but a damaged file", false)
	pc.SignUp(t, testkit.Cloud(t), "anna@example.com").Lock()
	check("a damaged file beside one that opens", true)
	// The keyring is not asked: it may ask the person, who may take longer than a new version has to prove itself.
	if err := session.New(session.Config{Paths: pc.Paths}).CheckFiles(t.Context()); err != nil {
		t.Errorf("without a keyring: %v", err)
	}
	if err := os.Mkdir(filepath.Join(pc.Paths.Data, "folder.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	check("something that does not open", false)
}
