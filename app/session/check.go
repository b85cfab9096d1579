package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/enrol"
)

// CheckPassword returns nil for the master password of the open account and ErrWrongPassword for any other text: before the Secret
// Key is shown to whoever sits at an unlocked PC. It costs as much as unlocking.
func (u *Unlocked) CheckPassword(ctx context.Context, password secret.Bytes) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	return u.current().checkPassword(ctx, password)
}

func (o ownAccount) checkPassword(ctx context.Context, password secret.Bytes) error {
	bundle := o.bundle
	profile, err := kdf.Check(bundle.Profile, kdf.P1)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	master, err := keys.DeriveAccountMaster(ctx, password, o.secretKey, bundle.Account, profile, bundle.Generation)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	defer master.Wipe()
	account, err := enrol.Open(bundle, master)
	switch {
	case errors.Is(err, enrol.ErrKey):
		return ErrWrongPassword
	case err != nil:
		return fmt.Errorf("check password: %w", err)
	}
	account.Wipe()
	return nil
}
