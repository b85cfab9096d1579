package session_test

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// besides unlocks the account of an app in another program on the same profile, as cofferctl is: another Manager.
func besides(t *testing.T, pc *testpc.PC, app *session.Unlocked) *session.Unlocked {
	t.Helper()
	tool := session.New(pc.Config)
	t.Cleanup(tool.Close)
	u, err := tool.Unlock(t.Context(), app.Account().ID, testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Two programs have one session. The one has renewed it, and then it ended at the server: what the other finds in the file is over too.
func TestTheSessionThatAnotherProgramRenewedHasEndedToo(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", func(c *session.Config) { c.Driven = true })
	app := pc.SignUp(t, server, email)
	testpc.Sync(t, app)
	server.Clock.Advance(2 * time.Hour) // an access token is over
	tool := besides(t, pc, app)
	testpc.Sync(t, tool)
	server.Clock.Advance(longAway)
	testpc.Sync(t, app)
	testpc.Sync(t, tool)
}

func TestRefreshShowsWhatAnotherProgramWrote(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "PC A", nil)
	app := pc.SignUp(t, server, email)
	testpc.Sync(t, app)
	server.Stop()
	other := besides(t, pc, app)
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
