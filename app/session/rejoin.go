package session

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Rejoin is the way out where the server's account log is not the one that this device has verified: entries are missing that nobody can
// enter again, as after a restored backup, or others stand in their place (docs/adr/0007). The device signs in like a new one, with the
// password and Secret Key of the server's state, shows what would be undone, and only after a yes to that very log makes it its own.
// Everything that is here stays, as edits; devices that were removed here, and are back there, are removed again before anything is sent.
// It is the way back, too, of a device that was removed: what it has and nobody else is not lost with its place in the account.
//
//	BeginRejoin → Verify (if the server does not know this device) → Compare → Finish
type Rejoin struct {
	u        *Unlocked
	signIn   *SignIn
	password secret.Bytes // to remove devices again

	bundle  enrol.Bundle
	account *enrol.Account
}

// LogDifference is how the account differs at the server from the one here, for the user to decide by.
// Where nothing would be undone or removed, the server's account is the one here and what has happened since.
type LogDifference struct {
	Behind bool       // all that is there is known here: the server went back
	Undone []LogEvent // done here, and not at the server
	Done   []LogEvent // done at the server, and not here
	Again  []Device   // removed here, and back there: they are removed again

	head chain.Hash
}

// Decides tells whether there is anything for the user to decide: whether something would be undone, or removed once more.
func (d LogDifference) Decides() bool { return len(d.Undone)+len(d.Again) > 0 }

// LogEvent is a change of the account, as far as its user cares.
type LogEvent struct {
	What   LogEventKind
	Device string // name, for a device
}

// LogEventKind says what happened.
type LogEventKind int

// The kinds of event.
const (
	KeysReplaced LogEventKind = iota
	DeviceCame
	DeviceRemoved
	AddressReplaced
)

// BeginRejoin proves password and Secret Key to the server; secretKey and email are empty for those in use. A device that was removed comes
// back as another one: the server mails a code. It changes nothing. Errors as of BeginSignIn, but for ErrAlreadyHere.
func (u *Unlocked) BeginRejoin(ctx context.Context, password secret.Bytes, secretKey, email string) (*Rejoin, error) {
	if !u.begin() {
		return nil, ErrLocked
	}
	defer u.work.Done()
	s, err := u.signInAgain(secretKey, email)
	if err != nil {
		return nil, err
	}
	if err := s.proveKnown(ctx, password, u.current().bundle.Profile); err != nil {
		s.wipe()
		return nil, err
	}
	return &Rejoin{u: u, signIn: s, password: password.Clone()}, nil
}

// signInAgain is a sign-in with this device's own key, in a copy: it is wiped in the end.
func (u *Unlocked) signInAgain(secretKey, email string) (*SignIn, error) {
	own := u.current()
	client, err := u.m.client(own.origin)
	if err != nil {
		return nil, err
	}
	s := &SignIn{m: u.m, client: client, email: own.email, account: own.bundle.Account, device: own.device}
	if email != "" {
		s.email = normalizeEmail(email)
	}
	s.device.Name = u.Device()
	if s.device.Key, err = takeSeed(own.device.Key.Seed()); err != nil {
		return nil, err
	}
	if secretKey == "" {
		s.secretKey, err = keys.SecretKeyFromBytes(own.secretKey.Bytes())
	} else {
		s.secretKey, err = keys.ParseSecretKey(secretKey)
	}
	if err != nil {
		s.wipe()
		return nil, fromKeys(err)
	}
	return s, nil
}

// proveKnown proves keys of at least the profile that is in use.
func (s *SignIn) proveKnown(ctx context.Context, password secret.Bytes, profile string) error {
	pinned, err := kdf.Check(profile, kdf.P1)
	if err != nil {
		return fromKeys(err)
	}
	if err := s.deriveKnown(ctx, password, pinned); err != nil {
		return err
	}
	if err = s.prove(ctx); !errors.Is(err, ErrDeviceRevoked) {
		return err
	}
	s.device.Key.Wipe()
	s.device = enrol.NewDevice(s.device.Name, s.device.Platform)
	return s.prove(ctx)
}

// CodeNeeded tells whether the server waits for the mailed code: it does not know this device.
func (r *Rejoin) CodeNeeded() bool { return r.signIn.CodeNeeded() }

// Verify gives the mailed code. Errors as of SignIn.Verify.
func (r *Rejoin) Verify(ctx context.Context, code string) error { return r.signIn.Verify(ctx, code) }

// Resend asks for another code; the one before is void.
func (r *Rejoin) Resend(ctx context.Context) error { return r.signIn.Resend(ctx) }

// Mail returns how to ask for the mail of the newest code, as of SignIn.Mail.
func (r *Rejoin) Mail() func(context.Context) (MailState, error) { return r.signIn.Mail() }

// Compare fetches the server's account, proves it as a new device does, and says how it differs. Errors: ErrDishonestServer, ErrOffline.
func (r *Rejoin) Compare(ctx context.Context) (LogDifference, error) {
	if r.CodeNeeded() {
		return LogDifference{}, errors.New("compare accounts: no code was given yet")
	}
	bundle, account, err := r.signIn.openBundle(ctx, r.signIn.remote())
	if err != nil {
		return LogDifference{}, err
	}
	r.forget()
	r.bundle, r.account = bundle, account
	return r.difference(), nil
}

func (r *Rejoin) forget() {
	if r.account != nil {
		r.account.Wipe()
	}
	r.account = nil
}

func (r *Rejoin) difference() LogDifference {
	here, there := r.u.roster.read(), r.account.Log
	common := commonLength(here, there)
	d := LogDifference{Behind: common == uint64(there.Len()), Undone: events(here, common), Done: events(there, common)}
	_, d.head = there.Head()
	removed := map[id.ID]bool{}
	for _, device := range here.Devices() {
		removed[device.Device] = device.Revoked != 0
	}
	for _, device := range there.Devices() {
		if device.Revoked == 0 && removed[device.Device] {
			d.Again = append(d.Again, Device{ID: device.Device, Name: device.Name, Platform: device.Platform})
		}
	}
	return d
}

// commonLength is the number of entries with which both logs begin.
func commonLength(a, b *chain.Log) uint64 {
	for seq := uint64(0); ; seq++ {
		x, inA := a.HashAt(seq)
		y, inB := b.HashAt(seq)
		if !inA || !inB || x != y {
			return seq
		}
	}
}

// events are what happened in a log from a place on. What belongs to one change of keys counts once.
func events(log *chain.Log, from uint64) []LogEvent {
	names := map[id.ID]string{}
	for _, d := range log.Devices() {
		names[d.Device] = d.Name
	}
	var all []LogEvent
	for _, entry := range log.Entries(int64(from) - 1) {
		body, err := chain.ParseBody(entry)
		if err != nil {
			continue // not in a log that was verified
		}
		switch b := body.(type) {
		case *chain.Credentials:
			all = append(all, LogEvent{What: KeysReplaced})
		case *chain.DeviceAdd:
			all = append(all, LogEvent{What: DeviceCame, Device: names[b.Device]})
		case *chain.DeviceRevoke:
			all = append(all, LogEvent{What: DeviceRemoved, Device: names[b.Device]})
		case *chain.EmailChange:
			all = append(all, LogEvent{What: AddressReplaced})
		}
	}
	return all
}

// Finish makes the server's account this device's, as it was seen; what is here and differs waits for the server as edits. It returns the
// account as it is open now: the one before is locked. Where devices could not be removed again, the error says so beside the open account.
// After another error nothing here is changed, and Compare may follow. Errors: ErrChangeLost if the server shows another account than the
// one that was seen, and those of Unlocked.Adopt and Change.
func (r *Rejoin) Finish(ctx context.Context, seen LogDifference, progress func(done, total int)) (*Unlocked, Reloaded, error) {
	if r.account == nil || seen.head != headHash(r.account.Log) {
		return nil, Reloaded{}, ErrChangeLost
	}
	if len(seen.Again) > 0 { // a rotation follows, which needs a keyring
		own := r.u.current()
		if _, err := r.u.m.cfg.Keyring.Load(ctx, own.origin, own.bundle.Account); err != nil {
			return nil, Reloaded{}, fromKeyring(err)
		}
	}
	if err := r.signIn.enterDevice(ctx, r.signIn.remote(), r.account); err != nil {
		return nil, Reloaded{}, err
	}
	r.bundle.Log = r.account.Log.Entries(-1)
	r.signIn.anchor = r.u.current().anchor.Clone()
	own, err := r.signIn.ownAccount(r.bundle, r.account)
	if err != nil {
		return nil, Reloaded{}, err
	}
	var result Reloaded
	err = r.u.withSync(ctx, func(ctx context.Context) (err error) {
		result, err = r.replace(ctx, own, progress)
		return err
	})
	if err != nil {
		return nil, Reloaded{}, err
	}
	r.account = nil // it is in use from here on
	r.u.Lock()
	opened, err := r.reopen(ctx, own, seen.Again)
	return opened, result, err
}

func headHash(log *chain.Log) chain.Hash {
	_, hash := log.Head()
	return hash
}

// replace puts the server's account into the file, in one transaction. Nothing is written meanwhile under the keys before.
func (r *Rejoin) replace(ctx context.Context, own ownAccount, progress func(done, total int)) (Reloaded, error) {
	u, before := r.u, r.u.current()
	u.vault.Freeze(true)
	defer u.vault.Freeze(u.Status().Notices.Confirm)
	path, err := u.m.keepCopy(ctx, u.store, before.bundle.Account)
	if err != nil {
		return Reloaded{}, err
	}
	contents, err := own.contents()
	if err != nil {
		return Reloaded{}, err
	}
	if contents.Locals, err = r.locals(own); err != nil {
		return Reloaded{}, err
	}
	if err := r.announce(ctx, before, own); err != nil {
		return Reloaded{}, err
	}
	mending := &mendingStore{Store: u.store, contents: contents, mac: own.mac}
	v := before.account.Vault
	former := append(earlierKeys(v), vault.EpochKey{Epoch: v.Epoch, Key: v.Key})
	opened, err := u.m.openVault(ctx, own, mending, former)
	if err != nil {
		return Reloaded{}, err
	}
	defer opened.Close()
	e := u.m.newEngine(own, r.signIn.remote(), opened)
	d, err := e.Compare(ctx, nil)
	if err != nil {
		return Reloaded{}, err
	}
	if d.Common != d.Pinned.Head {
		if err := r.restoreEntry(ctx, own, d); err != nil {
			return Reloaded{}, err
		}
	}
	mending.ready = true
	adopted, err := e.Adopt(ctx, d.Server.Head, false, progress)
	return reloaded(adopted, path), err
}

// announce has the keyring keep the Secret Key of the server's account beside the one in use, before the file has that account: a kill
// between the two leaves a file that opens.
func (r *Rejoin) announce(ctx context.Context, before, own ownAccount) error {
	sk := own.secretKey.Bytes()
	defer sk.Wipe()
	both := platform.NextKey{Generation: own.bundle.Generation, SecretKey: sk}
	if err := r.u.m.rememberNext(ctx, before, r.u.store, both); err != nil && !errors.Is(err, platform.ErrUnavailable) {
		return err
	}
	return nil
}

// restoreEntry puts on record what this device gives up of the vault.
func (r *Rejoin) restoreEntry(ctx context.Context, own ownAccount, d engine.Difference) error {
	entry, err := own.account.Log.Next(own.account.Identity.Sign, r.u.m.cfg.Now().UnixMilli(), chain.ServerRestore{
		Vault: own.account.Vault.ID, Device: own.device.ID,
		GivenUp: d.Pinned.Seq, GivenUpHash: d.Pinned.Hash, Adopted: d.Server.Seq, AdoptedHash: d.Server.Hash,
	})
	if err != nil {
		return err
	}
	return r.signIn.remote().AppendLog(ctx, wire.SignedEntry{Entry: entry.Entry, Signature: entry.Signature})
}

// locals are the values that the device keeps for itself, under the keys of the account that it takes over. What rests of a change, and
// a kit that was not saved, belong to the log that is given up.
func (r *Rejoin) locals(own ownAccount) (map[string][]byte, error) {
	return own.freshLocals(commonLength(r.u.roster.read(), own.account.Log), r.u.Status().Notices.Confirm)
}

// freshLocals seals what a device keeps for itself from the beginning. Of the log's entries its user knows the first ones, so that the
// devices that came after are shown.
func (o ownAccount) freshLocals(known uint64, unconfirmed bool) (map[string][]byte, error) {
	values := map[string][]byte{
		localSeen:      binary.BigEndian.AppendUint64(nil, max(known, 1)-1),
		localSignedOut: binary.BigEndian.AppendUint64(nil, o.account.Log.SignedOut(o.device.ID)),
	}
	if unconfirmed {
		values[localConfirm] = []byte{1}
	}
	for name, value := range values {
		sealed, err := o.seal(name, value)
		if err != nil {
			return nil, err
		}
		values[name] = sealed
	}
	return values, nil
}

// reopen opens the account that the file has now, and removes the devices that were removed before.
func (r *Rejoin) reopen(ctx context.Context, own ownAccount, again []Device) (*Unlocked, error) {
	m, lost := r.u.m, r.u.Status().Notices.Changing
	store, err := sqlite.Open(ctx, m.cfg.Paths.Account(own.bundle.Account))
	if err != nil {
		return nil, err
	}
	if err = store.Anchor(ctx, own.mac, 0); err == nil {
		err = m.remember(ctx, own, store)
	}
	if err != nil && !errors.Is(err, platform.ErrUnavailable) {
		store.Close()
		return nil, err
	}
	opened, err := m.openAnd(ctx, own, store, r.signIn.session, func(u *Unlocked) error {
		u.notice(func(n *Notices) { n.ChangeLost = lost })
		if len(again) == 0 {
			return nil
		}
		change := Change{Password: r.password}
		for _, device := range again {
			change.Remove = append(change.Remove, device.ID)
		}
		return u.Change(ctx, change)
	})
	if opened == nil {
		store.Close()
	}
	return opened, err
}

// Leave forgets what was typed. It is called in the end, whatever came of it.
func (r *Rejoin) Leave() {
	r.forget()
	r.password.Wipe()
	r.signIn.wipe()
}
