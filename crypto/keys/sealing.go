package keys

import (
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// SealAccountKey seals AK. The generation is that of the password, or the one in which the recovery code was made.
func SealAccountKey(kek, ak secret.Bytes, account id.ID, generation uint32, by Sealing) ([]byte, error) {
	header, context := accountKeyBinding(account, generation, by)
	return sealKey(kek, header, context, ak)
}

// OpenAccountKey returns AK; seal.ErrOpen where password, Secret Key, recovery code or envelope is wrong.
func OpenAccountKey(kek secret.Bytes, envelope []byte, account id.ID, generation uint32, by Sealing) (secret.Bytes, error) {
	header, context := accountKeyBinding(account, generation, by)
	return openKey(kek, header, context, envelope)
}

// SealVaultKey seals the vault key of one epoch, symmetrically: nobody without AK
// can bring a vault key of his own into the account.
func SealVaultKey(ak, vk secret.Bytes, account, vault id.ID, epoch uint32) ([]byte, error) {
	header, context := vaultKeyBinding(account, vault, epoch)
	return sealKey(ak, header, context, vk)
}

// OpenVaultKey returns the vault key, or seal.ErrOpen.
func OpenVaultKey(ak secret.Bytes, envelope []byte, account, vault id.ID, epoch uint32) (secret.Bytes, error) {
	header, context := vaultKeyBinding(account, vault, epoch)
	return openKey(ak, header, context, envelope)
}

// SealPreviousVaultKey seals the vault key of epoch-1 under that of epoch: who has the newest key reads what is older.
func SealPreviousVaultKey(vk, previous secret.Bytes, account, vault id.ID, epoch uint32) ([]byte, error) {
	header, context := previousKeyBinding(account, vault, epoch)
	return sealKey(vk, header, context, previous)
}

// OpenPreviousVaultKey returns the vault key of epoch-1, or seal.ErrOpen.
func OpenPreviousVaultKey(vk secret.Bytes, envelope []byte, account, vault id.ID, epoch uint32) (secret.Bytes, error) {
	header, context := previousKeyBinding(account, vault, epoch)
	return openKey(vk, header, context, envelope)
}

// SealIdentity seals both private keys together. number counts the identities of the account from 0, so that none opens in the
// place of a later one.
func SealIdentity(ak secret.Bytes, identity Identity, account id.ID, number uint64) ([]byte, error) {
	seeds, err := identity.marshal()
	if err != nil {
		return nil, err
	}
	defer seeds.Wipe()
	header, context := identityBinding(account, number)
	return seal.Seal(ak, header, context, seeds.Reveal())
}

// OpenIdentity returns the identity, or seal.ErrOpen.
func OpenIdentity(ak secret.Bytes, envelope []byte, account id.ID, number uint64) (Identity, error) {
	header, context := identityBinding(account, number)
	seeds, err := seal.Open(ak, header, context, envelope)
	if err != nil {
		return Identity{}, err
	}
	defer clear(seeds)
	identity, err := unmarshalIdentity(seeds)
	if err != nil {
		return Identity{}, seal.ErrOpen
	}
	return identity, nil
}

// ObjectRef says which version of which object an envelope holds.
type ObjectRef struct {
	Account, Vault, Object id.ID
	Epoch                  uint32
	Revision               uint64
}

// SealObject seals an object under a key derived from the vault key of its epoch.
func SealObject(vk secret.Bytes, ref ObjectRef, plaintext []byte) ([]byte, error) {
	key := ObjectKey(vk, ref.Vault, ref.Object, ref.Epoch)
	defer key.Wipe()
	header, context := objectBinding(ref)
	return seal.Seal(key, header, context, plaintext)
}

// OpenObject returns the plaintext, which the caller clears, or seal.ErrOpen. It
// may run in parallel.
func OpenObject(vk secret.Bytes, ref ObjectRef, envelope []byte) ([]byte, error) {
	key := ObjectKey(vk, ref.Vault, ref.Object, ref.Epoch)
	defer key.Wipe()
	header, context := objectBinding(ref)
	return seal.Open(key, header, context, envelope)
}

// ChunkRef says which part of which attachment an envelope holds. Count is that of all parts: a file that is cut short, or that
// another version of it was made of, does not open.
type ChunkRef struct {
	Account, Vault, Attachment id.ID
	Index, Count               uint64
}

// SealChunk seals at most seal.MaxPlaintext bytes of a file under its file key.
func SealChunk(file secret.Bytes, ref ChunkRef, part []byte) ([]byte, error) {
	header, context := chunkBinding(ref)
	return seal.Seal(file, header, context, part)
}

// OpenChunk returns the bytes of the file, which the caller clears, or seal.ErrOpen. It may run in parallel.
func OpenChunk(file secret.Bytes, ref ChunkRef, envelope []byte) ([]byte, error) {
	header, context := chunkBinding(ref)
	return seal.Open(file, header, context, envelope)
}

// LocalRef names a value that one device keeps for itself. Generation is that of
// the password under whose DSK it is sealed.
type LocalRef struct {
	Account, Device id.ID
	Generation      uint32
	Name            string
}

// SealLocal seals a value under DSK.
func SealLocal(dsk secret.Bytes, ref LocalRef, value []byte) ([]byte, error) {
	header, context := localBinding(ref)
	return seal.Seal(dsk, header, context, value)
}

// OpenLocal returns the value, or seal.ErrOpen.
func OpenLocal(dsk secret.Bytes, ref LocalRef, envelope []byte) (secret.Bytes, error) {
	header, context := localBinding(ref)
	value, err := seal.Open(dsk, header, context, envelope)
	return secret.New(value), err
}

// sealKey refuses to seal a key that is missing.
func sealKey(under secret.Bytes, header seal.Header, context []byte, key secret.Bytes) ([]byte, error) {
	if key.Len() != Size {
		return nil, seal.ErrKey
	}
	return seal.Seal(under, header, context, key.Reveal())
}

// openKey opens a sealed key. One of another length is a defect of its sealer,
// and as unusable as one that does not open.
func openKey(under secret.Bytes, header seal.Header, context, envelope []byte) (secret.Bytes, error) {
	opened, err := seal.Open(under, header, context, envelope)
	if err != nil {
		return secret.Bytes{}, err
	}
	if len(opened) != Size {
		clear(opened)
		return secret.Bytes{}, seal.ErrOpen
	}
	return secret.New(opened), nil
}
