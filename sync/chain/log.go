package chain

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// SignedEntry is an account log entry as it travels.
type SignedEntry struct {
	Entry     []byte
	Signature []byte
}

// DeviceState is what the log says of a device. Name is its newest.
type DeviceState struct {
	DeviceAdd
	Added   uint64 // seq of its entry
	Revoked uint64 // seq of its revocation; 0 while live
	Time    int64  // of its entry, Unix ms by the adding device's clock
}

// Identity is the account's identity in force: who signs the log, and who receives for the account.
type Identity struct {
	Number  uint64 // 0 for the one of the genesis, then one more each time
	Key     signing.PublicKey
	Receive ReceiveKey
	Sealed  Hash // of the sealed private keys
}

// Log is a verified account log, from genesis to head. The zero Log is empty; Append only ever adds what verifies.
type Log struct {
	account     id.ID
	genesis     Genesis
	identity    Identity
	hashes      []Hash
	entries     []SignedEntry
	credentials Credentials
	stale       bool // the account key was rotated, and the credentials in force seal the one before
	revoking    bool // a device was revoked that still knows the identity in force
	email       Hash
	devices     map[id.ID]*DeviceState
	order       []id.ID
	keys        map[signing.PublicKey]bool
	last        map[id.ID]map[id.ID]Head // by revoked device and vault: the last commit that is accepted
	epochs      map[id.ID][]epochEntry   // by vault, oldest first
	restored    []Restored
	signOuts    []signOutEntry
}

type epochEntry struct {
	VaultEpoch
	seq uint64
}

// The ways in which an entry can break the log.
var (
	ErrEntryOrder = errors.New("account log entry does not follow the head")
	ErrEntryBody  = errors.New("account log entry breaks a rule of the log")
)

// NewLog returns the empty log of an account.
func NewLog(account id.ID) *Log {
	return &Log{
		account: account, devices: map[id.ID]*DeviceState{}, keys: map[signing.PublicKey]bool{},
		last: map[id.ID]map[id.ID]Head{}, epochs: map[id.ID][]epochEntry{},
	}
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

// Clone returns a log of its own with the same entries.
func (l *Log) Clone() *Log {
	c := *l
	c.hashes, c.entries, c.order, c.restored = slices.Clone(l.hashes), slices.Clone(l.entries), slices.Clone(l.order), slices.Clone(l.restored)
	c.signOuts = slices.Clone(l.signOuts)
	c.keys, c.epochs, c.last = maps.Clone(l.keys), maps.Clone(l.epochs), maps.Clone(l.last)
	c.devices = make(map[id.ID]*DeviceState, len(l.devices))
	for device, state := range l.devices {
		copied := *state
		c.devices[device] = &copied
	}
	for vault, epochs := range c.epochs {
		c.epochs[vault] = slices.Clone(epochs)
	}
	for device, last := range c.last {
		c.last[device] = maps.Clone(last)
	}
	return &c
}

// NewIdentity is the entry that puts another identity into force, for the place after the head.
func (l *Log) NewIdentity(key signing.PrivateKey, receive ReceiveKey, sealed Hash) IdentityRotate {
	r := IdentityRotate{Identity: key.Public(), Receive: receive, SealedIdentity: sealed}
	_, prev := l.Head()
	r.Signature = key.Sign(signing.IdentityRotate, r.message(l.account, uint64(l.Len()), prev))
	return r
}

// message binds the new identity to its account and its place in the log.
func (r IdentityRotate) message(account id.ID, seq uint64, prev Hash) []byte {
	return canonical.Concat(account, seq, prev[:], r.Identity[:], r.Receive[:], r.SealedIdentity[:])
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

// AppendAll adds a batch of entries: all of them, or none and the error of the first that does not verify.
func (l *Log) AppendAll(batch []SignedEntry) error {
	next := l.Clone()
	for _, e := range batch {
		if err := next.Append(e); err != nil {
			return err
		}
	}
	*l = *next
	return nil
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
	_, l.revoking = body.(*DeviceRevoke)
	l.hashes = append(l.hashes, canonical.Hash("coffer/v1/log-entry", s.Entry))
	l.entries = append(l.entries, s)
	return nil
}

// signer is the identity in force; the genesis is signed by the identity that it brings.
func (l *Log) signer(body Body) signing.PublicKey {
	if g, ok := body.(*Genesis); ok && l.Len() == 0 {
		return g.Identity
	}
	return l.identity.Key
}

func (l *Log) apply(e entry, body Body) error {
	if err := l.inPlace(e, body); err != nil {
		return err
	}
	switch b := body.(type) {
	case *Genesis:
		return l.begin(*b)
	case *Credentials:
		return l.setCredentials(*b)
	case *DeviceAdd:
		return l.addDevice(e, *b)
	case *DeviceRevoke:
		return l.revokeDevice(e, *b)
	case *VaultEpoch:
		return l.setEpoch(e, *b)
	case *IdentityRotate:
		return l.rotateIdentity(e, *b)
	case *EmailChange:
		l.email = b.Email
	case *ServerRestore:
		return l.restore(e, *b)
	case *DeviceRename:
		return l.renameDevice(*b)
	case *SignOut:
		return l.signOut(e, *b)
	}
	return nil
}

// inPlace tells whether an entry of this type may come next. A revoked device can sign for the identity until that is rotated: a
// server that cuts the batch there must not let it go on. And what needs no fresh proof must not fill the log, or nobody could revoke.
func (l *Log) inPlace(e entry, body Body) error {
	_, genesis := body.(*Genesis)
	_, revokes := body.(*DeviceRevoke)
	_, rotates := body.(*IdentityRotate)
	_, renames := body.(*DeviceRename)
	_, restores := body.(*ServerRestore)
	_, signsOut := body.(*SignOut)
	switch {
	case genesis != (e.Seq == 0):
		return fmt.Errorf("a genesis comes first, and once: %w", ErrEntryBody)
	case l.revoking && !revokes && !rotates:
		return fmt.Errorf("a revocation without the rotation that follows it: %w", ErrEntryBody)
	case (renames || restores || signsOut) && e.Seq >= maxEntries-keptEntries:
		return fmt.Errorf("the log's last places are kept for changes of its keys: %w", ErrEntryBody)
	}
	return nil
}

func (l *Log) begin(g Genesis) error {
	l.genesis = g
	l.identity = Identity{Key: g.Identity, Receive: g.Receive, Sealed: g.SealedIdentity}
	return l.useKey(g.Identity)
}

// useKey keeps every public key to one role and one holder.
func (l *Log) useKey(key signing.PublicKey) error {
	if l.keys[key] {
		return fmt.Errorf("key entered twice: %w", ErrEntryBody)
	}
	l.keys[key] = true
	return nil
}

func (l *Log) setCredentials(c Credentials) error {
	if c.Generation != l.credentials.Generation+1 {
		return fmt.Errorf("credentials of generation %d after %d: %w", c.Generation, l.credentials.Generation, ErrEntryBody)
	}
	password, hasPassword := c.Sealing(SealingPassword)
	recovery, hasRecovery := c.Sealing(SealingRecovery)
	sealings := 1
	if hasRecovery {
		sealings++
	}
	if !hasPassword || hasRecovery == (c.Recovery == signing.PublicKey{}) || len(c.Sealings) != sealings {
		return fmt.Errorf("credentials with sealings of other types: %w", ErrEntryBody)
	}
	if before, _ := l.credentials.Sealing(SealingPassword); password == before {
		return fmt.Errorf("credentials with the sealing of the ones before: %w", ErrEntryBody)
	}
	// A recovery code goes with its sealing, and both end with the account key that is sealed.
	before, _ := l.credentials.Sealing(SealingRecovery)
	if hasRecovery && ((recovery == before) != (c.Recovery == l.credentials.Recovery) || recovery == before && l.stale) {
		return fmt.Errorf("credentials with a recovery sealing that is not theirs: %w", ErrEntryBody)
	}
	l.credentials, l.stale = c, false
	return nil
}

func (l *Log) addDevice(e entry, d DeviceAdd) error {
	if l.devices[d.Device] != nil {
		return fmt.Errorf("device entered twice: %w", ErrEntryBody)
	}
	if _, live := l.LiveDevice(d.Approver, e.Seq); !live && !d.Approver.IsZero() {
		return fmt.Errorf("device approved by one that is not live: %w", ErrEntryBody)
	}
	if err := l.useKey(d.Key); err != nil {
		return err
	}
	l.devices[d.Device] = &DeviceState{DeviceAdd: d, Added: e.Seq, Time: e.Time}
	l.order = append(l.order, d.Device)
	return nil
}

func (l *Log) revokeDevice(e entry, r DeviceRevoke) error {
	d := l.devices[r.Device]
	if d == nil || d.Revoked != 0 {
		return fmt.Errorf("revocation of a device that is not live: %w", ErrEntryBody)
	}
	last := make(map[id.ID]Head, len(r.Last))
	for i, head := range r.Last {
		if i > 0 && bytes.Compare(r.Last[i-1].Vault[:], head.Vault[:]) >= 0 || len(l.epochs[head.Vault]) == 0 || (head.Seq == 0) != head.Hash.IsZero() {
			return fmt.Errorf("revocation with a wrong list of last commits: %w", ErrEntryBody)
		}
		last[head.Vault] = Head{Seq: head.Seq, Hash: head.Hash}
	}
	if len(last) != len(l.epochs) {
		return fmt.Errorf("revocation that leaves a vault out: %w", ErrEntryBody)
	}
	d.Revoked, l.last[r.Device] = e.Seq, last
	return nil
}

func (l *Log) renameDevice(r DeviceRename) error {
	d := l.devices[r.Device]
	if d == nil || d.Revoked != 0 {
		return fmt.Errorf("another name for a device that is not live: %w", ErrEntryBody)
	}
	d.Name = r.Name
	return nil
}

func (l *Log) setEpoch(e entry, v VaultEpoch) error {
	epochs := l.epochs[v.Vault]
	if uint64(v.Epoch) != uint64(len(epochs))+1 || (v.Epoch == 1) != v.Previous.IsZero() {
		return fmt.Errorf("vault epoch %d after %d: %w", v.Epoch, len(epochs), ErrEntryBody)
	}
	l.epochs[v.Vault] = append(epochs, epochEntry{v, e.Seq})
	return nil
}

func (l *Log) rotateIdentity(e entry, r IdentityRotate) error {
	if err := r.Identity.Verify(signing.IdentityRotate, r.message(l.account, e.Seq, e.Prev), r.Signature); err != nil {
		return fmt.Errorf("new identity: %w", err)
	}
	if err := l.useKey(r.Identity); err != nil {
		return err
	}
	l.identity = Identity{Number: l.identity.Number + 1, Key: r.Identity, Receive: r.Receive, Sealed: r.SealedIdentity}
	l.stale = true
	return nil
}

// Revoking tells whether the log ends between a revocation and the rotation that follows it.
func (l *Log) Revoking() bool { return l.revoking }

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

// Identity returns the identity in force.
func (l *Log) Identity() Identity { return l.identity }

// Email returns the EmailHash of the account's address; zero where it was never changed, since only a change is entered.
func (l *Log) Email() Hash { return l.email }

// Epoch returns the newest key epoch of a vault.
func (l *Log) Epoch(vault id.ID) (VaultEpoch, bool) {
	head, _ := l.Head()
	return l.EpochAt(vault, head)
}

// EpochAt returns the newest key epoch of a vault at the entry seq: the epoch that a commit made there has.
func (l *Log) EpochAt(vault id.ID, seq uint64) (VaultEpoch, bool) {
	for _, e := range slices.Backward(l.epochs[vault]) {
		if e.seq <= seq {
			return e.VaultEpoch, true
		}
	}
	return VaultEpoch{}, false
}

// Epochs returns all key epochs of a vault, oldest first.
func (l *Log) Epochs(vault id.ID) []VaultEpoch {
	all := make([]VaultEpoch, len(l.epochs[vault]))
	for i, e := range l.epochs[vault] {
		all[i] = e.VaultEpoch
	}
	return all
}

// Vaults returns the ids of all vaults that the log has a key for, sorted.
func (l *Log) Vaults() []id.ID {
	return slices.SortedFunc(maps.Keys(l.epochs), func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
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

// Writer returns the key of a device that may have written commit seq of a vault at the entry logSeq. A revoked device may have
// written what its revocation accepts and nothing after, whatever place in the log its commits claim.
func (l *Log) Writer(device, vault id.ID, seq, logSeq uint64) (signing.PublicKey, bool) {
	key, live := l.LiveDevice(device, logSeq)
	if last, revoked := l.last[device]; revoked && seq > last[vault].Seq {
		return signing.PublicKey{}, false
	}
	return key, live
}

// Accepts tells whether the revocations in the log leave a commit in its place that was verified before they were known.
func (l *Log) Accepts(c Commit, hash Hash) bool {
	_, ok := l.Writer(c.Device, c.Vault, c.Seq, c.LogSeq)
	return ok && l.named(c.Vault, Head{Seq: c.Seq, Hash: hash})
}

// Floor returns the newest commit of a vault that a revocation names: every chain has it, and no head is before it.
func (l *Log) Floor(vault id.ID) Head {
	var floor Head
	for _, last := range l.last {
		if last[vault].Seq > floor.Seq {
			floor = last[vault]
		}
	}
	return floor
}

// named tells whether the revocations allow a commit at its place in the chain.
func (l *Log) named(vault id.ID, at Head) bool {
	for _, last := range l.last {
		if last[vault].Seq == at.Seq && last[vault].Hash != at.Hash {
			return false
		}
	}
	return true
}
