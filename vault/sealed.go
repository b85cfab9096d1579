package vault

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// EnvelopeHash names an envelope in the state table (docs/protocol.md §6).
func EnvelopeHash(envelope []byte) [32]byte {
	return canonical.Hash("coffer/v1/env", envelope)
}

func (v *Vault) ref(object id.ID, epoch uint32, revision uint64) keys.ObjectRef {
	return keys.ObjectRef{Account: v.cfg.Account, Vault: v.cfg.Vault, Object: object, Epoch: epoch, Revision: revision}
}

// sealPlaintext makes the version of an encoded item for a revision.
func (v *Vault) sealPlaintext(object id.ID, revision uint64, plaintext []byte) (Version, error) {
	k := v.keys.Load()
	envelope, err := keys.SealObject(k.all[k.newest], v.ref(object, k.newest, revision), plaintext)
	if errors.Is(err, seal.ErrTooLarge) {
		return Version{}, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return Version{}, fmt.Errorf("seal item: %w", err)
	}
	return Version{Revision: revision, State: Live, Hash: EnvelopeHash(envelope), Envelope: envelope}, nil
}

// openVersion opens a live version. The item remembers its encoding, as the base of a later save.
// Errors: ErrMissing, ErrUnreadable (the envelope is the right one), errDamaged (it is not).
func (v *Vault) openVersion(object id.ID, sealed Version) (Item, error) {
	plaintext, err := v.openPlaintext(object, sealed)
	if err != nil {
		return Item{}, err
	}
	it, err := decode(object, plaintext)
	if err != nil {
		clear(plaintext)
		return Item{}, ErrUnreadable
	}
	it.seen = secret.New(plaintext)
	return it, nil
}

// errDamaged says that stored bytes changed: they do not have the hash that is stored beside them.
var errDamaged = fmt.Errorf("%w: damaged in the vault file", ErrMissing)

// current opens what the user should see of an object: the pending version; if there is none or it does not open, the base; while
// that is not loaded, the one before.
// Errors: ErrNotFound for a deleted object, ErrMissing, ErrUnreadable.
func (v *Vault) current(o Object) (Item, error) {
	if o.Pending == nil {
		return v.openBase(o)
	}
	if o.Pending.State == Dead {
		return Item{}, ErrNotFound
	}
	it, err := v.openVersion(o.ID, *o.Pending)
	if err == nil || errors.Is(err, ErrClosed) {
		return it, err
	}
	if it, err = v.openBase(o); err != nil {
		return Item{}, ErrUnreadable
	}
	return it, nil
}

func (v *Vault) openBase(o Object) (Item, error) {
	if o.Base.State != Live {
		return Item{}, ErrNotFound
	}
	if o.Base.Envelope == nil && o.Ancestor != nil && o.Ancestor.State == Live {
		return v.openVersion(o.ID, *o.Ancestor)
	}
	return v.openVersion(o.ID, o.Base)
}
