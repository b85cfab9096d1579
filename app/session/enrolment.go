package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// A server can show a new device an old state of the account that is sound in itself. What stands against it is noted in the file with
// the enrolment, and stays until it is settled:
//
//   - approved by another device: that device vouches for a commit, and a history that does not go through it is refused
//   - enrolled with the kit: nobody vouches; the vault is read-only until the user has seen when it was changed last, and agrees

// Enrolment is what a user confirms after enrolling with the kit.
type Enrolment struct {
	Changed    time.Time // of the newest commit, by the clock of its device; zero for an empty vault
	ChangedBy  string    // name of that device; empty for an empty vault
	Generation uint32    // of the master password: how often it was changed, plus one
	Devices    []Device
}

// Enrolment describes the state that the server showed to this new device.
func (u *Unlocked) Enrolment(ctx context.Context) (Enrolment, error) {
	if !u.begin() {
		return Enrolment{}, ErrLocked
	}
	defer u.work.Done()
	pin, err := u.vault.Pin(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	states, _ := u.roster.live()
	e := Enrolment{Generation: u.current().bundle.Generation, Devices: u.describe(states, nil)}
	if pin.Seq == 0 {
		return e, nil
	}
	commit, err := chain.ParseCommit(pin.Commit)
	if err != nil {
		return Enrolment{}, fmt.Errorf("%w: newest commit: %w", vault.ErrTampered, err)
	}
	e.Changed = time.UnixMilli(commit.Time)
	u.roster.mu.Lock()
	defer u.roster.mu.Unlock()
	for _, d := range u.roster.devices { // removed ones too
		if d.Device == commit.Device {
			e.ChangedBy = d.Name
		}
	}
	return e, nil
}

// ConfirmEnrolment says that the state is the user's own, and not an older one: from here on it can be changed.
func (u *Unlocked) ConfirmEnrolment(ctx context.Context) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	if err := u.store.SetLocal(ctx, localConfirm, nil); err != nil {
		return fmt.Errorf("confirm enrolment: %w", err)
	}
	u.vault.Freeze(false)
	u.notice(func(n *Notices) { n.Confirm = false })
	return nil
}

// note is what the file keeps of the enrolment from its first moment on, so that no kill comes between.
func (s *SignIn) note(own ownAccount) (map[string][]byte, error) {
	name, value := localConfirm, []byte{1}
	if s.approval != nil {
		name = localVouched
		var err error
		if value, err = canonical.Marshal(s.approval.Heads); err != nil {
			return nil, fmt.Errorf("note enrolment: %w", err)
		}
	}
	sealed, err := own.seal(name, value)
	if err != nil {
		return nil, fmt.Errorf("note enrolment: %w", err)
	}
	return map[string][]byte{name: sealed}, nil
}

// loadEnrolment reads what is not settled yet.
func (u *Unlocked) loadEnrolment(ctx context.Context) error {
	sealed, found, err := u.store.Local(ctx, localConfirm)
	if err != nil {
		return err
	}
	if found {
		if plain, err := u.own.unseal(localConfirm, sealed); err != nil || !bytes.Equal(plain.Reveal(), []byte{1}) {
			return fmt.Errorf("%w: enrolment: %w", vault.ErrTampered, err)
		}
		u.vault.Freeze(true)
		u.notice(func(n *Notices) { n.Confirm = true })
	}
	if sealed, found, err = u.store.Local(ctx, localVouched); err != nil || !found {
		return err
	}
	plain, err := u.own.unseal(localVouched, sealed)
	if err == nil {
		err = canonical.Unmarshal(plain.Reveal(), &u.vouched)
	}
	if err != nil {
		return fmt.Errorf("%w: enrolment: %w", vault.ErrTampered, err)
	}
	return nil
}

// checkVouched refuses a history that does not go through what the approving device vouches for; syncMu is held.
func (u *Unlocked) checkVouched(ctx context.Context) error {
	if len(u.vouched) == 0 {
		return nil
	}
	for _, head := range u.vouched {
		if head.Vault != u.vault.ID() {
			continue
		}
		if err := u.engine.GoesThrough(ctx, chain.Head{Seq: head.Seq, Hash: head.Hash}); err != nil {
			return err
		}
	}
	if err := u.store.SetLocal(ctx, localVouched, nil); err != nil {
		return err
	}
	u.vouched = nil
	return nil
}

// isOlderState tells an old or foreign state from everything else that can go wrong with a first sync.
func isOlderState(err error) bool {
	var v *engine.Violation
	return errors.As(err, &v)
}
