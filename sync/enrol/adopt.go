package enrol

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Adoption is what a device has in hand when the log says that another device changed the keys of the account.
type Adoption struct {
	Log      *chain.Log // as this device has verified it: its pin, extended up to and beyond the change
	Received wire.KeyBundle
	Device   Device
	Password secret.Bytes   // the master password now in force, as typed
	Typed    keys.SecretKey // from a kit; zero unless the user was asked for it
	Kept     keys.SecretKey // the one that this device has, of the generation below
	KeptAt   uint32
	Pinned   kdf.Profile // no weaker one is used
}

// Adopted is the account under its new keys.
type Adopted struct {
	Account   *Account
	Bundle    Bundle
	Master    keys.AccountMaster
	SecretKey keys.SecretKey
	Heads     []chain.VaultHead // of the wrap, if the Secret Key came in one: no older state of a vault is true
}

// Adopt proves what the server sent against the device's own log and opens it. Until it has succeeded nothing of it may replace
// what the device has. Errors: ErrKey where password or Secret Key is not the one in force (a device without a wrap asks for the new
// kit), ErrBundle, those of kdf.Check and of kdf.DerivePassword.
func Adopt(ctx context.Context, in Adoption) (*Adopted, error) {
	credentials := in.Log.Credentials()
	bundle, err := FromWire(in.Received, in.Log.Account(), uint32(credentials.Generation), credentials.Profile)
	if err != nil {
		return nil, err
	}
	// The device's own log, and not the one that came along: what it has pinned stays true.
	bundle.Log = in.Log.Entries(-1)
	profile, err := kdf.Check(credentials.Profile, in.Pinned)
	if err != nil {
		return nil, err
	}
	out := &Adopted{Bundle: bundle, SecretKey: in.Kept}
	if err := out.chooseSecretKey(in); err != nil {
		return nil, err
	}
	if out.Master, err = keys.DeriveAccountMaster(ctx, in.Password, out.SecretKey, bundle.Account, profile, bundle.Generation); err != nil {
		return nil, err
	}
	if out.Account, err = Open(bundle, out.Master); err != nil {
		out.Master.Wipe()
		return nil, err
	}
	return out, nil
}

// chooseSecretKey takes the typed one, else that of a wrap which is newer than what the device has.
func (a *Adopted) chooseSecretKey(in Adoption) error {
	if !in.Typed.IsZero() {
		a.SecretKey = in.Typed
		return nil
	}
	if in.Received.Wrap == nil {
		return nil
	}
	received, err := openChange(chain.SignedWrap{Wrap: in.Received.Wrap.Wrap, Signature: in.Received.Wrap.Signature}, in.Device, in.Log)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if uint64(received.Generation) > in.Log.Credentials().Generation {
		return fmt.Errorf("%w: %w", ErrBundle, errors.New("wrap of a generation that the log does not have"))
	}
	if received.Generation > in.KeptAt {
		a.SecretKey, a.Heads = received.SecretKey, received.Heads
	}
	return nil
}
