package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// A change of the account goes through these steps, and each is on disk before the next begins:
//
//	prepared ──▶ sent ──▶ adopted ──▶ resealing ──▶ done
//
//	prepared   everything is made and rests sealed in the file; the old keys are in use. After a kill: look whether the log has the
//	           change. It has: adopt. The log went on without it: drop the change and say so. Else send the same bytes again.
//	sent       the server has it, or its answer was lost: on disk the same as prepared
//	adopted    keyring (both Secret Keys), file (one transaction), keyring (the new one): whichever was last, the file's is there
//	resealing  only after a rotation: objects are sealed again under the newest vault key, by ordinary edits, some with every sync
//	done       nothing rests any more
//
// Nothing else than the account log decides what became of a change: a server's answer is a reason to look. A refused change is not
// forgotten before the log can no longer take it.

// resting is what the file keeps of a change, sealed under the key of the time.
type resting struct {
	Step   restingStep `cbor:"1,keyasint"`
	Change []byte      `cbor:"2,keyasint,omitempty"` // enrol.Change, while it is prepared
}

type restingStep uint8

const (
	restsPrepared  restingStep = 1
	restsResealing restingStep = 2
)

// resealChunk is how many objects are sealed again between two syncs.
const resealChunk = 500

// step tells tests where a change is, so that they can end the program there.
func (m *Manager) step(name string) error {
	if m.onStep == nil {
		return nil
	}
	return m.onStep(name)
}

// loadAccount reads what of the account's changes rests in the file.
func (u *Unlocked) loadAccount(ctx context.Context) error {
	if err := u.loadSeen(ctx); err != nil {
		return err
	}
	if err := u.loadEnrolment(ctx); err != nil {
		return err
	}
	if err := u.loadSignedOut(ctx); err != nil {
		return err
	}
	_, kitDue, err := u.store.Local(ctx, localKit)
	if err != nil {
		return err
	}
	sealed, found, err := u.store.Local(ctx, localChange)
	if err != nil {
		return err
	}
	if found {
		if err := u.readResting(sealed); err != nil {
			return fmt.Errorf("%w: change of the account: %w", vault.ErrTampered, err)
		}
	}
	u.notice(func(n *Notices) { n.KitDue, n.Changing = kitDue, u.changing != nil })
	return u.vault.Renew(ctx)
}

func (u *Unlocked) readResting(sealed []byte) error {
	plain, err := u.own.unseal(localChange, sealed)
	if err != nil {
		return err
	}
	defer plain.Wipe()
	var r resting
	if err := canonical.Unmarshal(plain.Reveal(), &r); err != nil {
		return err
	}
	defer clear(r.Change)
	if r.Step == restsResealing {
		u.resealing = true
		return nil
	}
	change, err := enrol.UnmarshalChange(secret.New(r.Change))
	if err != nil {
		return err
	}
	u.setChanging(change)
	return nil
}

// setChanging notes the change that is on its way, nil for none, and its Secret Key for the keyring.
func (u *Unlocked) setChanging(change *enrol.Change) {
	u.changing = change
	u.keys.Lock()
	defer u.keys.Unlock()
	u.next, u.nextMaster = platform.NextKey{}, keys.AccountMaster{}
	if change != nil {
		u.nextMaster = change.Master
	}
	if change != nil && !change.SecretKey.IsZero() {
		u.next = platform.NextKey{Generation: change.Generation, SecretKey: change.SecretKey.Bytes()}
	}
}

// sealResting is what rests of a change, under the keys of own.
func sealResting(own ownAccount, step restingStep, change *enrol.Change) ([]byte, error) {
	r := resting{Step: step}
	if change != nil {
		kept, err := change.Marshal()
		if err != nil {
			return nil, err
		}
		defer kept.Wipe()
		r.Change = kept.Reveal()
	}
	plain, err := canonical.Marshal(r)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return own.seal(localChange, plain)
}

// begunChange keeps a change that was just made, and goes on with it.
func (u *Unlocked) begunChange(ctx context.Context, change *enrol.Change) error {
	sealed, err := sealResting(u.own, restsPrepared, change)
	if err == nil {
		u.setChanging(change)
		err = u.rememberBoth(ctx)
	}
	if err == nil {
		err = u.store.SetLocal(ctx, localChange, sealed)
	}
	if err != nil {
		u.setChanging(nil)
		change.Wipe()
		return fmt.Errorf("keep change of the account: %w", err)
	}
	u.notice(func(n *Notices) { n.Changing = true })
	if err := u.m.step("prepared"); err != nil {
		return err
	}
	return u.sendChange(ctx)
}

// rememberBoth puts the next Secret Key beside the present one into the keyring. Without a keyring a new Secret Key would be nowhere
// but in this program's memory, so there is none then.
func (u *Unlocked) rememberBoth(ctx context.Context) error {
	err := u.m.rememberNext(ctx, u.own, u.store, u.next)
	if !errors.Is(err, platform.ErrUnavailable) {
		return err
	}
	if u.next.SecretKey.Equal(u.own.secretKey.Bytes()) {
		return nil // it is typed at every unlock already
	}
	return fmt.Errorf("%w: %w", ErrNoKeyring, err)
}

// goOnWithChange brings a change that was interrupted to its end; syncMu is held. Without one it does nothing. The error wraps
// ErrOffline as long as the server does not answer, and is ErrChangeLost once.
func (u *Unlocked) goOnWithChange(ctx context.Context) error {
	if u.changing == nil {
		return nil
	}
	if err := u.engine.CatchUpLog(ctx); err != nil {
		return err
	}
	switch u.changing.Fate(u.own.account.Log) {
	case enrol.Landed:
		return u.adoptChange(ctx)
	case enrol.Lost:
		return u.changeLost(ctx)
	}
	return u.sendChange(ctx)
}

// sendChange sends the change and looks what became of it.
func (u *Unlocked) sendChange(ctx context.Context) error {
	refused := u.postChange(ctx, u.changing)
	if err := u.m.step("sent"); err != nil {
		return err
	}
	if err := u.engine.CatchUpLog(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrChangeWaits, errors.Join(refused, err))
	}
	switch fate := u.changing.Fate(u.own.account.Log); {
	case fate == enrol.Landed:
		return u.adoptChange(ctx)
	case fate == enrol.Lost:
		return u.changeLost(ctx)
	case isNoAnswer(refused):
		return fmt.Errorf("%w: %w", ErrChangeWaits, refused)
	}
	return u.buryChange(ctx, refused)
}

// buryChange ends a change that the server refused. Its refusal may be a lie: a server that has taken the change could show it later,
// when its keys are forgotten here and nobody can open the account any more. So another entry is put into its place, a device-rename
// that changes nothing: where the log has that, the refused change can never follow. Until then it rests, and is adopted if it appears.
func (u *Unlocked) buryChange(ctx context.Context, refused error) error {
	opened, err := u.opened(ctx)
	if err != nil {
		return err
	}
	stone, err := opened.Rename(u.own.device.ID, u.ownName())
	if err != nil {
		return err
	}
	_ = u.session.ChangeAccount(ctx, stone.Wire()) // the log decides
	if err := u.engine.CatchUpLog(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrChangeWaits, errors.Join(refused, err))
	}
	switch u.changing.Fate(u.own.account.Log) {
	case enrol.Landed:
		return u.adoptChange(ctx)
	case enrol.Lost:
		return errors.Join(refused, u.dropChange(ctx))
	}
	return fmt.Errorf("%w: %w", ErrChangeWaits, refused)
}

// ownName is this device's newest name in the log.
func (u *Unlocked) ownName() string {
	for _, d := range u.own.account.Log.Devices() {
		if d.Device == u.own.device.ID {
			return d.Name
		}
	}
	return u.own.device.Name
}

// changeLost says that another device was quicker, also to a user who began the change before the last unlock.
func (u *Unlocked) changeLost(ctx context.Context) error {
	u.notice(func(n *Notices) { n.ChangeLost = true })
	return errors.Join(ErrChangeLost, u.dropChange(ctx))
}

// postChange sends a change with a proof of its own.
func (u *Unlocked) postChange(ctx context.Context, change *enrol.Change) error {
	challenge, err := u.session.AccountChallenge(ctx)
	if err != nil {
		return err
	}
	request := change.Wire()
	login := u.own.master.LoginKey() // in force before the change
	defer login.Wipe()
	request.Proof = change.Prove(login, u.own.origin, u.own.device.ID, challenge)
	return u.session.ChangeAccount(ctx, request)
}

// isNoAnswer tells whether the server may have the change all the same, or may take it later.
func isNoAnswer(err error) bool {
	return err == nil || errors.Is(err, remote.ErrUnreachable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		remote.IsCode(err, wire.CodeUnavailable) || remote.IsCode(err, wire.CodeSlowDown)
}

// dropChange forgets a change that never came into force.
func (u *Unlocked) dropChange(ctx context.Context) error {
	if err := u.store.SetLocal(ctx, localChange, nil); err != nil {
		return err
	}
	u.changing.Wipe()
	u.setChanging(nil)
	u.notice(func(n *Notices) { n.Changing = false })
	u.rememberNow(ctx)
	return nil
}

// adoptChange puts the new keys into use on this device. The log has the change.
func (u *Unlocked) adoptChange(ctx context.Context) error {
	change, next := u.changing, u.current()
	before := next.bundle
	before.Log = next.account.Log.Entries(-1)
	next.bundle = change.Apply(before)
	next.master, next.secretKey = change.Master, change.SecretKey
	var err error
	if next.account, err = enrol.Open(next.bundle, change.Master); errors.Is(err, enrol.ErrBundle) {
		// Another device has changed the keys since: those are to be adopted, and not these.
		return errors.Join(ErrKeysChanged, u.dropChange(ctx))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDishonestServer, err)
	}
	if err := u.install(ctx, next, change.RecoveryCode, len(change.Vaults) > 0); err != nil {
		return err
	}
	u.notice(func(n *Notices) { n.Changing = false })
	return nil
}

// install puts other keys in the place of those in use: keyring, file, keyring, vault, engine. syncMu is held. code is the recovery
// code that came with them, if one did. resealing says that this device has to seal the objects again.
func (u *Unlocked) install(ctx context.Context, next ownAccount, code keys.RecoveryCode, resealing bool) error {
	if err := u.replaceOwn(ctx, next, code, resealing); err != nil {
		return err
	}
	u.setChanging(nil)
	u.rememberNow(ctx)
	v := next.account.Vault
	if err := u.vault.Rekey(ctx, append(earlierKeys(v), vault.EpochKey{Epoch: v.Epoch, Key: v.Key})...); err != nil {
		u.m.cfg.Log.Warn("edits not sealed again yet", "error", err)
	}
	u.newEngine()
	u.roster.note(next.account.Log)
	u.resealing, u.stale = u.resealing || resealing, nil
	u.notice(func(n *Notices) { n.KeysChanged, n.KitDue = false, n.KitDue || !code.IsZero() })
	return u.m.step("adopted")
}

func (u *Unlocked) replaceOwn(ctx context.Context, next ownAccount, code keys.RecoveryCode, resealing bool) error {
	u.keys.Lock()
	defer u.keys.Unlock()
	if err := u.replaceKept(ctx, next, code, resealing); err != nil {
		return err
	}
	u.retired = append(u.retired, u.own)
	u.own = next
	return nil
}

// replaceKept writes the new keys to keyring and file. Until it returns nil the old ones are in use.
func (u *Unlocked) replaceKept(ctx context.Context, next ownAccount, code keys.RecoveryCode, resealing bool) error {
	contents, err := next.contents()
	if err != nil {
		return err
	}
	header, err := u.store.Account(ctx)
	if err != nil {
		return err
	}
	if header.SealedSession != nil {
		if contents.Account.SealedSession, err = resealLocal(u.own, next, localSession, header.SealedSession); err != nil {
			return err
		}
	}
	sk := next.secretKey.Bytes()
	defer sk.Wipe()
	both := platform.NextKey{Generation: next.bundle.Generation, SecretKey: sk}
	if err := u.m.rememberNext(ctx, u.own, u.store, both); err != nil && !errors.Is(err, platform.ErrUnavailable) {
		return err
	}
	if err := u.m.step("keyring"); err != nil {
		return err
	}
	return u.store.Rekey(ctx, contents, func(values map[string][]byte) (map[string][]byte, error) {
		return u.resealLocals(next, values, code, resealing)
	})
}

// resealLocals makes what the file keeps of local values under the next keys.
func (u *Unlocked) resealLocals(next ownAccount, values map[string][]byte, code keys.RecoveryCode, resealing bool) (map[string][]byte, error) {
	after := map[string][]byte{}
	for name, sealed := range values {
		if name == localChange && !u.resealing || name == localKit && !code.IsZero() {
			continue
		}
		again, err := resealLocal(u.own, next, name, sealed)
		if err != nil {
			return nil, err
		}
		after[name] = again
	}
	var err error
	if resealing {
		if after[localChange], err = sealResting(next, restsResealing, nil); err != nil {
			return nil, err
		}
	}
	if !code.IsZero() {
		raw := code.Bytes()
		defer raw.Wipe()
		after[localKit], err = next.seal(localKit, raw.Reveal())
	}
	return after, err
}

func resealLocal(before, after ownAccount, name string, sealed []byte) ([]byte, error) {
	plain, err := before.unseal(name, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	defer plain.Wipe()
	return after.seal(name, plain.Reveal())
}

// resealSome seals some objects again after a rotation; the edits wake the next sync, which carries them. syncMu is held.
func (u *Unlocked) resealSome(ctx context.Context) error {
	if !u.resealing {
		return nil
	}
	var err error
	if len(u.stale) == 0 {
		if u.stale, err = u.vault.Stale(ctx); err != nil {
			return err
		}
	}
	if len(u.stale) == 0 {
		if u.pending() > 0 {
			return nil
		}
		return u.resealed(ctx)
	}
	some := u.stale[:min(len(u.stale), resealChunk)]
	if err := u.vault.Reseal(ctx, some); err != nil {
		return err
	}
	u.stale = u.stale[len(some):]
	u.wake()
	return u.m.step("resealing")
}

// resealed ends a rotation: nothing is left under an earlier key.
func (u *Unlocked) resealed(ctx context.Context) error {
	if err := u.store.SetLocal(ctx, localChange, nil); err != nil {
		return err
	}
	u.resealing = false
	return u.m.step("done")
}

// rememberNow writes the keyring entry. A failure is logged: the file says what is true.
func (u *Unlocked) rememberNow(ctx context.Context) {
	u.keys.RLock()
	defer u.keys.RUnlock()
	if err := u.m.rememberNext(ctx, u.own, u.store, u.next); err != nil {
		u.m.cfg.Log.Warn("keyring not written", "error", err)
	}
}
