package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/pairing"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// PairingRequest is a new device that waits to be approved. Nothing in it is proved: the digits are compared for that.
type PairingRequest struct {
	ID       id.ID
	Name     string
	Platform string
	Created  time.Time
	Expires  time.Time
}

// Pairings lists the new devices that wait for this account.
func (u *Unlocked) Pairings(ctx context.Context) ([]PairingRequest, error) {
	if !u.begin() {
		return nil, ErrLocked
	}
	defer u.work.Done()
	waiting, err := u.session.Pairings(ctx)
	if err != nil {
		return nil, fromServer(err)
	}
	var requests []PairingRequest
	for _, p := range waiting.Pairings {
		pairingID, err := id.Parse(p.PairingID)
		if err != nil {
			return nil, fmt.Errorf("%w: pairing id", ErrDishonestServer)
		}
		requests = append(requests, PairingRequest{
			ID: pairingID, Name: p.Device.Name, Platform: p.Device.Platform, Created: time.UnixMilli(p.Created), Expires: time.UnixMilli(p.Expires),
		})
	}
	u.notice(func(n *Notices) { n.Pairings = len(requests) })
	return requests, nil
}

// maxDigitTries is how often wrong digits may be typed before the request is refused.
const maxDigitTries = 3

// Approval is this device's side of a pairing.
//
//	Answer → Revealed → Check (the new device's digits, or its QR code) → the new device is listed → Digits, to be typed there
type Approval struct {
	u          *Unlocked
	request    id.ID
	commitment []byte
	device     chain.DeviceAdd
	answer     pairing.Answer
	offer      pairing.Offer
	tries      int
}

// Answer takes a request up. Errors: ErrPairingRefused if it is gone or another device has taken it up, ErrOffline.
func (u *Unlocked) Answer(ctx context.Context, request id.ID) (*Approval, error) {
	if !u.begin() {
		return nil, ErrLocked
	}
	defer u.work.Done()
	p, err := u.session.Pairing(ctx, request)
	if err != nil {
		return nil, fromPairing(err)
	}
	own := u.current()
	a := &Approval{u: u, request: request, commitment: p.Commitment, tries: maxDigitTries}
	if a.device, err = parseDevice(p.Device); err != nil {
		return nil, err
	}
	a.answer = pairing.Answer{Account: own.bundle.Account, Approver: own.device.ID, Key: own.device.Key.Public(), Nonce: pairing.NewNonce()}
	err = u.session.AnswerPairing(ctx, wire.PairingAnswer{PairingID: request.String(), Nonce: a.answer.Nonce[:]})
	return a, fromPairing(err)
}

// fromPairing names a request that is over.
func fromPairing(err error) error {
	if remote.IsCode(err, wire.CodeNotFound) || remote.IsCode(err, wire.CodeConflict) {
		return fmt.Errorf("%w: %w", ErrPairingRefused, err)
	}
	return fromServer(err)
}

func parseDevice(d wire.Device) (chain.DeviceAdd, error) {
	device, err1 := id.Parse(d.ID)
	key, err2 := signing.ParsePublicKey(d.PublicKey)
	receive, err3 := chain.ReceiveKeyFrom(d.ReceiveKey)
	if err := errors.Join(err1, err2, err3); err != nil {
		return chain.DeviceAdd{}, fmt.Errorf("%w: new device: %w", ErrDishonestServer, err)
	}
	return chain.DeviceAdd{Device: device, Key: key, Name: d.Name, Platform: d.Platform, Receive: receive}, nil
}

// Revealed waits until the new device has shown its half, and checks it. Errors: ErrPairingChanged, ErrPairingRefused, ErrOffline.
func (a *Approval) Revealed(ctx context.Context) error {
	if !a.u.begin() {
		return ErrLocked
	}
	defer a.u.work.Done()
	for {
		p, err := a.u.session.Pairing(ctx, a.request)
		if err != nil {
			return fromPairing(err)
		}
		if len(p.R) == pairing.ValueSize {
			return a.check(p)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.u.ctx.Done():
			return ErrLocked
		case <-a.u.m.cfg.After(pollPause):
		}
	}
}

func (a *Approval) check(p wire.Pairing) error {
	device, err := parseDevice(p.Device)
	if err != nil || device != a.device {
		return errors.Join(ErrPairingChanged, err)
	}
	a.offer = pairing.Offer{ID: a.request, Device: device, R: [pairing.ValueSize]byte(p.R)}
	if err := a.offer.Check(a.commitment); err != nil {
		return fmt.Errorf("%w: %w", ErrPairingChanged, err)
	}
	return nil
}

// TriesLeft is how often digits may still be typed.
func (a *Approval) TriesLeft() int { return a.tries }

// Check takes the digits that the new device shows, and lists it if they are right. Errors: ErrPairingDigits, with which the request is
// refused after the third time; ErrKeysChanged, ErrOffline.
func (a *Approval) Check(ctx context.Context, digits string) error {
	shown, _ := pairing.Compare(a.offer, a.answer)
	if !shown.Match(digits) {
		if a.tries--; a.tries <= 0 {
			return errors.Join(ErrPairingDigits, a.Refuse(ctx))
		}
		return ErrPairingDigits
	}
	return a.approve(ctx, nil)
}

// CheckCode takes the text of the new device's QR code instead of digits. Errors as of Check, and pairing.ErrCode.
func (a *Approval) CheckCode(ctx context.Context, text string) error {
	code, err := pairing.ParseCode(text)
	if err != nil {
		return err
	}
	if !code.Names(a.request, a.device) {
		return ErrPairingDigits
	}
	return a.approve(ctx, &code)
}

// Digits are what the user types into the new device, once it is approved.
func (a *Approval) Digits() string {
	_, shown := pairing.Compare(a.offer, a.answer)
	return shown.String()
}

// Refuse ends the request.
func (a *Approval) Refuse(ctx context.Context) error { return a.u.RefusePairing(ctx, a.request) }

// RefusePairing ends the request of a new device.
func (u *Unlocked) RefusePairing(ctx context.Context, request id.ID) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	return fromPairing(u.session.RefusePairing(ctx, wire.PairingRefuse{PairingID: request.String()}))
}

// approve lists the new device and hands it the Secret Key. Another device may be quicker with an entry of its own.
func (a *Approval) approve(ctx context.Context, code *pairing.Code) error {
	return a.u.withSync(ctx, func(ctx context.Context) error {
		var err error
		for range maxEntryTries {
			if err = a.tryApprove(ctx, code); !remote.IsCode(err, wire.CodeConflict) {
				break
			}
		}
		return err
	})
}

func (a *Approval) tryApprove(ctx context.Context, code *pairing.Code) error {
	u := a.u
	if err := u.catchUp(ctx); err != nil {
		return err
	}
	opened, err := u.opened(ctx)
	if err != nil {
		return err
	}
	made, err := opened.Approve(a.device)
	if err != nil {
		return err
	}
	in := wire.PairingApprove{PairingID: a.request.String(), Entry: enrol.EntriesToWire([]chain.SignedEntry{made.Entry})[0]}
	in.Wrap = wire.Wrap{Wrap: made.Wrap.Wrap, Signature: made.Wrap.Signature}
	if code != nil {
		in.Tag = code.Tag(made.Wrap, a.answer.Key)
	}
	if err := u.session.ApprovePairing(ctx, in); err != nil {
		return err
	}
	if err := u.engine.CatchUpLog(ctx); err != nil {
		return err
	}
	u.roster.note(u.own.account.Log)
	seq, _ := u.own.account.Log.Head()
	return u.keepSeen(ctx, seq) // the user has just let it in
}
