package vault

import "github.com/coffer-vault/coffer/crypto/id"

// Account is what the local file keeps of its account, so that it can be unlocked without a server. Keys are sealed.
type Account struct {
	ID         id.ID
	Email      string
	Origin     string // scheme, host and port of the server
	Generation uint32 // of the credentials
	Profile    string // name of the KDF profile, which pins it

	SealedAccountKey []byte // AK under KEK
	SealedIdentity   []byte // under AK

	Device           id.ID
	DeviceName       string
	SealedDeviceSeed []byte // under DSK, as the ones below
	SealedAnchor     []byte
	SealedSession    []byte // the tokens of the server's session; nil without one
}

// SealedVaultKey is the key of a vault in one epoch under the AK of its time.
type SealedVaultKey struct {
	Vault    id.ID
	Epoch    uint32
	Sealed   []byte
	Previous []byte // the key of the epoch before, under this one; nil in the first
}
