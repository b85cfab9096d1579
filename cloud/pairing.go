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

// Pairings brings a new device and an enrolled one together, and lists the new one when the enrolled one says so. All that makes them
// trust each other passes through here and means nothing here. Unknown addresses get pairings too, of accounts made up: nobody ever
// answers them.
type Pairings struct {
	*base
	dummy  signing.PublicKey
	logs   *logCache
	events *Events
	outbox *Outbox
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
	Approver   id.ID  // who answered
	Nonce      []byte // of the answer
	R          []byte // once it is revealed
	Wrap       chain.SignedWrap
	Tag        []byte // of an approval after the QR code
}

type pairingRows interface {
	InsertPairing(Pairing) error
	Pairing(pairing id.ID) (Pairing, error)
	Pairings(account id.ID) ([]Pairing, error) // in order of creation, those that are over too
	// UpdatePairing stores State, Approver, Nonce, R, Wrap and Tag.
	UpdatePairing(Pairing) error
}

// state is the pairing's state at a moment.
func (p Pairing) state(now int64) wire.PairingState {
	if (p.State == wire.PairingWaiting || p.State == wire.PairingAnswered) && now >= p.Expires {
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
	row := Pairing{
		ID: n.ID, Device: n.Device, Language: knownLanguage(n.Language), Commitment: n.Commitment,
		Created: now, Expires: now + millis(pairingLifetime), State: wire.PairingWaiting,
	}
	err = p.store.Update(ctx, func(tx Tx) error {
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
func (p *Pairings) change(ctx context.Context, c Caller, pairing id.ID, do func(Tx, *Pairing) (Event, error)) error {
	var event Event
	err := p.store.Update(ctx, func(tx Tx) error {
		row, err := ownRow(tx, c, pairing)
		if err != nil {
			return err
		}
		if event, err = do(tx, &row); err != nil {
			return err
		}
		return tx.UpdatePairing(row)
	})
	if errors.Is(err, ErrExists) {
		return ErrTaken
	} else if err != nil {
		return err
	}
	event.Pairing = true
	p.events.wake(pairing)
	p.events.publish(c.Account, event)
	p.outbox.nudge()
	return nil
}

// Answer gives the caller's nonce: one device answers, once. Errors: ErrInvalid, ErrNotFound, ErrTaken, ErrDeviceUnlisted.
func (p *Pairings) Answer(ctx context.Context, c Caller, pairing id.ID, nonce []byte) error {
	if len(nonce) != 32 {
		return invalid("nonce of %d bytes", len(nonce))
	}
	return p.change(ctx, c, pairing, func(_ Tx, row *Pairing) (Event, error) {
		switch {
		case !row.open(p.time()):
			return Event{}, ErrNotFound
		case row.State == wire.PairingAnswered && row.Approver == c.Device && bytes.Equal(row.Nonce, nonce):
			return Event{}, nil
		case row.State == wire.PairingAnswered:
			return Event{}, ErrTaken
		}
		row.State, row.Approver, row.Nonce = wire.PairingAnswered, c.Device, nonce
		return Event{}, nil
	})
}

// Refuse ends a pairing. Errors: ErrNotFound, ErrTaken for one that was approved, ErrDeviceUnlisted.
func (p *Pairings) Refuse(ctx context.Context, c Caller, pairing id.ID) error {
	return p.change(ctx, c, pairing, func(_ Tx, row *Pairing) (Event, error) {
		if row.State == wire.PairingApproved {
			return Event{}, ErrTaken
		}
		row.State = wire.PairingRefused
		return Event{}, nil
	})
}

// Approval is the end of a pairing: the entry that lists the new device, and what the device is handed.
type Approval struct {
	Entry chain.SignedEntry
	Wrap  chain.SignedWrap
	Tag   []byte
}

// Approve lists the new device, exactly as it was introduced, and tells the account's owner. The same approval again succeeds.
// Errors: ErrInvalid, ErrBadEntry, *LogMoved, ErrNotFound, ErrTaken, ErrDeviceUnlisted.
func (p *Pairings) Approve(ctx context.Context, c Caller, pairing id.ID, in Approval) error {
	if len(in.Tag) != 0 && len(in.Tag) != 32 {
		return invalid("tag of %d bytes", len(in.Tag))
	}
	return p.change(ctx, c, pairing, func(tx Tx, row *Pairing) (event Event, err error) {
		if row.State == wire.PairingApproved && row.Approver == c.Device && bytes.Equal(row.Wrap.Wrap, in.Wrap.Wrap) {
			return Event{}, nil
		}
		if !row.open(p.time()) || row.State != wire.PairingAnswered || row.Approver != c.Device {
			return Event{}, ErrNotFound
		}
		err = p.logs.with(tx, c.Account, func(log *chain.Log) error { return p.enter(tx, c, log, *row, in) })
		if err != nil {
			return Event{}, err
		}
		row.State, row.Wrap, row.Tag = wire.PairingApproved, in.Wrap, in.Tag
		length, _, err := tx.LogHead(c.Account)
		return Event{Seq: length - 1, Notice: Notice{Devices: true}}, err
	})
}

// enter appends the device to the log and checks that the wrap is for it, from the caller, and at that very entry.
func (p *Pairings) enter(tx Tx, c Caller, log *chain.Log, row Pairing, in Approval) error {
	body, err := chain.ParseBody(in.Entry)
	if err != nil {
		return badEntry(err)
	}
	if add, ok := body.(*chain.DeviceAdd); !ok || *add != row.Device.entry() {
		return badEntry(errors.New("an approval lists the new device, as it was introduced"))
	}
	if err := extend(tx, log, in.Entry); err != nil {
		return err
	}
	wrap, err := in.Wrap.VerifyIn(log)
	if err != nil {
		return badEntry(err)
	}
	head, _ := log.Head()
	if wrap.Sender != c.Device || wrap.Recipient != row.Device.ID || wrap.LogSeq != head || wrap.Kind != chain.WrapApproval {
		return badEntry(errors.New("the wrap is not of this approval"))
	}
	account, err := tx.Account(c.Account)
	if err != nil {
		return err
	}
	device := row.Device.row(c.Account, DeviceListed, p.time())
	if err := tx.InsertDevice(device); err != nil {
		return err
	}
	return p.outbox.add(tx, Mail{
		To: account.Email, Language: row.Language, Kind: MailNewDevice, Device: device.Name, Platform: device.Platform, Time: p.time(),
	})
}
