package vault

import (
	"context"
	"errors"
)

// ErrFrozen: nothing can be changed before the user has confirmed the state of the vault.
var ErrFrozen = errors.New("the vault's state is not confirmed yet")

// Freeze refuses every change that a user makes, with ErrFrozen, until it is called with false. Reading and syncing go on.
func (v *Vault) Freeze(frozen bool) { v.frozen.Store(frozen) }

// edit is update for what a user does.
func (v *Vault) edit(ctx context.Context, f func(*editing) error) error {
	if v.frozen.Load() {
		return ErrFrozen
	}
	return v.update(ctx, f)
}
