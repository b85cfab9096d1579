package vault

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Draft is an edit that could not be saved, as it is kept while the vault is locked: sealed as an attachment is, for it may be larger
// than an item. It is in memory alone, never stored and never sent.
type Draft struct {
	item  id.ID
	file  Attachment
	epoch uint32 // of the vault key that key is sealed under
	key   []byte
	parts [][]byte
}

// draftWire has the encodings of the edit, and of what it is an edit of.
type draftWire struct {
	Edit []byte `cbor:"1,keyasint"`
	Seen []byte `cbor:"2,keyasint,omitempty"`
}

// SealDraft seals an edit that Save did not take. Errors: ErrNewerItem, ErrClosed.
func (v *Vault) SealDraft(it Item) (Draft, error) {
	leave, err := v.begin()
	if err != nil {
		return Draft{}, fmt.Errorf("seal draft: %w", err)
	}
	defer leave()
	edit, err := encode(&it)
	if err != nil {
		return Draft{}, fmt.Errorf("seal draft: %w", err)
	}
	defer clear(edit)
	plaintext, err := canonical.Marshal(draftWire{edit, it.seen.Reveal()})
	if err != nil {
		return Draft{}, fmt.Errorf("seal draft: %w", err)
	}
	defer clear(plaintext)
	size := int64(len(plaintext))
	k := v.keys.Load()
	f := file{Attachment{ID: id.New(), Size: size, Chunks: chunksOf(size)}, secret.Random(seal.KeySize)}
	defer f.key.Wipe()
	d := Draft{item: it.ID, file: f.Attachment, epoch: k.newest}
	if d.key, err = keys.SealObject(k.all[k.newest], v.ref(f.ID, k.newest, 1), f.key.Reveal()); err != nil {
		return Draft{}, fmt.Errorf("seal draft: %w", err)
	}
	for i := range f.Chunks {
		part := plaintext[int64(i)*partMax:][:f.partSize(i)]
		envelope, err := keys.SealChunk(f.key, f.ref(v, i), part)
		if err != nil {
			return Draft{}, fmt.Errorf("seal draft: %w", err)
		}
		d.parts = append(d.parts, envelope)
	}
	return d, nil
}

// OpenDraft returns the edit, which Save takes as one of the item that it was read from, and what it is an edit of: for a new item an
// empty one. Errors: ErrUnreadable for what another vault has sealed, or this one under keys it no longer has; ErrClosed.
func (v *Vault) OpenDraft(d Draft) (edited, original Item, err error) {
	leave, err := v.begin()
	if err != nil {
		return Item{}, Item{}, fmt.Errorf("open draft: %w", err)
	}
	defer leave()
	plaintext, err := v.openParts(d)
	if err != nil {
		return Item{}, Item{}, fmt.Errorf("open draft: %w", err)
	}
	defer clear(plaintext)
	var w draftWire
	if err := canonical.Unmarshal(plaintext, &w); err != nil {
		return Item{}, Item{}, fmt.Errorf("open draft: %w: %w", ErrUnreadable, err)
	}
	defer clear(w.Edit)
	if edited, err = decode(d.item, w.Edit); err != nil {
		return Item{}, Item{}, fmt.Errorf("open draft: %w: %w", ErrUnreadable, err)
	}
	original = Item{ID: d.item, Kind: edited.Kind}
	if len(w.Seen) > 0 {
		edited.seen = secret.New(w.Seen)
		if base := edited.base(); base != nil {
			original = *base
		}
	}
	return edited, original, nil
}

func (v *Vault) openParts(d Draft) ([]byte, error) {
	vk := v.keys.Load().all[d.epoch]
	if vk.IsZero() {
		return nil, ErrUnreadable
	}
	key, err := keys.OpenObject(vk, v.ref(d.file.ID, d.epoch, 1), d.key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	f := file{d.file, secret.New(key)}
	defer f.key.Wipe()
	plaintext := make([]byte, 0, f.Size)
	for i, envelope := range d.parts {
		part, err := v.openChunk(&f, i, envelope)
		if err != nil {
			clear(plaintext)
			return nil, err
		}
		plaintext = append(plaintext, part...)
		clear(part)
	}
	return plaintext, nil
}
