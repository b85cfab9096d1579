package chain

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// EntryType names what an account log entry does. The numbers after VaultEpoch are reserved (docs/protocol.md §5): a reader that
// meets one refuses the log, since it cannot know what it must not ignore.
type EntryType uint8

// The entry types of version 1.
const (
	EntryGenesis      EntryType = 1
	EntryCredentials  EntryType = 2
	EntryDeviceAdd    EntryType = 3
	EntryDeviceRevoke EntryType = 4
	EntryVaultEpoch   EntryType = 5

	EntryServerRestore EntryType = 8
)

const (
	maxEntry   = 16 << 10
	maxEntries = 10_000
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

// Body is the content of an account log entry; its types are below.
type Body interface{ entryType() EntryType }

// Genesis begins an account: its public keys, and the hash of the sealed private ones.
type Genesis struct {
	Identity       signing.PublicKey `cbor:"1,keyasint"`
	Receive        []byte            `cbor:"2,keyasint"` // HPKE public key, MLKEM768X25519
	SealedIdentity Hash              `cbor:"3,keyasint"`
}

// SealingPassword is the type of the account key's sealing under the master password and the Secret Key.
const SealingPassword = "password"

// Credentials set how the account key is sealed from now on.
type Credentials struct {
	Generation uint64            `cbor:"1,keyasint"`
	Profile    string            `cbor:"2,keyasint"`
	Login      signing.PublicKey `cbor:"3,keyasint"`
	Sealings   []Sealing         `cbor:"4,keyasint"`
}

// Sealing lists one sealed copy of the account key.
type Sealing struct {
	Type string `cbor:"1,keyasint"`
	Hash Hash   `cbor:"2,keyasint"`
}

// DeviceAdd lists a device from here on.
type DeviceAdd struct {
	Device   id.ID             `cbor:"1,keyasint"`
	Key      signing.PublicKey `cbor:"2,keyasint"`
	Name     string            `cbor:"3,keyasint"`
	Platform string            `cbor:"4,keyasint"`
}

// DeviceRevoke ends a device.
type DeviceRevoke struct {
	Device id.ID `cbor:"1,keyasint"`
}

// VaultEpoch enters a vault key of the account.
type VaultEpoch struct {
	Vault     id.ID  `cbor:"1,keyasint"`
	Epoch     uint32 `cbor:"2,keyasint"`
	SealedKey Hash   `cbor:"3,keyasint"`
}

func (Genesis) entryType() EntryType      { return EntryGenesis }
func (Credentials) entryType() EntryType  { return EntryCredentials }
func (DeviceAdd) entryType() EntryType    { return EntryDeviceAdd }
func (DeviceRevoke) entryType() EntryType { return EntryDeviceRevoke }
func (VaultEpoch) entryType() EntryType   { return EntryVaultEpoch }

// SignedEntry is an account log entry as it travels.
type SignedEntry struct {
	Entry     []byte
	Signature []byte
}

// DeviceState is what the log says of a device.
type DeviceState struct {
	DeviceAdd
	Added   uint64 // seq of its entry
	Revoked uint64 // seq of its revocation; 0 while live
	Time    int64  // of its entry, Unix ms by the adding device's clock
}

// Log is a verified account log, from genesis to head. The zero Log is empty; Append only ever adds what verifies.
type Log struct {
	account     id.ID
	genesis     Genesis
	hashes      []Hash
	entries     []SignedEntry
	credentials Credentials
	devices     map[id.ID]*DeviceState
	order       []id.ID
	keys        map[signing.PublicKey]bool
	vaults      map[id.ID]VaultEpoch
	restored    []Restored
}

// The ways in which an entry can break the log.
var (
	ErrEntryOrder = errors.New("account log entry does not follow the head")
	ErrEntryBody  = errors.New("account log entry breaks a rule of the log")
)

// NewLog returns the empty log of an account.
func NewLog(account id.ID) *Log {
	return &Log{account: account, devices: map[id.ID]*DeviceState{}, keys: map[signing.PublicKey]bool{}, vaults: map[id.ID]VaultEpoch{}}
}

// ReadLog verifies a log from genesis. Whether its genesis is the account's own is for the caller to decide (docs/protocol.md §5).
func ReadLog(account id.ID, entries []SignedEntry) (*Log, error) {
	log := NewLog(account)
	for _, e := range entries {
		if err := log.Append(e); err != nil {
			return nil, err
		}
	}
	if log.Len() == 0 {
		return nil, fmt.Errorf("account log without a genesis: %w", ErrEntryOrder)
	}
	return log, nil
}

// Next builds and signs the entry that would follow the head, without appending it. now is Unix ms.
func (l *Log) Next(identity signing.PrivateKey, now int64, body Body) (SignedEntry, error) {
	raw, err := canonical.Marshal(body)
	if err != nil {
		return SignedEntry{}, fmt.Errorf("encode account log entry: %w", err)
	}
	e := entry{Version: version, Account: l.account, Seq: uint64(l.Len()), Time: now, Type: body.entryType(), Body: raw}
	_, e.Prev = l.Head()
	b, err := canonical.Marshal(e)
	if err != nil {
		return SignedEntry{}, fmt.Errorf("encode account log entry: %w", err)
	}
	return SignedEntry{Entry: b, Signature: identity.Sign(signing.AccountLog, b)}, nil
}

// Append verifies one entry against the head and adds it. The error wraps ErrMalformed, ErrEntryOrder, ErrEntryBody or
// signing.ErrSignature; the log is then as before.
func (l *Log) Append(s SignedEntry) error {
	var e entry
	if err := unmarshal("account log entry", s.Entry, maxEntry, &e); err != nil {
		return err
	}
	_, prev := l.Head()
	if e.Version != version || e.Account != l.account || e.Seq != uint64(l.Len()) || e.Prev != prev || l.Len() >= maxEntries {
		return fmt.Errorf("entry %d: %w", e.Seq, ErrEntryOrder)
	}
	body, err := e.decodeBody()
	if err != nil {
		return err
	}
	if err := l.signer(body).Verify(signing.AccountLog, s.Entry, s.Signature); err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	if err := l.apply(e, body); err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	l.hashes = append(l.hashes, canonical.Hash("coffer/v1/log-entry", s.Entry))
	l.entries = append(l.entries, s)
	return nil
}

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
	case EntryServerRestore:
		body = new(ServerRestore)
	default:
		return nil, fmt.Errorf("entry %d of unknown type %d: %w", e.Seq, e.Type, ErrEntryBody)
	}
	return body, unmarshal("account log entry body", e.Body, maxEntry, body)
}

// signer is the identity in force; the genesis is signed by the identity that it brings.
func (l *Log) signer(body Body) signing.PublicKey {
	if g, ok := body.(*Genesis); ok && l.Len() == 0 {
		return g.Identity
	}
	return l.genesis.Identity
}

func (l *Log) apply(e entry, body Body) error {
	if _, genesis := body.(*Genesis); genesis != (e.Seq == 0) {
		return fmt.Errorf("a genesis comes first, and once: %w", ErrEntryBody)
	}
	switch b := body.(type) {
	case *Genesis:
		l.genesis = *b
	case *Credentials:
		return l.setCredentials(*b)
	case *DeviceAdd:
		return l.addDevice(e, *b)
	case *DeviceRevoke:
		return l.revokeDevice(e, b.Device)
	case *VaultEpoch:
		return l.setEpoch(*b)
	case *ServerRestore:
		return l.restore(e, *b)
	}
	return nil
}

func (l *Log) setCredentials(c Credentials) error {
	if c.Generation != l.credentials.Generation+1 || len(c.Sealings) == 0 {
		return fmt.Errorf("credentials of generation %d after %d: %w", c.Generation, l.credentials.Generation, ErrEntryBody)
	}
	l.credentials = c
	return nil
}

func (l *Log) addDevice(e entry, d DeviceAdd) error {
	if l.devices[d.Device] != nil || l.keys[d.Key] {
		return fmt.Errorf("device or key entered twice: %w", ErrEntryBody)
	}
	l.devices[d.Device] = &DeviceState{DeviceAdd: d, Added: e.Seq, Time: e.Time}
	l.order = append(l.order, d.Device)
	l.keys[d.Key] = true
	return nil
}

func (l *Log) revokeDevice(e entry, device id.ID) error {
	d := l.devices[device]
	if d == nil || d.Revoked != 0 {
		return fmt.Errorf("revocation of a device that is not live: %w", ErrEntryBody)
	}
	d.Revoked = e.Seq
	return nil
}

func (l *Log) setEpoch(v VaultEpoch) error {
	if v.Epoch != l.vaults[v.Vault].Epoch+1 {
		return fmt.Errorf("vault epoch %d after %d: %w", v.Epoch, l.vaults[v.Vault].Epoch, ErrEntryBody)
	}
	l.vaults[v.Vault] = v
	return nil
}

// Len is the number of entries.
func (l *Log) Len() int { return len(l.hashes) }

// Account is the log's account.
func (l *Log) Account() id.ID { return l.account }

// Head returns seq and hash of the last entry; of an empty log zeros, so check Len.
func (l *Log) Head() (seq uint64, hash Hash) {
	if len(l.hashes) == 0 {
		return 0, Hash{}
	}
	return uint64(len(l.hashes) - 1), l.hashes[len(l.hashes)-1]
}

// HashAt returns the hash of the entry at seq.
func (l *Log) HashAt(seq uint64) (Hash, bool) {
	if seq >= uint64(len(l.hashes)) {
		return Hash{}, false
	}
	return l.hashes[seq], true
}

// Entries returns the entries after seq, as they came; Entries(-1) is the whole log.
func (l *Log) Entries(after int64) []SignedEntry {
	if after < -1 || after >= int64(len(l.entries)) {
		return nil
	}
	return l.entries[after+1:]
}

// Genesis returns the account's public keys.
func (l *Log) Genesis() Genesis { return l.genesis }

// Credentials returns the credentials in force; its Generation is 0 where the log has none.
func (l *Log) Credentials() Credentials { return l.credentials }

// Epoch returns the newest key epoch of a vault.
func (l *Log) Epoch(vault id.ID) (VaultEpoch, bool) {
	v, ok := l.vaults[vault]
	return v, ok
}

// Vaults returns the ids of all vaults that the log has a key for.
func (l *Log) Vaults() []id.ID {
	ids := make([]id.ID, 0, len(l.vaults))
	for v := range l.vaults {
		ids = append(ids, v)
	}
	return ids
}

// Devices returns all devices in the order of their entries, revoked ones included.
func (l *Log) Devices() []DeviceState {
	all := make([]DeviceState, 0, len(l.order))
	for _, d := range l.order {
		all = append(all, *l.devices[d])
	}
	return all
}

// LiveDevice returns the key of a device that is live at the entry seq.
func (l *Log) LiveDevice(device id.ID, seq uint64) (signing.PublicKey, bool) {
	d := l.devices[device]
	if d == nil || d.Added > seq || (d.Revoked != 0 && d.Revoked <= seq) {
		return signing.PublicKey{}, false
	}
	return d.Key, true
}
