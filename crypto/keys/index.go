package keys

import (
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// SegmentRef is the place of a part of the index that a device keeps of a vault, protocol §9. The epoch is that of the vault key.
type SegmentRef struct {
	Account, Vault, Device id.ID
	Epoch                  uint32
	Segment                uint8
	Part                   uint32
}

// IndexKey seals the index that one device keeps; vk is the vault key of the epoch.
func IndexKey(vk secret.Bytes, vault, device id.ID, epoch uint32) secret.Bytes {
	return expand(vk, string(canonical.Concat("coffer/v1/index", vault, device, uint64(epoch))))
}

// SealSegment seals a part of the index under its key.
func SealSegment(ik secret.Bytes, ref SegmentRef, plaintext []byte) ([]byte, error) {
	header, context := segmentBinding(ref)
	return seal.Seal(ik, header, context, plaintext)
}

// OpenSegment returns the plaintext, which the caller clears, or seal.ErrOpen. It may run in parallel.
func OpenSegment(ik secret.Bytes, ref SegmentRef, envelope []byte) ([]byte, error) {
	header, context := segmentBinding(ref)
	return seal.Open(ik, header, context, envelope)
}

func segmentBinding(ref SegmentRef) (seal.Header, []byte) {
	header := seal.Header{Purpose: seal.Local, Epoch: ref.Epoch, KeyID: ref.Vault}
	return header, canonical.Concat("index", ref.Account, ref.Vault, ref.Device, uint64(ref.Segment), uint64(ref.Part))
}
