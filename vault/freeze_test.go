package vault_test

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func TestAFrozenVaultIsReadAndSyncedOnly(t *testing.T) {
	a, b, s := twoDevices(t)
	kept, gone := a.save(t, login("Kept", "1")), a.save(t, login("Gone", "2"))
	check(t, a.Trash(ctx, gone.ID))
	a.sync(t, s)
	b.sync(t, s)
	b.Freeze(true)
	for name, change := range map[string]func() error{
		"save":    func() error { _, err := b.Save(ctx, login("New", "3")); return err },
		"batch":   func() error { _, err := b.Batch(ctx, []vault.Item{login("New", "3")}, nil, nil); return err },
		"trash":   func() error { return b.Trash(ctx, kept.ID) },
		"restore": func() error { return b.Restore(ctx, gone.ID) },
		"delete":  func() error { return b.DeleteForever(ctx, gone.ID) },
		"empty":   func() error { _, err := b.EmptyTrash(ctx); return err },
		"folder":  func() error { _, err := b.SaveFolder(ctx, vault.Folder{Name: "Work"}); return err },
		"move":    func() error { return b.Move(ctx, id.New(), kept.ID) },
		"mark":    func() error { return b.Mark(ctx, "import") },
	} {
		if err := change(); !errors.Is(err, vault.ErrFrozen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	edited := a.get(t, kept.ID)
	edited.Title = "Still synced"
	a.save(t, edited)
	a.sync(t, s)
	b.sync(t, s)
	expect(t, "frozen", b.Query(vault.Filter{}), "Still synced")
	b.Freeze(false)
	b.save(t, login("New", "3"))
}
