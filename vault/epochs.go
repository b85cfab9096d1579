package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// EpochKey is the vault's key of one epoch. Everything new is sealed under the newest; the earlier ones open what is not sealed again
// yet.
type EpochKey struct {
	Epoch uint32
	Key   secret.Bytes
}

// epochKeys is never changed: another one takes its place.
type epochKeys struct {
	newest uint32
	all    map[uint32]secret.Bytes
	former map[uint32]secret.Bytes // of another history
}

func newEpochKeys(cfg Config) *epochKeys {
	k := &epochKeys{newest: cfg.Epoch, all: map[uint32]secret.Bytes{cfg.Epoch: cfg.Key.Clone()}}
	for _, earlier := range cfg.Earlier {
		k.all[earlier.Epoch] = earlier.Key.Clone()
	}
	k.former = make(map[uint32]secret.Bytes, len(cfg.Former))
	for _, former := range cfg.Former {
		k.former[former.Epoch] = former.Key.Clone()
	}
	return k
}

// with adds keys; the newest of all is the one to seal under.
func (k *epochKeys) with(added []EpochKey) *epochKeys {
	more := &epochKeys{newest: k.newest, all: maps.Clone(k.all), former: k.former}
	for _, a := range added {
		if more.all[a.Epoch].IsZero() {
			more.all[a.Epoch] = a.Key.Clone()
		}
		more.newest = max(more.newest, a.Epoch)
	}
	return more
}

func (k *epochKeys) wipe() {
	for _, keys := range []map[uint32]secret.Bytes{k.all, k.former} {
		for _, key := range keys {
			key.Wipe()
		}
	}
}

// Rekey adds keys, which it copies, and seals everything under the newest epoch's from here on. Edits that wait for the server are
// sealed again at once: a commit of an epoch carries nothing older. Errors: ErrClosed, the context's, and the Store's; then the keys
// are in use all the same, and Renew does the rest.
func (v *Vault) Rekey(ctx context.Context, added ...EpochKey) error {
	leave, err := v.begin()
	if err != nil {
		return fmt.Errorf("change vault key: %w", err)
	}
	v.writing.Lock()
	v.keys.Store(v.keys.Load().with(added))
	v.writing.Unlock()
	v.sealSnapshotAgain()
	leave()
	return v.Renew(ctx)
}

// Renew seals the edits that wait for the server under the newest epoch's key, where they are not: the keys changed while they waited,
// or another process that did not know the new key has made them.
func (v *Vault) Renew(ctx context.Context) error {
	if len(v.keys.Load().all) == 1 {
		return nil // none is older; before the first sync everything waits, and is not read for this
	}
	var stale []id.ID
	err := v.view(ctx, func(r Reader) error {
		return r.PendingObjects(v.cfg.Vault, func(o Object) error {
			if v.isStale(*o.Pending) {
				stale = append(stale, o.ID)
			}
			return nil
		})
	})
	if err == nil && len(stale) > 0 {
		err = v.Reseal(ctx, stale)
	}
	return wrap("renew edits", err)
}

// Stale lists the objects that are sealed under an earlier epoch's key than the newest. What does not open is not among them: it could
// not be sealed again.
func (v *Vault) Stale(ctx context.Context) ([]id.ID, error) {
	var stale []id.ID
	err := v.view(ctx, func(r Reader) error {
		return r.Objects(v.cfg.Vault, func(o Object) error {
			if shown := o.shown(); shown != nil && v.isStale(*shown) && v.opens(o.ID, *shown) {
				stale = append(stale, o.ID)
			}
			return nil
		})
	})
	return stale, wrap("read epochs", err)
}

// shown is the version that holds the object's content: the edit if there is one, else what was synced; nil for neither.
func (o *Object) shown() *Version {
	if o.Pending != nil {
		return o.Pending
	}
	return &o.Base
}

func (v *Vault) isStale(sealed Version) bool {
	return sealed.State == Live && sealed.Envelope != nil && seal.Epoch(sealed.Envelope) < v.keys.Load().newest
}

func (v *Vault) opens(object id.ID, sealed Version) bool {
	plaintext, err := v.openPlaintext(object, sealed)
	clear(plaintext)
	return err == nil
}

// Reseal seals objects again under the newest epoch's key, as edits that change nothing; the next pushes carry them. Objects that are
// sealed so already, or that do not open, are left alone.
func (v *Vault) Reseal(ctx context.Context, objects []id.ID) error {
	return wrap("seal again", v.update(ctx, func(e *editing) error {
		for _, object := range objects {
			if err := e.reseal(object); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (e *editing) reseal(object id.ID) error {
	o, err := e.object(object)
	if err != nil {
		return err
	}
	shown := o.shown()
	if !e.isStale(*shown) || o.Pending == nil && o.Ancestor != nil {
		return nil
	}
	plaintext, err := e.openPlaintext(object, *shown)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if err != nil {
		return nil
	}
	defer clear(plaintext)
	sealed, err := e.sealPlaintext(object, o.next(), plaintext)
	if err != nil {
		return err
	}
	o.Pending = &sealed
	return e.put(o, e.loadObject(o).entry)
}

// openPlaintext decrypts a live version with the key of the epoch that it names. Errors: ErrMissing, errDamaged, ErrUnreadable,
// ErrClosed.
func (v *Vault) openPlaintext(object id.ID, sealed Version) ([]byte, error) {
	if sealed.Envelope == nil {
		return nil, ErrMissing
	}
	if EnvelopeHash(sealed.Envelope) != sealed.Hash {
		return nil, errDamaged
	}
	epoch, k := seal.Epoch(sealed.Envelope), v.keys.Load()
	for _, of := range []map[uint32]secret.Bytes{k.all, k.former} {
		key, known := of[epoch]
		if !known {
			continue
		}
		plaintext, err := keys.OpenObject(key, v.ref(object, epoch, sealed.Revision), sealed.Envelope)
		if errors.Is(err, seal.ErrKey) {
			return nil, ErrClosed
		}
		if err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrUnreadable
}
