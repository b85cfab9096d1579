package cloud

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

const (
	pairingLifetime = 10 * time.Minute
	// pairingHold is how long a poll waits for a change.
	pairingHold = 20 * time.Second
	// pairingMemory is how long a pairing is known for what it was, after it is over.
	pairingMemory = time.Hour
	// openPairings and dailyPairings bound how often a stranger who knows an address can make its devices ask.
	openPairings  = 3
	dailyPairings = 50
)

// Pairings brings a new device and an enrolled one together. All that makes them trust each other passes through here and means nothing
// here; the approval is a change of the account (change.go). Unknown addresses get pairings too, of accounts made up: nobody ever
// answers them.
type Pairings struct {
	*base
	dummy  signing.PublicKey
	events *Events
	after  func(time.Duration) <-chan time.Time
}

// Pairing is the request of a new device.
type Pairing struct {
	ID         id.ID
	Account    id.ID // made up for an address that has none
	Device     NewDevice
	Language   string
	Commitment []byte
	Created    int64
	Expires    int64
	State      wire.PairingState
	Approver   id.ID            // who answered
	Nonce      []byte           // of the answer
	R          []byte           // once it is revealed
	Wrap       chain.SignedWrap // of the approval
}

type pairingRows interface {
	InsertPairing(Pairing) error
	Pairing(pairing id.ID) (Pairing, error)
	Pairings(account id.ID) ([]Pairing, error) // in order of creation, those that are over too
	// UpdatePairing stores State, Approver, Nonce, R and Wrap.
	UpdatePairing(Pairing) error
}

// state is the pairing's state at a moment.
func (p Pairing) state(now int64) wire.PairingState {
	if (p.State == wire.PairingWaiting || p.State == wire.PairingAnswered) && over(now, p.Expires, pairingLifetime) {
		return wire.PairingExpired
	}
	return p.State
}

func (p Pairing) open(now int64) bool {
	state := p.state(now)
	return state == wire.PairingWaiting || state == wire.PairingAnswered
}

// NewPairing is how a new device asks.
type NewPairing struct {
	ID         id.ID
	Email      string
	Device     NewDevice
	Commitment []byte
	Language   string
}

func (n NewPairing) check() (email string, err error) {
	if err := n.Device.check(); err != nil {
		return "", err
	}
	if n.ID.IsZero() || len(n.Commitment) != 32 {
		return "", invalid("pairing id or commitment")
	}
	return normalEmail(n.Email)
}

// Start opens a pairing. The caller has verified the device's signature. The same request again gets the same answer; another request
// of the same device ends the one before. Errors: ErrInvalid, ErrTaken, *SlowDown.
func (p *Pairings) Start(ctx context.Context, n NewPairing) (expires int64, err error) {
	email, err := n.check()
	if err != nil {
		return 0, err
	}
	now := p.time()
	var row Pairing
	asked := Pairing{
		ID: n.ID, Device: n.Device, Language: knownLanguage(n.Language), Commitment: n.Commitment,
		Created: now, Expires: now + millis(pairingLifetime), State: wire.PairingWaiting,
	}
	err = p.store.Update(ctx, func(tx Tx) error {
		row = asked
		before, err := tx.Pairing(n.ID)
		if err == nil {
			row = before
			return sameRequest(before, n)
		} else if !errors.Is(err, ErrNone) {
			return err
		}
		if row.Account, err = p.accountOf(tx, email); err != nil {
			return err
		}
		if err := p.admit(tx, row); err != nil {
			return err
		}
		if err := p.count(tx, "pairing", email, dailyPairings); err != nil {
			return err
		}
		return tx.InsertPairing(row)
	})
	if err != nil {
		return 0, err
	}
	p.events.publish(row.Account, Event{Notice: Notice{Pairing: true}})
	return row.Expires, nil
}

func sameRequest(before Pairing, n NewPairing) error {
	if before.Device != n.Device || !bytes.Equal(before.Commitment, n.Commitment) {
		return ErrTaken
	}
	return nil
}

// accountOf finds the account of an address, or makes one up that is always the same.
func (p *Pairings) accountOf(tx Tx, email string) (id.ID, error) {
	madeUp := id.ID(p.secret.mac("coffer/v1/unknown-email", email)[:id.Size])
	a, err := tx.AccountByEmail(email)
	if errors.Is(err, ErrNone) {
		return madeUp, nil
	}
	return a.ID, err
}

// admit ends what the same device asked before, and bounds what is open.
func (p *Pairings) admit(tx Tx, row Pairing) error {
	all, err := tx.Pairings(row.Account)
	if err != nil {
		return err
	}
	open := 0
	var oldest int64
	for _, other := range all {
		if !other.open(row.Created) {
			continue
		}
		if other.Device.ID == row.Device.ID && other.Device.Key == row.Device.Key {
			other.State = wire.PairingRefused
			if err := tx.UpdatePairing(other); err != nil {
				return err
			}
			continue
		}
		if open++; open == 1 {
			oldest = other.Expires
		}
	}
	if open >= openPairings {
		return &SlowDown{After: time.Duration(oldest-row.Created) * time.Millisecond}
	}
	return nil
}

// ByPairing finds the key that a new device introduced itself with, for the signature of its request. Where there is none it returns a
// key that nobody has.
func (p *Pairings) ByPairing(ctx context.Context, pairing, device id.ID) (Caller, error) {
	caller := Caller{Device: device, Key: p.dummy}
	err := p.store.View(ctx, func(tx Tx) error {
		row, err := tx.Pairing(pairing)
		if errors.Is(err, ErrNone) || (err == nil && row.Device.ID != device) {
			return nil
		}
		caller.Key = row.Device.Key
		return err
	})
	return caller, err
}

// Polled is how far a pairing has come, as the new device sees it.
type Polled struct {
	Pairing
	State       wire.PairingState // at the moment
	ApproverKey signing.PublicKey
}

// Poll returns a pairing when its state is another than known, or after pairingHold. The caller has verified the signature of the
// pairing's device. Errors: ErrNotFound.
func (p *Pairings) Poll(ctx context.Context, pairing id.ID, known wire.PairingState) (Polled, error) {
	// First the ear, then the look: what happens in between is heard.
	changed := p.events.hold(pairing)
	defer p.events.release(pairing, changed)
	polled, err := p.look(ctx, pairing)
	if err != nil || polled.State != known || !polled.open(p.time()) {
		return polled, err
	}
	wait := min(pairingHold, time.Duration(polled.Expires-p.time())*time.Millisecond)
	select {
	case <-changed:
	case <-p.after(wait):
	case <-ctx.Done():
		return Polled{}, ctx.Err()
	}
	return p.look(ctx, pairing)
}

func (p *Pairings) look(ctx context.Context, pairing id.ID) (out Polled, err error) {
	err = p.store.View(ctx, func(tx Tx) error {
		out.Pairing, err = tx.Pairing(pairing)
		if err != nil {
			return orNotFound(err)
		}
		out.State = out.state(p.time())
		if out.Approver.IsZero() {
			return nil
		}
		approver, err := tx.Device(out.Account, out.Approver)
		out.ApproverKey = approver.Key
		return orNotFound(err)
	})
	return out, err
}

func orNotFound(err error) error {
	if errors.Is(err, ErrNone) {
		return ErrNotFound
	}
	return err
}

// Reveal opens the commitment of an answered pairing. The caller has verified the signature of its device. Errors: ErrNotFound,
// ErrInvalid before the answer, ErrTaken for another value than the one before.
func (p *Pairings) Reveal(ctx context.Context, pairing id.ID, r []byte) error {
	if len(r) != 32 {
		return invalid("value of %d bytes", len(r))
	}
	var account id.ID
	err := p.store.Update(ctx, func(tx Tx) error {
		row, err := p.openRow(tx, pairing)
		if err != nil {
			return err
		}
		account = row.Account
		switch {
		case row.State != wire.PairingAnswered:
			return invalid("nobody has answered")
		case bytes.Equal(row.R, r):
			return nil
		case len(row.R) > 0:
			return ErrTaken
		}
		row.R = r
		return tx.UpdatePairing(row)
	})
	if err == nil {
		p.events.publish(account, Event{Notice: Notice{Pairing: true}})
	}
	return err
}

// openRow finds a pairing that is not over. Errors: ErrNotFound.
func (p *Pairings) openRow(tx Tx, pairing id.ID) (Pairing, error) {
	row, err := tx.Pairing(pairing)
	if err == nil && !row.open(p.time()) {
		return Pairing{}, ErrNotFound
	}
	return row, orNotFound(err)
}

// ownRow finds a pairing of the caller's account; another account's does not exist for it. Errors: ErrNotFound, ErrDeviceUnlisted.
func ownRow(tx Tx, c Caller, pairing id.ID) (Pairing, error) {
	if _, err := ownListed(tx, c); err != nil {
		return Pairing{}, err
	}
	row, err := tx.Pairing(pairing)
	if err == nil && row.Account != c.Account {
		return Pairing{}, ErrNotFound
	}
	return row, orNotFound(err)
}

// seenBy hides the revealed value from devices that did not answer: it is one half of the digits.
func (p Pairing) seenBy(c Caller) Pairing {
	if p.Approver != c.Device {
		p.R = nil
	}
	return p
}

// List returns the pairings that wait for the caller's account. Errors: ErrDeviceUnlisted.
func (p *Pairings) List(ctx context.Context, c Caller) (open []Pairing, err error) {
	err = p.store.View(ctx, func(tx Tx) error {
		open = nil
		if _, err := ownListed(tx, c); err != nil {
			return err
		}
		all, err := tx.Pairings(c.Account)
		for _, row := range all {
			if row.open(p.time()) {
				open = append(open, row.seenBy(c))
			}
		}
		return err
	})
	return open, err
}

// Get returns one pairing that waits. Errors: ErrNotFound, ErrDeviceUnlisted.
func (p *Pairings) Get(ctx context.Context, c Caller, pairing id.ID) (row Pairing, err error) {
	err = p.store.View(ctx, func(tx Tx) error {
		if row, err = ownRow(tx, c, pairing); err != nil {
			return err
		}
		if !row.open(p.time()) {
			return ErrNotFound
		}
		return nil
	})
	return row.seenBy(c), err
}

// change lets do decide about a pairing of the caller's account and stores what it made of it. Then both sides are told.
func (p *Pairings) change(ctx context.Context, c Caller, pairing id.ID, do func(*Pairing) error) error {
	err := p.store.Update(ctx, func(tx Tx) error {
		row, err := ownRow(tx, c, pairing)
		if err != nil {
			return err
		}
		if err := do(&row); err != nil {
			return err
		}
		return tx.UpdatePairing(row)
	})
	if err != nil {
		return err
	}
	p.events.wake(pairing)
	p.events.publish(c.Account, Event{Notice: Notice{Pairing: true}})
	return nil
}

// Answer gives the caller's nonce: one device answers, once. Errors: ErrInvalid, ErrNotFound, ErrTaken, ErrDeviceUnlisted.
func (p *Pairings) Answer(ctx context.Context, c Caller, pairing id.ID, nonce []byte) error {
	if len(nonce) != 32 {
		return invalid("nonce of %d bytes", len(nonce))
	}
	return p.change(ctx, c, pairing, func(row *Pairing) error {
		switch {
		case !row.open(p.time()):
			return ErrNotFound
		case row.State == wire.PairingAnswered && row.Approver == c.Device && bytes.Equal(row.Nonce, nonce):
			return nil
		case row.State == wire.PairingAnswered:
			return ErrTaken
		}
		row.State, row.Approver, row.Nonce = wire.PairingAnswered, c.Device, nonce
		return nil
	})
}

// Refuse ends a pairing. Errors: ErrNotFound, ErrTaken for one that was approved, ErrDeviceUnlisted.
func (p *Pairings) Refuse(ctx context.Context, c Caller, pairing id.ID) error {
	return p.change(ctx, c, pairing, func(row *Pairing) error {
		if row.State == wire.PairingApproved {
			return ErrTaken
		}
		row.State = wire.PairingRefused
		return nil
	})
}
