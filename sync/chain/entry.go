package chain

import (
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// EntryType names what an account log entry does (docs/protocol.md §5). A reader that meets a number it does not know refuses the
// log, since it cannot know what it must not ignore.
type EntryType uint8

// The entry types of version 1.
const (
	EntryGenesis        EntryType = 1
	EntryCredentials    EntryType = 2
	EntryDeviceAdd      EntryType = 3
	EntryDeviceRevoke   EntryType = 4
	EntryVaultEpoch     EntryType = 5
	EntryIdentityRotate EntryType = 6
	EntryEmailChange    EntryType = 7
	EntryServerRestore  EntryType = 8
	EntryDeviceRename   EntryType = 9
	EntrySignOut        EntryType = 10
)

const (
	maxEntry    = 16 << 10
	maxEntries  = 10_000
	keptEntries = 1_000 // the last of them, for all but what needs no fresh proof: renames, server-restores and sign-outs
)

type entry struct {
	Version uint                 `cbor:"1,keyasint"`
	Account id.ID                `cbor:"2,keyasint"`
	Seq     uint64               `cbor:"3,keyasint"`
	Prev    Hash                 `cbor:"4,keyasint"`
	Time    int64                `cbor:"5,keyasint"`
	Type    EntryType            `cbor:"6,keyasint"`
	Body    canonical.RawMessage `cbor:"7,keyasint"`
}

// Body is the content of an account log entry; its types are below, ServerRestore and SignOut.
type Body interface{ entryType() EntryType }

// ReceiveKey is an HPKE public key (MLKEM768X25519): 1184 bytes of ML-KEM-768, 32 of X25519. The zero key stands for none.
type ReceiveKey [1216]byte

// ReceiveKeyFrom copies a key of 1216 bytes; otherwise ErrMalformed.
func ReceiveKeyFrom(b []byte) (ReceiveKey, error) {
	if len(b) != len(ReceiveKey{}) {
		return ReceiveKey{}, fmt.Errorf("receive key of %d bytes: %w", len(b), ErrMalformed)
	}
	return ReceiveKey(b), nil
}

// Genesis begins an account: its public keys, and the hash of the sealed private ones.
type Genesis struct {
	Identity       signing.PublicKey `cbor:"1,keyasint"`
	Receive        ReceiveKey        `cbor:"2,keyasint"`
	SealedIdentity Hash              `cbor:"3,keyasint"`
}

// The types of sealing of the account key.
const (
	SealingPassword = "password" // under the master password and the Secret Key
	SealingRecovery = "recovery" // under the recovery code
)

// Credentials set how the account key is sealed from now on, and the keys that prove the knowledge to open it. Exactly one sealing
// is of type password. At most one is of type recovery; then Recovery is set, else it is zero.
type Credentials struct {
	Generation uint64            `cbor:"1,keyasint"`
	Profile    string            `cbor:"2,keyasint"`
	Login      signing.PublicKey `cbor:"3,keyasint"`
	Sealings   []Sealing         `cbor:"4,keyasint"`
	Recovery   signing.PublicKey `cbor:"5,keyasint,omitzero"` // the recovery login key
}

// Sealing lists one sealed copy of the account key.
type Sealing struct {
	Type string `cbor:"1,keyasint"`
	Hash Hash   `cbor:"2,keyasint"`
}

// Sealing returns the hash of the sealed account key of one type.
func (c Credentials) Sealing(kind string) (Hash, bool) {
	for _, s := range c.Sealings {
		if s.Type == kind {
			return s.Hash, true
		}
	}
	return Hash{}, false
}

// DeviceAdd lists a device from here on. Approver is the live device whose user let it in; zero where it has listed itself, with the
// emergency kit.
type DeviceAdd struct {
	Device   id.ID             `cbor:"1,keyasint"`
	Key      signing.PublicKey `cbor:"2,keyasint"`
	Name     string            `cbor:"3,keyasint"`
	Platform string            `cbor:"4,keyasint"`
	Receive  ReceiveKey        `cbor:"5,keyasint"`
	Approver id.ID             `cbor:"6,keyasint,omitzero"`
}

// DeviceRevoke ends a device. Last names the last commit of every vault of the account that is accepted from it, sorted by vault:
// the head up to which the revoking device has verified. Seq 0 with the zero hash accepts nothing.
type DeviceRevoke struct {
	Device id.ID       `cbor:"1,keyasint"`
	Last   []VaultHead `cbor:"2,keyasint"`
}

// DeviceRename gives a live device another name.
type DeviceRename struct {
	Device id.ID  `cbor:"1,keyasint"`
	Name   string `cbor:"2,keyasint"`
}

// VaultEpoch enters a vault key of the account. Previous is the hash of the key of the epoch before, sealed under this one; zero
// for the first epoch.
type VaultEpoch struct {
	Vault     id.ID  `cbor:"1,keyasint"`
	Epoch     uint32 `cbor:"2,keyasint"`
	SealedKey Hash   `cbor:"3,keyasint"`
	Previous  Hash   `cbor:"4,keyasint,omitzero"`
}

// IdentityRotate puts another identity into force, for the entries that follow. Log.NewIdentity makes one.
type IdentityRotate struct {
	Identity       signing.PublicKey `cbor:"1,keyasint"`
	Receive        ReceiveKey        `cbor:"2,keyasint"`
	SealedIdentity Hash              `cbor:"3,keyasint"`
	Signature      []byte            `cbor:"4,keyasint"` // by the new identity key, which so agrees to its place
}

// EmailChange says which address the account has from now on, in a form that tells nobody who does not know it.
type EmailChange struct {
	Email Hash `cbor:"1,keyasint"` // EmailHash
}

// EmailHash names an address in the account log. The address is normalised: trimmed and in lower case.
func EmailHash(account id.ID, email string) Hash {
	return canonical.Hash("coffer/v1/email", account, email)
}

func (Genesis) entryType() EntryType        { return EntryGenesis }
func (Credentials) entryType() EntryType    { return EntryCredentials }
func (DeviceAdd) entryType() EntryType      { return EntryDeviceAdd }
func (DeviceRevoke) entryType() EntryType   { return EntryDeviceRevoke }
func (VaultEpoch) entryType() EntryType     { return EntryVaultEpoch }
func (IdentityRotate) entryType() EntryType { return EntryIdentityRotate }
func (EmailChange) entryType() EntryType    { return EntryEmailChange }
func (DeviceRename) entryType() EntryType   { return EntryDeviceRename }

// decodeBody returns a pointer to the body's type.
func (e entry) decodeBody() (Body, error) {
	var body Body
	switch e.Type {
	case EntryGenesis:
		body = new(Genesis)
	case EntryCredentials:
		body = new(Credentials)
	case EntryDeviceAdd:
		body = new(DeviceAdd)
	case EntryDeviceRevoke:
		body = new(DeviceRevoke)
	case EntryVaultEpoch:
		body = new(VaultEpoch)
	case EntryIdentityRotate:
		body = new(IdentityRotate)
	case EntryEmailChange:
		body = new(EmailChange)
	case EntryServerRestore:
		body = new(ServerRestore)
	case EntryDeviceRename:
		body = new(DeviceRename)
	case EntrySignOut:
		body = new(SignOut)
	default:
		return nil, fmt.Errorf("entry %d of unknown type %d: %w", e.Seq, e.Type, ErrEntryBody)
	}
	return body, unmarshal("account log entry body", e.Body, maxEntry, body)
}

// ParseBody decodes the body of an entry without judging it: a pointer to one of the types above. Only a Log decides whether the
// entry is valid.
func ParseBody(signed SignedEntry) (Body, error) {
	var e entry
	if err := unmarshal("account log entry", signed.Entry, maxEntry, &e); err != nil {
		return nil, err
	}
	return e.decodeBody()
}

// BatchHash names a batch of entries, for the proof that goes with it.
func BatchHash(batch []SignedEntry) Hash {
	fields := make([]any, 0, 2*len(batch))
	for _, e := range batch {
		fields = append(fields, e.Entry, e.Signature)
	}
	return canonical.Hash("coffer/v1/batch", fields...)
}
