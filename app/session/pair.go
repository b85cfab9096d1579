package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/pairing"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The ways in which a pairing ends without a new device.
var (
	// ErrPairingRefused: the other device said no, or its user typed wrong digits.
	ErrPairingRefused = errors.New("the request of the new device was refused")
	// ErrPairingExpired: nobody approved in time.
	ErrPairingExpired = errors.New("the request of the new device has expired")
	// ErrPairingDigits: the digits are not those that this device expects. Someone may stand between the two devices.
	ErrPairingDigits = errors.New("the digits do not match")
	// ErrPairingChanged: what the other side says contradicts what it said before: someone stands between.
	ErrPairingChanged = errors.New("the pairing was changed on its way")
)

// Pairing is a new device that asks one of the account to let it in. The other device hands it the Secret Key and its place in the
// account's history; the master password is typed here.
//
//	BeginPairing → Answered (shows Digits) → Approved → Confirm (the other's digits) → Finish
type Pairing struct {
	m       *Manager
	client  *remote.Client
	email   string
	device  enrol.Device
	offer   pairing.Offer
	expires time.Time
	until   time.Time // when the server must have forgotten the request

	answered bool
	answer   pairing.Answer
	approval *wire.Wrap
	received *enrol.Received
	signIn   *SignIn
}

// BeginPairing asks the devices of an account to let this one in. It answers the same whether the address has an account or not.
// Errors: *SlowDownError, ErrOffline, ErrNotCoffer.
func (m *Manager) BeginPairing(ctx context.Context, origin, email string) (*Pairing, error) {
	client, err := m.client(origin)
	if err != nil {
		return nil, err
	}
	p := &Pairing{
		m: m, client: client, email: normalizeEmail(email), device: enrol.NewDevice(m.cfg.DeviceName, m.cfg.Platform),
		until: m.cfg.Now().Add(pairingLifetime),
	}
	p.offer = pairing.NewOffer(p.device.Entry())
	commitment := p.offer.Commitment()
	started, err := client.PairingStart(ctx, p.signer(), wire.PairingStart{
		PairingID: p.offer.ID.String(), Email: p.email, Device: p.device.Wire(), Commitment: commitment[:], Language: m.Settings().Language,
	})
	if err != nil {
		return nil, fromServer(err)
	}
	p.expires = client.Local(started.Expires)
	return p, nil
}

// signer has the zero account: the device does not know it yet.
func (p *Pairing) signer() remote.Signer { return signer(id.ID{}, p.device) }

// Code is the content of the QR code, which takes the place of Digits. It is no secret.
func (p *Pairing) Code() string { return pairing.NewCode(p.offer).Text() }

// Expires is when the request is void.
func (p *Pairing) Expires() time.Time { return p.expires }

// Answered waits until a device of the account has taken the request up, and reveals this device's half. After ErrOffline it may be
// called again; the first answer counts, since the server may know this device's half by then and could have searched for another.
// Errors: ErrPairingRefused, ErrPairingExpired, ErrPairingChanged, ErrOffline, ErrDishonestServer.
func (p *Pairing) Answered(ctx context.Context) error {
	polled, err := p.wait(ctx, wire.PairingWaiting)
	if err != nil {
		return err
	}
	answer, err := parseAnswer(polled)
	if err != nil {
		return err
	}
	if p.answered && answer != p.answer {
		return ErrPairingChanged
	}
	p.answered, p.answer = true, answer
	err = p.client.PairingReveal(ctx, p.signer(), wire.PairingReveal{PairingID: p.offer.ID.String(), R: p.offer.R[:]})
	return fromPairing(err)
}

// wait polls while the state is the known one; the server holds every poll for a while.
func (p *Pairing) wait(ctx context.Context, known wire.PairingState) (wire.PairingPolled, error) {
	for {
		polled, err := p.client.PairingPoll(ctx, p.signer(), wire.PairingPoll{PairingID: p.offer.ID.String(), Known: known})
		switch {
		case err != nil:
			return polled, fromServer(err)
		case polled.State == wire.PairingRefused:
			return polled, ErrPairingRefused
		case polled.State == wire.PairingExpired:
			return polled, ErrPairingExpired
		case polled.State != known:
			return polled, nil
		case !p.m.cfg.Now().Before(p.until):
			return polled, ErrPairingExpired
		}
		select {
		case <-ctx.Done():
			return polled, ctx.Err()
		case <-p.m.cfg.After(pollPause):
		}
	}
}

// pollPause keeps a server that holds no poll from being asked without end.
const pollPause = time.Second / 2

func parseAnswer(polled wire.PairingPolled) (a pairing.Answer, err error) {
	account, err1 := id.Parse(polled.AccountID)
	approver, err2 := id.Parse(polled.ApproverID)
	key, err3 := signing.ParsePublicKey(polled.ApproverKey)
	if err := errors.Join(err1, err2, err3); err != nil || len(polled.Nonce) != pairing.ValueSize {
		return a, fmt.Errorf("%w: answer to a pairing", ErrDishonestServer)
	}
	return pairing.Answer{Account: account, Approver: approver, Key: key, Nonce: [pairing.ValueSize]byte(polled.Nonce)}, nil
}

// Digits are what the user types into the other device.
func (p *Pairing) Digits() string {
	shown, _ := pairing.Compare(p.offer, p.answer)
	return shown.String()
}

// Approved waits until the other device has said yes. Its digits are to be typed here then, whether its user has used the QR code or
// not: they prove the other device. Errors: those of Answered, and ErrPairingChanged.
func (p *Pairing) Approved(ctx context.Context) error {
	polled, err := p.wait(ctx, wire.PairingAnswered)
	if err != nil {
		return err
	}
	again, err := parseAnswer(polled)
	if err != nil || again != p.answer || polled.Approval == nil {
		return errors.Join(ErrPairingChanged, err)
	}
	p.approval = polled.Approval
	return nil
}

// Confirm takes the digits that the other device shows. There is one try: whoever stands between the devices must not guess. Errors:
// ErrPairingDigits, ErrPairingChanged; both end the pairing.
func (p *Pairing) Confirm(digits string) error {
	_, shown := pairing.Compare(p.offer, p.answer)
	if p.approval == nil || !shown.Match(digits) {
		p.approval, p.answer = nil, pairing.Answer{} // no answer is that one, so neither Answered nor Approved goes on
		return ErrPairingDigits
	}
	return p.open()
}

// open takes the Secret Key out of the wrap, under the key of the device that the user has compared.
func (p *Pairing) open() (err error) {
	signed := chain.SignedWrap{Wrap: p.approval.Wrap, Signature: p.approval.Signature}
	p.received, err = enrol.OpenApproval(signed, p.device, p.answer.Account, p.answer.Approver, p.answer.Key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPairingChanged, err)
	}
	return nil
}

// Finish proves the master password, loads the vault and checks that it is at least as new as the other device vouches for. It may be
// called again after an error. Errors: ErrProofFailed for a wrong password, ErrAlreadyHere, ErrWeakServer, ErrDishonestServer,
// *engine.Violation for an older state, ErrOffline.
func (p *Pairing) Finish(ctx context.Context, password secret.Bytes, progress func(done, total int)) (*Unlocked, error) {
	if p.received == nil {
		return nil, errors.New("finish pairing: nothing was approved yet")
	}
	if p.signIn == nil || p.signIn.session == nil {
		s := &SignIn{m: p.m, client: p.client, email: p.email, secretKey: p.received.SecretKey, device: p.device, approval: p.received, approver: p.answer.Key}
		if err := s.derive(ctx, password); err != nil {
			return nil, err
		}
		if s.account != p.answer.Account {
			return nil, fmt.Errorf("%w: another account than the other device's", ErrDishonestServer)
		}
		if err := s.prove(ctx); err != nil {
			return nil, err
		}
		if s.CodeNeeded() {
			return nil, fmt.Errorf("%w: the server does not list the device that was approved", ErrDishonestServer)
		}
		p.signIn = s
	}
	return p.signIn.Finish(ctx, progress)
}
