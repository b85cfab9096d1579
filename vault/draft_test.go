package vault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func TestDraft(t *testing.T) {
	whole := t
	d := newDevice(t, 1)
	for name, before := range map[string]vault.Item{"new": {ID: id.New(), Kind: vault.Login}, "edited": d.save(t, login("Mail", "old"))} {
		for size, notes := range map[string]int{"small": 9, "larger than an item": 3 << 20} {
			t.Run(name+", "+size, func(t *testing.T) {
				edited := before.Clone()
				edited.Set(vault.Password, secret.FromString("half typ"))
				edited.Set(vault.Notes, secret.FromString(strings.Repeat("n", notes)))
				draft, err := d.SealDraft(edited)
				if err != nil {
					t.Fatal(err)
				}
				d.unlock(whole)
				got, original, err := d.OpenDraft(draft)
				if err != nil {
					t.Fatal(err)
				}
				if got.ID != before.ID || got.Value(vault.Notes).Len() != notes || original.ID != before.ID || original.Kind != vault.Login ||
					!original.Value(vault.Password).Equal(before.Value(vault.Password)) {
					t.Errorf("got %v with %d bytes of notes, of %v", got.ID, got.Value(vault.Notes).Len(), original.ID)
				}
				if name == "edited" { // it merges with what changed since it was read, as any edit does
					now := d.get(t, before.ID)
					now.Title = "Mail, renamed while locked"
					d.save(t, now)
				}
				got.Set(vault.Notes, secret.FromString("short"))
				saved := d.save(t, got)
				if p := saved.Value(vault.Password).Reveal(); string(p) != "half typ" {
					t.Errorf("password %q", p)
				}
				if name == "edited" && !strings.HasPrefix(saved.Title, "Mail") {
					t.Errorf("title %q", saved.Title)
				}
			})
		}
	}
}

func TestDraftOpensInItsVaultAlone(t *testing.T) {
	d := newDevice(t, 1)
	draft, err := d.SealDraft(login("Mail", "secretword"))
	if err != nil {
		t.Fatal(err)
	}
	if other := newDevice(t, 2); other.Vault.ID() != d.Vault.ID() {
		t.Fatal("not the same vault")
	} else if _, _, err := other.OpenDraft(draft); err != nil {
		t.Errorf("another device's vault with the same keys: %v", err)
	}
	if _, _, err := d.OpenDraft(vault.Draft{}); !errors.Is(err, vault.ErrUnreadable) {
		t.Errorf("an empty draft: %v", err)
	}
	d.Close()
	if _, _, err := d.OpenDraft(draft); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("locked: %v", err)
	}
	if _, err := d.SealDraft(login("Mail", "x")); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("sealed while locked: %v", err)
	}
}
