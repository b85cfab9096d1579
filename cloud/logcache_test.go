package cloud_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/chain"
)

// What an account is refused costs it no second reading of its log: that is done while nobody else can write.
func TestRefusedEntryLeavesTheLogCached(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	// It follows the head and is signed, and has no place at account/log all the same.
	rename, err := p.log.Next(p.identity, 0, chain.DeviceRename{Device: p.device.ID, Name: "Another"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Accounts.Append(t.Context(), p.caller(), rename); !errors.Is(err, cloud.ErrBadEntry) {
		t.Fatalf("rename at account/log: %v", err)
	}
	w.statements.take()
	if err := w.Accounts.Append(t.Context(), p.caller(), rename); !errors.Is(err, cloud.ErrBadEntry) {
		t.Fatalf("again: %v", err)
	}
	for _, statement := range w.statements.take() {
		if strings.HasPrefix(statement, "SELECT entry, signature FROM account_log") {
			t.Error("the log was read again")
		}
	}
	// A change of its kind still finds the log that it follows.
	if err := w.Accounts.Change(t.Context(), p.caller(), cloud.Change{Entries: []chain.SignedEntry{rename}}); err != nil {
		t.Error(err)
	}
}
