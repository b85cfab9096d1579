package keys

import (
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
)

// The header and context of each kind of envelope, protocol §4. Together they
// name the key and the place of the plaintext, so that no envelope opens in the
// place of another.

// Sealing says what a sealed AK is sealed under.
type Sealing string

// The sealings of protocol version 1.
const (
	ByPassword Sealing = "password" // the KEK of password and Secret Key
	ByRecovery Sealing = "recovery" // the KEK of the recovery code
)

func accountKeyBinding(account id.ID, generation uint32, by Sealing) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.SealedKey, Epoch: generation, KeyID: account}
	return header, canonical.Concat("ak", account, uint64(generation), string(by))
}

func identityBinding(account id.ID, number uint64) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.SealedKey, KeyID: account}
	return header, canonical.Concat("identity", account, number)
}

func previousKeyBinding(account, vault id.ID, epoch uint32) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.SealedKey, Epoch: epoch, KeyID: vault}
	return header, canonical.Concat("vk-prev", account, vault, uint64(epoch))
}

func vaultKeyBinding(account, vault id.ID, epoch uint32) (seal.Header, []byte) {
	// The header's epoch is that of the sealing key: AK has none.
	header := seal.Header{Purpose: seal.SealedKey, KeyID: account}
	return header, canonical.Concat("vk", account, vault, uint64(epoch))
}

func objectBinding(ref ObjectRef) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.Object, Epoch: ref.Epoch, KeyID: ref.Vault}
	return header, canonical.Concat("object", ref.Account, ref.Vault, ref.Object, ref.Revision)
}

func chunkBinding(ref ChunkRef) (seal.Header, []byte) {
	// A file key serves one attachment for good: it has no epoch.
	header := seal.Header{Purpose: seal.Chunk, KeyID: ref.Attachment}
	return header, canonical.Concat("chunk", ref.Account, ref.Vault, ref.Attachment, ref.Index, ref.Count)
}

func localBinding(ref LocalRef) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.Local, Epoch: ref.Generation, KeyID: ref.Account}
	return header, canonical.Concat("local", ref.Account, ref.Device, ref.Name)
}
