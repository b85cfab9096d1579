package session_test

import (
	"os"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// A kill in the middle of a copy leaves half of it, the size of the vault: it goes with the next backup, but not one that another
// program is writing now, and with the account all of them go.
func TestHalfCopiesGo(t *testing.T) {
	server, pc := testkit.Cloud(t), testpc.New(t, "PC", nil)
	u := pc.SignUp(t, server, "anna@example.com")
	account := u.Account()
	path := pc.Paths.Account(account.ID)
	old, young := path+".backup-20260101T000000.000Z"+sqlite.PartSuffix, path+".before-20260101T000000.000Z"+sqlite.PartSuffix
	for _, half := range []string{old, young} {
		if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if err := u.BackUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if there(old) || !there(young) {
		t.Errorf("the old half copy is there: %t, the young one: %t", there(old), there(young))
	}
	if err := pc.Forget(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if there(young) {
		t.Error("a half copy outlives its account")
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
