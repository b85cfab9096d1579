package session_test

import (
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// A copy of the file that was made before the last thing it was written at a lock is an older one.
func TestLockRemembersTheLastChange(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), "anna@example.com")
	testpc.Save(t, u, testpc.Login("Bank", "anna", "x")) // which leaves a part of the sealed index to be written
	account := u.Account().ID
	u.Lock()
	store, err := sqlite.Open(t.Context(), pc.Paths.Account(account))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	generation, err := store.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range pc.Keyring.Entries() {
		if entry.Generation != generation {
			t.Errorf("generation %d is remembered, the file has %d", entry.Generation, generation)
		}
	}
}
