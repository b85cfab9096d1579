package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Change is a batch of entries with every sealed key that they name.
type Change struct {
	Entries        []chain.SignedEntry
	SealedAccount  []byte // with credentials
	SealedRecovery []byte // with credentials that list a new recovery sealing
	SealedIdentity []byte // with identity-rotate
	LookupTag      []byte // with credentials
	RecoveryTag    []byte // with a new recovery sealing
	Vaults         []SealedVault
	Wraps          []DeviceWrap
	Pairing        id.ID       // of an approval
	Proof          *FreshProof // but for a rename
}

// DeviceWrap is a wrap of the Secret Key for one device.
type DeviceWrap struct {
	Device id.ID
	chain.SignedWrap
}

// Challenge returns a nonce for a fresh proof.
func (a *Accounts) Challenge(ctx context.Context, c Caller) (Challenge, error) {
	return a.challenge(ctx, c.Account, forChange)
}

// Change appends a batch to the caller's account log and does what it says: all of it, or nothing. A batch that the log ends with is
// done already: its answer was lost. Errors: ErrInvalid, ErrBadEntry, ErrProofFailed, *SlowDown, *LogMoved, *HeadMoved of a vault in
// which a revoked device has written more, ErrDeviceUnlisted, ErrTaken, ErrNotFound of the pairing that an approval ends.
func (a *Accounts) Change(ctx context.Context, c Caller, in Change) error {
	b, err := readBatch(in.Entries)
	if err != nil {
		return err
	}
	var head uint64
	var ended []id.ID
	err = a.decide(ctx, func(tx Tx) (verdict, failure error) {
		head, ended = 0, nil
		failure = a.logs.with(tx, c.Account, func(log *chain.Log) (failure error) {
			if isHead(log, in.Entries...) {
				return nil
			}
			step := &changing{Accounts: a, tx: tx, caller: c, in: in, batch: b, log: log}
			verdict, failure = step.run()
			head, _ = log.Head()
			ended = step.ended
			return failure
		})
		return verdict, failure
	})
	if errors.Is(err, ErrExists) {
		return ErrTaken
	} else if err != nil || head == 0 {
		return err
	}
	for _, device := range ended {
		a.events.drop(c.Account, device)
	}
	a.outbox.nudge()
	a.events.wake(in.Pairing)
	a.events.publish(c.Account, Event{Seq: head, Notice: Notice{Devices: true, Pairing: b.approves()}})
	return nil
}

// changing is one change on its way through its transaction.
type changing struct {
	*Accounts
	tx      Tx
	caller  Caller
	in      Change
	batch   batch
	log     *chain.Log
	account Account
	self    Device
	pairing Pairing // of an approval
	ended   []id.ID // devices whose sessions are over
}

// run decides and does. Only a wrong proof is a verdict, which is kept; everything else rolls back.
func (s *changing) run() (verdict, failure error) {
	if failure = s.identify(); failure != nil {
		return nil, failure
	}
	if failure = s.meet(); failure != nil {
		return nil, failure
	}
	if failure = s.follows(); failure != nil {
		return nil, failure
	}
	if verdict, failure = s.prove(); verdict != nil || failure != nil {
		return verdict, failure
	}
	for _, do := range []func() error{s.checkKeys, s.extend, s.checkWraps, s.applyCredentials, s.applyDevices, s.store, s.tell} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// identify finds the caller as it stands now: a device of the log, or one that recovers.
func (s *changing) identify() (err error) {
	c := s.caller
	if s.account, err = ownAccount(s.tx, c); err != nil {
		return err
	}
	if c.Status != DeviceRecovering {
		if s.self, err = ownListed(s.tx, c); err != nil {
			return err
		}
		return s.batch.checkCaller(c, s.self.entry())
	}
	r, err := s.tx.Recovery(c.Account, c.Device)
	if errors.Is(err, ErrNone) || (err == nil && !r.ready(s.time())) {
		return ErrSessionEnded
	} else if err != nil {
		return err
	}
	s.self = r.row(c.Account, DeviceListed, s.time())
	return s.batch.checkCaller(c, s.self.entry())
}

// meet finds the pairing of an approval: this device has answered it, and lists who asked, exactly as it was introduced.
func (s *changing) meet() (err error) {
	if s.batch.approves() == s.in.Pairing.IsZero() {
		return invalid("an approval names its pairing, and nothing else does")
	}
	if !s.batch.approves() {
		return nil
	}
	if s.pairing, err = ownRow(s.tx, s.caller, s.in.Pairing); err != nil {
		return err
	}
	if s.pairing.state(s.time()) != wire.PairingAnswered || s.pairing.Approver != s.caller.Device {
		return ErrNotFound
	}
	asked := s.pairing.Device.entry()
	asked.Approver = s.caller.Device
	if *s.batch.add != asked {
		return badEntry(errors.New("an approval lists the new device, as it was introduced"))
	}
	return nil
}

// follows refuses a batch for another head before its proof is looked at: who lost a race is told so and need not have a nonce left.
func (s *changing) follows() error {
	head, _ := s.log.Head()
	err := s.log.Clone().Append(s.in.Entries[0])
	if errors.Is(err, chain.ErrEntryOrder) {
		return &LogMoved{Seq: head}
	} else if err != nil {
		return badEntry(err)
	}
	return nil
}

func (s *changing) prove() (verdict, failure error) {
	if s.batch.rename != nil {
		return nil, nil
	}
	if s.in.Proof == nil {
		return nil, ErrProofFailed
	}
	_, verdict, failure = s.fresh(s.tx, s.caller, *s.in.Proof, s.message(*s.in.Proof))
	return verdict, failure
}

// message is what the proof signs. That of an approval is bound to its pairing too, and is never one of another change.
func (s *changing) message(f FreshProof) []byte {
	batch := chain.BatchHash(s.in.Entries)
	if s.batch.approves() {
		return proof.Approval{
			Origin: s.origin, Account: s.caller.Account, Device: s.caller.Device, Nonce: f.Nonce, Expires: f.Expires,
			Pairing: s.pairing.ID, Commitment: s.pairing.Commitment, Batch: batch,
		}.Message()
	}
	return proof.AccountChange{
		Origin: s.origin, Account: s.caller.Account, Device: s.caller.Device, Nonce: f.Nonce, Expires: f.Expires, Batch: batch,
	}.Message()
}

// checkKeys demands exactly the sealed keys that the entries name: a log that names what nobody has locks the user out.
func (s *changing) checkKeys() error {
	if err := s.checkIdentity(); err != nil {
		return err
	}
	if err := s.checkVaults(); err != nil {
		return err
	}
	if s.batch.credentials == nil {
		if len(s.in.SealedAccount)+len(s.in.LookupTag)+len(s.in.SealedRecovery)+len(s.in.RecoveryTag) > 0 {
			return invalid("keys without credentials")
		}
		return nil
	}
	return checkCredentials(*s.batch.credentials, sealedCredentials{s.in.SealedAccount, s.in.SealedRecovery, s.in.LookupTag, s.in.RecoveryTag}, s.account)
}

func (s *changing) checkIdentity() error {
	if !s.batch.rotates() {
		if len(s.in.SealedIdentity) > 0 {
			return invalid("sealed identity without identity-rotate")
		}
		return nil
	}
	if err := checkSealedKey(s.in.SealedIdentity); err != nil {
		return err
	}
	if s.batch.identity.SealedIdentity != chain.SealedKeyHash(s.in.SealedIdentity) {
		return badEntry(errors.New("identity-rotate names another sealed identity"))
	}
	return nil
}

func (s *changing) checkVaults() error {
	if len(s.in.Vaults) != len(s.batch.epochs) {
		return invalid("%d vault keys for %d entries", len(s.in.Vaults), len(s.batch.epochs))
	}
	for i, e := range s.batch.epochs {
		v := s.in.Vaults[i]
		if err := errors.Join(checkSealedKey(v.Sealed), checkSealedKey(v.Previous)); err != nil {
			return err
		}
		if v.Vault != e.Vault || v.Epoch != e.Epoch || chain.SealedKeyHash(v.Sealed) != e.SealedKey || chain.SealedKeyHash(v.Previous) != e.Previous {
			return badEntry(errors.New("vault-epoch names another sealed vault key"))
		}
	}
	return nil
}

// extend appends the batch and checks what only the whole of it shows.
func (s *changing) extend() error {
	if err := extend(s.tx, s.log, s.in.Entries...); err != nil {
		return err
	}
	if err := s.batch.checkRotation(s.log); err != nil {
		return err
	}
	return s.batch.checkRevocations(s.tx, s.caller.Account)
}

// checkWraps demands a wrap for every other live device where the Secret Key is another from now on: without it the device could
// never be unlocked again where its user has no kit at hand. An approval has one for the new device.
func (s *changing) checkWraps() error {
	head, _ := s.log.Head()
	kind := chain.WrapChange
	if s.batch.approves() {
		kind = chain.WrapApproval
	}
	given := map[id.ID]bool{}
	for _, w := range s.in.Wraps {
		wrap, err := w.VerifyIn(s.log)
		if err != nil {
			return badEntry(err)
		}
		if wrap.Recipient != w.Device || wrap.Sender != s.caller.Device || wrap.LogSeq != head || wrap.Kind != kind || given[w.Device] {
			return badEntry(fmt.Errorf("wrap for device %s", w.Device))
		}
		given[w.Device] = true
	}
	switch {
	case s.batch.approves():
		if len(given) != 1 || !given[s.batch.add.Device] {
			return badEntry(errors.New("an approval without a wrap for the new device, or with others"))
		}
		return nil
	case s.batch.credentials == nil:
		if len(given) > 0 {
			return invalid("wraps without credentials")
		}
		return nil
	case bytes.Equal(s.in.LookupTag, s.account.LookupTag):
		return nil
	}
	for _, d := range s.log.Devices() {
		if d.Revoked == 0 && d.Device != s.caller.Device && !given[d.Device] {
			return badEntry(fmt.Errorf("a new Secret Key without a wrap for device %s", d.Device))
		}
	}
	return nil
}

// applyCredentials puts new credentials into force and ends what was begun under the old ones: devices that wait for a code or are
// not listed yet, recoveries, changes of address.
func (s *changing) applyCredentials() error {
	if s.batch.credentials == nil {
		return nil
	}
	c, a := s.batch.credentials, &s.account
	a.Generation, a.Profile, a.LoginKey, a.RecoveryKey = c.Generation, c.Profile, c.Login, c.Recovery
	a.SealedAccount, a.LookupTag = s.in.SealedAccount, s.in.LookupTag
	switch {
	case c.Recovery == (signing.PublicKey{}):
		a.SealedRecovery, a.RecoveryTag = nil, nil
	case len(s.in.SealedRecovery) > 0:
		a.SealedRecovery, a.RecoveryTag = s.in.SealedRecovery, s.in.RecoveryTag
	}
	if s.batch.rotates() {
		a.SealedIdentity = s.in.SealedIdentity
	}
	if err := s.tx.UpdateAccount(*a); err != nil {
		return err
	}
	if err := s.endRecoveries(); err != nil {
		return err
	}
	return errors.Join(s.tx.DeletePendingDevices(a.ID), s.tx.DeleteEmailChange(a.ID), s.dropUnlisted())
}

// endRecoveries leaves the session of a device that has just recovered: it is listed now.
func (s *changing) endRecoveries() error {
	if s.batch.add != nil {
		return s.tx.DeleteRecoveries(s.account.ID)
	}
	return endRecoveries(s.tx, s.account.ID)
}

func (s *changing) dropUnlisted() error {
	devices, err := s.tx.Devices(s.caller.Account)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if d.Status != DeviceVerified {
			continue
		}
		if err := errors.Join(s.endSessions(d.ID), s.tx.DeleteDevice(d.Account, d.ID)); err != nil {
			return err
		}
	}
	return nil
}

// endSessions ends those of a device; its streams end when the change is done.
func (s *changing) endSessions(device id.ID) error {
	s.ended = append(s.ended, device)
	return s.tx.DeleteDeviceSessions(s.caller.Account, device)
}

func (s *changing) applyDevices() error {
	account := s.caller.Account
	if s.batch.add != nil {
		added := s.self // recovers
		if s.batch.approves() {
			added = s.pairing.Device.row(account, DeviceListed, s.time())
		}
		if err := s.tx.InsertDevice(added); err != nil {
			return err
		}
	}
	if r := s.batch.rename; r != nil {
		return s.tx.RenameDevice(account, r.Device, r.Name)
	}
	for _, r := range s.batch.revoked {
		if err := errors.Join(s.tx.SetDeviceStatus(account, r.Device, DeviceRevoked), s.endSessions(r.Device)); err != nil {
			return err
		}
	}
	return nil
}

// store keeps the new vault keys and wraps. The wrap of an approval waits for the new device in its pairing.
func (s *changing) store() error {
	if s.batch.approves() {
		s.pairing.State, s.pairing.Wrap = wire.PairingApproved, s.in.Wraps[0].SignedWrap
		return s.tx.UpdatePairing(s.pairing)
	}
	for _, v := range s.in.Vaults {
		if err := s.tx.InsertSealedVault(s.caller.Account, v); err != nil {
			return err
		}
	}
	for _, w := range s.in.Wraps {
		if err := s.tx.PutWrap(s.caller.Account, w.Device, w.SignedWrap); err != nil {
			return err
		}
	}
	return nil
}

// tell mails the account's owner what was done, and from which device: a thief with an unlocked device cannot do it in silence.
func (s *changing) tell() error {
	if s.batch.rename != nil {
		return nil
	}
	if s.batch.approves() {
		d := s.pairing.Device
		return s.outbox.add(s.tx, Mail{
			To: s.account.Email, Language: s.account.language(s.pairing.Language), Kind: MailNewDevice,
			Device: d.Name, Platform: d.Platform, Time: s.time(), From: s.caller.From,
		})
	}
	kind := MailKeysChanged
	if s.batch.add != nil {
		kind = MailRecovered
	}
	if err := s.outbox.notice(s.tx, s.account, kind, s.self, s.caller.From); err != nil {
		return err
	}
	for _, r := range s.batch.revoked {
		d, err := s.tx.Device(s.caller.Account, r.Device)
		if err != nil {
			return err
		}
		if err := s.outbox.notice(s.tx, s.account, MailDeviceRemoved, d, s.caller.From); err != nil {
			return err
		}
	}
	return nil
}
