package session_test

import (
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// cofferctl is another process on the same file: another Manager.
func TestRefreshShowsWhatAnotherProgramWrote(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	app := pc.SignUp(t, server, email)
	testpc.Sync(t, app)
	server.Stop()
	tool := session.New(pc.Config)
	defer tool.Close()
	other, err := tool.Unlock(t.Context(), app.Account().ID, testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, other, testpc.Login("From the tool", "anna", "x"))
	other.Lock()
	if n := len(app.Vault().Query(vault.Filter{})); n != 0 {
		t.Fatalf("%d items before the refresh", n)
	}
	pc.Refresh(t.Context())
	if found := app.Vault().Query(vault.Filter{}); len(found) != 1 || found[0].Title != "From the tool" {
		t.Errorf("%d items", len(found))
	}
	app.Lock()
	pc.Refresh(t.Context()) // of nothing
}
