package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Reloaded says what became of what was on this PC when the server's state was taken over.
type Reloaded struct {
	Kept      int    // items that wait for the server with what was typed here
	Conflicts int    // of those, the ones where the user has to choose
	NewItems  int    // what could not be merged and is an item of its own now
	SetAside  int    // what did not open here; it is in the copy
	Salvaged  int    // edits that were read out of a damaged file
	Copy      string // path of the copy of the file as it was
}

// Reload opens an account whose file does not unlock: vault.ErrOlderCopy, vault.ErrTampered, or vault.ErrCorrupt where a backup, or what can
// still be read of the file, says whose it is; edits that can be read in the damaged file stay. Keys and state come from the server,
// proved and verified like those of a new device; edits in the file that open under the keys stay. The server has to give at least
// what this PC knew to be there. The file is copied first and changed in one transaction, so that it can be repeated after a kill.
// secretKey is empty where the keyring has it.
//
// Errors: ErrOffline, ErrProofFailed, ErrWeakServer, ErrDishonestServer, *engine.Violation, ErrKeyringLost, ErrNoKeyring,
// ErrSecretKeyMalformed, ErrDeviceRevoked, and those of the file. After an error the file is as it was, or, damaged, set aside with what
// can be read of it in its place.
func (m *Manager) Reload(ctx context.Context, account id.ID, password secret.Bytes, secretKey string, progress func(done, total int)) (*Unlocked, Reloaded, error) {
	return m.reload(ctx, account, progress, func(r *reload) error { return r.prove(ctx, password, secretKey) })
}

// reload is Reload with a sign-in of any kind; prove makes it, with the file's header at hand.
func (m *Manager) reload(ctx context.Context, account id.ID, progress func(done, total int), prove func(*reload) error) (*Unlocked, Reloaded, error) {
	r := &reload{m: m}
	path := m.cfg.Paths.Account(account)
	if damage := m.check(ctx, account); errors.Is(damage, vault.ErrCorrupt) {
		made, err := m.makeStandIn(ctx, account, damage)
		if err != nil {
			return nil, Reloaded{}, err
		}
		r.standIn, path = &made, made.path
		r.result.Salvaged = made.salvaged.Edits
	}
	var err error
	if r.store, r.header, err = m.openFileAt(ctx, account, path); err != nil {
		return nil, Reloaded{}, err
	}
	var u *Unlocked
	if err = prove(r); err == nil {
		u, err = r.run(ctx, progress)
	}
	r.forget()
	if err != nil {
		r.store.Close()
		return nil, Reloaded{}, errors.Join(err, r.giveUp())
	}
	return u, r.result, nil
}

// reload is one attempt.
type reload struct {
	m       *Manager
	standIn *standIn // in use instead of a damaged file; nil for a file that can be read
	placed  bool     // it has taken that one's place
	store   *sqlite.Store
	header  vault.Account // of the file: nothing in it is believed but the server's address, under which the keyring has its entry
	kept    platform.DeviceSecrets
	signIn  *SignIn
	own     ownAccount
	result  Reloaded

	genuine   bool // the integrity record is right: the file is old, and nobody changed it
	unvouched bool // the keyring has nothing of the file
	behind    bool // the server may have less than this PC knew: the user is asked about what there is
}

// giveUp leaves a damaged file where it was, if it still is.
func (r *reload) giveUp() error {
	if r.standIn == nil || r.placed {
		return nil
	}
	return r.standIn.remove()
}

// forget wipes what the keyring has given. The open account has copies of what it needs.
func (r *reload) forget() {
	r.kept.SecretKey.Wipe()
	r.kept.DeviceSeed.Wipe()
	r.kept.Next.SecretKey.Wipe()
}

func (r *reload) run(ctx context.Context, progress func(done, total int)) (*Unlocked, error) {
	if err := r.replaceKeys(ctx); err != nil {
		return nil, err
	}
	err := r.takePlace(ctx)
	if err == nil {
		r.result.Copy, err = r.m.keepCopy(ctx, r.store, r.header.ID)
	}
	if err == nil {
		err = r.adopt(ctx, progress)
	}
	if err == nil {
		if err = r.m.remember(ctx, r.own, r.store); errors.Is(err, platform.ErrUnavailable) {
			err = nil
		}
	}
	if err != nil {
		r.own.wipe()
		return nil, err
	}
	u, err := r.m.open(ctx, r.own, r.store, r.signIn.session)
	if err == nil {
		r.signIn.wipe()
	}
	return u, err
}

// takePlace puts the stand-in in the place of the damaged file, now that the server is there and has proved the keys.
func (r *reload) takePlace(ctx context.Context) error {
	if r.standIn == nil {
		return nil
	}
	if err := r.store.Close(); err != nil {
		return err
	}
	if err := r.standIn.takePlace(r.m, r.header.ID); err != nil {
		return err
	}
	r.placed = true
	store, _, err := r.m.openFile(ctx, r.header.ID)
	if err == nil {
		r.store = store
		err = r.examine(ctx)
	}
	return err
}

// prove signs in with the device that the keyring, or the file, has the key of.
func (r *reload) prove(ctx context.Context, password secret.Bytes, secretKey string) error {
	client, err := r.m.client(r.header.Origin)
	if err != nil {
		return err
	}
	r.signIn = &SignIn{m: r.m, client: client, email: r.header.Email, account: r.header.ID}
	r.signIn.device = enrol.Device{ID: r.header.Device, Name: r.header.DeviceName, Platform: r.m.cfg.Platform}
	typed := secretKey != ""
	if !typed {
		if err := r.fromKeyring(ctx); err != nil {
			return err
		}
	} else if r.signIn.secretKey, err = keys.ParseSecretKey(secretKey); err != nil {
		return fromKeys(err)
	}
	if err := r.derive(ctx, password); err != nil {
		return err
	}
	if typed {
		if err := r.fromFile(); err != nil {
			return err
		}
	}
	if err := r.signIn.prove(ctx); err != nil {
		return err
	}
	if r.signIn.CodeNeeded() {
		return fmt.Errorf("server does not list this device: %w", ErrDeviceRevoked)
	}
	return nil
}

// fromKeyring takes the device's secrets from the keyring, and looks whether the file is genuine.
func (r *reload) fromKeyring(ctx context.Context) (err error) {
	if r.kept, err = r.m.cfg.Keyring.Load(ctx, r.header.Origin, r.header.ID); err != nil {
		return fromKeyring(err)
	}
	if r.signIn.secretKey, err = keys.SecretKeyFromBytes(r.kept.SecretKey); err == nil {
		r.signIn.device.Key, err = takeSeed(r.kept.DeviceSeed)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyringLost, err)
	}
	return r.examine(ctx)
}

func (r *reload) examine(ctx context.Context) error {
	err := r.store.Anchor(ctx, MAC(r.kept.Anchor), r.kept.Generation)
	r.genuine = err == nil || errors.Is(err, vault.ErrOlderCopy)
	if r.genuine || errors.Is(err, vault.ErrTampered) {
		return nil
	}
	return err
}

// derive asks the server for generation and profile of the keys. A genuine file pins the profile.
func (r *reload) derive(ctx context.Context, password secret.Bytes) error {
	least := kdf.P1
	if r.genuine {
		pinned, err := kdf.Check(r.header.Profile, kdf.P1)
		if err != nil {
			return fromKeys(err)
		}
		least = pinned
	}
	return r.signIn.deriveKnown(ctx, password, least)
}

// fromFile opens the device's secrets in the file with the keys of what was typed.
func (r *reload) fromFile() error {
	s := r.signIn
	own := ownAccount{master: s.master, device: s.device, bundle: enrol.Bundle{Account: s.account, Generation: s.gen}}
	anchor, err := own.unseal(localAnchor, r.header.SealedAnchor)
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	seed, err := own.unseal(localDeviceSeed, r.header.SealedDeviceSeed)
	if err == nil {
		s.device.Key, err = takeSeed(seed)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	r.kept.Anchor = anchor
	return r.examine(context.Background())
}

// replaceKeys fetches and proves the key bundle.
func (r *reload) replaceKeys(ctx context.Context) error {
	bundle, account, err := r.signIn.bundle(ctx, r.signIn.remote())
	if err != nil {
		return err
	}
	r.signIn.anchor = r.kept.Anchor
	r.own, err = r.signIn.ownAccount(bundle, account)
	return err
}

// adopt takes the server's state over, and anchors the file in the same transaction.
func (r *reload) adopt(ctx context.Context, progress func(done, total int)) error {
	contents, err := r.own.contents()
	if err != nil {
		return err
	}
	if r.own.bundle.Generation != r.header.Generation || r.own.device.ID != r.header.Device || !r.genuine {
		if contents.Locals, err = r.locals(ctx); err != nil {
			return err
		}
	}
	if !r.genuine {
		if err := r.store.Admit(ctx, r.own.account.Vault.ID); err != nil {
			return err
		}
	}
	mending := &mendingStore{Store: r.store, contents: contents, mac: r.own.mac, atLeast: r.kept.Generation}
	opened, err := r.m.openVault(ctx, r.own, mending, nil)
	if err != nil {
		return err
	}
	defer opened.Close()
	through, err := r.newestKnown(ctx, opened)
	if err != nil {
		return err
	}
	mending.ready = true
	adopted, err := r.m.newEngine(r.own, r.signIn.remote(), opened).Adopt(ctx, through, !r.genuine, progress)
	adoptedHere := reloaded(adopted, r.result.Copy)
	adoptedHere.Salvaged = r.result.Salvaged
	r.result = adoptedHere
	return fromServer(err)
}

// locals are the values that the device keeps for itself, where the keys were changed since, the file, or which device this is: those in it
// that do not open any more begin anew. That an enrolment is not confirmed yet is seen without opening it; of a damaged file that has none
// of these values left, and of one that the keyring knows nothing of, nobody knows, so its user is asked.
func (r *reload) locals(ctx context.Context) (map[string][]byte, error) {
	kept, err := r.store.Locals(ctx)
	if err != nil {
		return nil, err
	}
	_, unconfirmed := kept[localConfirm]
	unconfirmed = unconfirmed || r.unvouched || r.behind
	if r.standIn != nil && len(kept) == 0 && !r.standIn.salvaged.Locals {
		unconfirmed = true
	}
	known := []vault.LogEntry{{}}
	if r.genuine {
		if known, err = r.store.Log(ctx); err != nil {
			return nil, err
		}
	}
	values, err := r.own.freshLocals(uint64(len(known)), unconfirmed)
	if err != nil {
		return nil, err
	}
	for name, sealed := range kept {
		if value, err := r.own.unseal(name, sealed); err == nil {
			value.Wipe()
			values[name] = sealed
		}
	}
	return values, nil
}

// newestKnown is the newest commit that this PC knew: the server's history must go through it.
func (r *reload) newestKnown(ctx context.Context, opened *vault.Vault) (chain.Head, error) {
	if r.behind {
		return chain.Head{}, nil
	}
	newest := chain.Head{Seq: r.kept.Pin.Seq, Hash: r.kept.Pin.Hash}
	pin, err := opened.Pin(ctx)
	if err == nil && r.genuine && pin.Seq > newest.Seq {
		newest = chain.Head{Seq: pin.Seq, Hash: pin.Hash}
	}
	return newest, err
}

func reloaded(a vault.Adopted, path string) Reloaded {
	return Reloaded{Kept: len(a.Kept), Conflicts: len(a.Conflicts), NewItems: len(a.Forked), SetAside: a.SetAside, Copy: path}
}

// mendingStore is a file that is not believed: nothing is written to it before it is ready, and the first change mends it.
type mendingStore struct {
	*sqlite.Store
	contents sqlite.Contents
	mac      sqlite.MAC
	atLeast  uint64
	ready    bool
	mended   bool
}

// Update implements vault.Store.
func (s *mendingStore) Update(ctx context.Context, f func(vault.Tx) error) error {
	switch {
	case !s.ready:
		return vault.ErrNotAnchored
	case s.mended:
		return s.Store.Update(ctx, f)
	}
	err := s.Mend(ctx, s.contents, s.mac, s.atLeast, f)
	s.mended = err == nil
	return err
}

// Difference is how the server's history differs from the one that this device has verified, with the names of the devices.
type Difference struct {
	engine.Difference
	PinnedBy, ServerBy string
	ConfirmedBy        []string // devices that have gone on from the server's history already
}

// Compare says what adopting the server's history would change, after an *engine.Violation: it is what the user confirms. It changes
// nothing. Errors as of Sync.
func (u *Unlocked) Compare(ctx context.Context, progress func(done, total int)) (Difference, error) {
	var d Difference
	err := u.withSync(ctx, func(ctx context.Context) (err error) {
		d.Difference, err = u.engine.Compare(ctx, progress)
		names := map[id.ID]string{}
		for _, device := range u.own.account.Log.Devices() {
			names[device.Device] = device.Name
		}
		d.PinnedBy, d.ServerBy = names[d.Pinned.Device], names[d.Server.Device]
		for _, r := range d.Confirmed {
			d.ConfirmedBy = append(d.ConfirmedBy, names[r.Device])
		}
		return err
	})
	return d, err
}

// Adopt gives up what this device had verified and goes on from the server's history, which the user has seen and confirmed; what is
// here and differs waits for the server as edits. It is entered in the account log. Errors as of Sync, and engine.ErrLogBehind; after
// an error nothing here is changed, and it can be repeated.
func (u *Unlocked) Adopt(ctx context.Context, confirmed Difference, progress func(done, total int)) (Reloaded, error) {
	return u.takeOver(ctx, confirmed.Server.Head, false, progress, func(ctx context.Context) error {
		return u.enterRestore(ctx, confirmed)
	})
}

// Reload takes the server's state over after engine.ErrLocalState: synced rows of the file were changed outside. Edits stay. Errors
// as of Adopt.
func (u *Unlocked) Reload(ctx context.Context, progress func(done, total int)) (Reloaded, error) {
	pin, err := u.vault.Pin(ctx)
	if err != nil {
		return Reloaded{}, err
	}
	nothing := func(context.Context) error { return nil }
	return u.takeOver(ctx, chain.Head{Seq: pin.Seq, Hash: pin.Hash}, true, progress, nothing)
}

func (u *Unlocked) takeOver(ctx context.Context, through chain.Head, outside bool, progress func(done, total int), enter func(context.Context) error) (Reloaded, error) {
	var result Reloaded
	err := u.withSync(ctx, func(ctx context.Context) error {
		path, err := u.m.keepCopy(ctx, u.store, u.own.bundle.Account)
		if err != nil {
			return err
		}
		if err := enter(ctx); err != nil {
			return err
		}
		adopted, err := u.engine.Adopt(ctx, through, outside, progress)
		if err != nil {
			return err
		}
		result = reloaded(adopted, path)
		u.board.change(func(s *Status) { s.State, s.Err, s.Evidence = Syncing, nil, "" })
		return nil
	})
	if err == nil {
		u.wake()
	}
	return result, err
}

// enterRestore enters in the account log what is given up.
func (u *Unlocked) enterRestore(ctx context.Context, d Difference) error {
	return u.enterNext(ctx, chain.ServerRestore{
		Vault: u.vault.ID(), Device: u.own.device.ID,
		GivenUp: d.Pinned.Seq, GivenUpHash: d.Pinned.Hash, Adopted: d.Server.Seq, AdoptedHash: d.Server.Hash,
	}, u.session.AppendLog)
}

// withSync runs f instead of a sync, and so that Lock ends it.
func (u *Unlocked) withSync(ctx context.Context, f func(context.Context) error) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	u.syncMu.Lock()
	defer u.syncMu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(u.ctx, cancel)()
	if _, err := u.vault.Pin(ctx); errors.Is(err, vault.ErrRekeyed) {
		return err
	}
	err := fromServer(f(ctx))
	u.noteEvidence(err)
	return err
}
