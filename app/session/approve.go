package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
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
	if len(waiting.Pairings) > maxRequests {
		return nil, fmt.Errorf("%w: %d new devices at once", ErrDishonestServer, len(waiting.Pairings))
	}
	var requests []PairingRequest
	for _, p := range waiting.Pairings {
		pairingID, err1 := id.Parse(p.PairingID)
		device, err2 := parseDevice(p.Device)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%w: pairing: %w", ErrDishonestServer, err)
		}
		requests = append(requests, PairingRequest{
			ID: pairingID, Name: device.Name, Platform: device.Platform, Created: time.UnixMilli(p.Created), Expires: time.UnixMilli(p.Expires),
		})
	}
	u.notice(func(n *Notices) { n.Pairings = len(requests) })
	return requests, nil
}

const (
	// maxRequests is how many requests of an account wait at once, and pairingLifetime how long one waits (docs/protocol.md §8).
	maxRequests     = 3
	pairingLifetime = 10 * time.Minute
)

// maxDigitTries is how often wrong digits may be typed before the request is refused.
const maxDigitTries = 3

// Approval is this device's side of a pairing.
//
//	Answer → Revealed → Check (the new device's digits) or CheckCode (its QR code) → Approve (the master password) → Digits, to be typed there
type Approval struct {
	u          *Unlocked
	request    id.ID
	commitment []byte
	device     chain.DeviceAdd
	answer     pairing.Answer
	offer      pairing.Offer
	tries      int
	compared   bool
	until      time.Time // when the server must have forgotten the request
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
	a := &Approval{u: u, request: request, commitment: p.Commitment, tries: maxDigitTries, until: u.m.cfg.Now().Add(pairingLifetime)}
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
	if err := errors.Join(err1, err2, err3, checkText(d.Name, wire.MaxDeviceName), checkText(d.Platform, maxPlatform)); err != nil {
		return chain.DeviceAdd{}, fmt.Errorf("%w: new device: %w", ErrDishonestServer, err)
	}
	return chain.DeviceAdd{Device: device, Key: key, Name: d.Name, Platform: d.Platform, Receive: receive}, nil
}

// maxPlatform is the length in characters of a platform's name.
const maxPlatform = 16

// checkText refuses what would not be one short line on the screen: a stranger has chosen it.
func checkText(text string, maxRunes int) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxRunes || strings.ContainsFunc(text, unprintable) {
		return errors.New("not a name")
	}
	return nil
}

// Revealed waits until the new device has shown its half, and checks it. Errors: ErrPairingChanged, ErrPairingRefused, ErrPairingExpired,
// ErrOffline.
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
		if !a.u.m.cfg.Now().Before(a.until) {
			return ErrPairingExpired
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

// Check takes the digits that the new device shows. Errors: ErrPairingDigits, with which the request is refused after the third time.
func (a *Approval) Check(ctx context.Context, digits string) error {
	if shown, _ := pairing.Compare(a.offer, a.answer); a.tries > 0 && shown.Match(digits) {
		a.compared = true
		return nil
	}
	if a.tries--; a.tries <= 0 {
		return errors.Join(ErrPairingDigits, a.Refuse(ctx))
	}
	return ErrPairingDigits
}

// CheckCode takes the text of the new device's QR code instead of digits. Errors: pairing.ErrCode, ErrPairingDigits for the code of
// another device.
func (a *Approval) CheckCode(text string) error {
	code, err := pairing.ParseCode(text)
	if err != nil {
		return err
	}
	if !code.Names(a.request, a.device) {
		return ErrPairingDigits
	}
	a.compared = true
	return nil
}

// Device is the name of the device that asks, as it has chosen it.
func (a *Approval) Device() string { return a.device.Name }

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

// Approve lists the new device and hands it the Secret Key. It needs the master password, so that nobody lets a device of his own in at
// a PC that was left unlocked; a wrong one is found here, and nothing is sent. After an error it may be called again: what was lost on
// the way is looked up in the log.
//
// Errors: ErrWrongPassword, ErrPairingRefused if the request is over, ErrKeysChanged, ErrChangeWaits, ErrOffline, ErrLocked.
func (a *Approval) Approve(ctx context.Context, password secret.Bytes) error {
	if !a.compared {
		return errors.New("approve device: nothing was compared yet")
	}
	u := a.u
	return u.withSync(ctx, func(ctx context.Context) error {
		if err := u.checkPassword(ctx, password); err != nil {
			return err
		}
		if err := u.goOnWithChange(ctx); err != nil {
			return err
		}
		var err error
		for range maxEntryTries { // another device may be quicker with an entry of its own
			if err = a.tryApprove(ctx); !remote.IsCode(err, wire.CodeConflict) {
				break
			}
		}
		if remote.IsCode(err, wire.CodeNotFound) {
			return fromPairing(err)
		}
		return err
	})
}

func (a *Approval) tryApprove(ctx context.Context) error {
	u := a.u
	if err := u.catchUp(ctx); err != nil {
		return err
	}
	if !a.landed() {
		opened, err := u.opened(ctx)
		if err != nil {
			return err
		}
		change, err := opened.Approve(enrol.Request{Pairing: a.request, Commitment: a.offer.Commitment(), Device: a.device})
		if err != nil {
			return err
		}
		if err := u.postChange(ctx, change); err != nil {
			return err
		}
		if err := u.engine.CatchUpLog(ctx); err != nil {
			return err
		}
	}
	u.roster.note(u.own.account.Log)
	if len(u.NewDevices()) > 1 {
		return nil // others came too: the user is told of all
	}
	seq, _ := u.own.account.Log.Head()
	return u.keepSeen(ctx, seq) // the user has just let it in
}

// landed tells whether the log has the approval already: its answer was lost.
func (a *Approval) landed() bool {
	for _, d := range a.u.own.account.Log.Devices() {
		if d.Device == a.device.Device && d.Key == a.device.Key && d.Approver == a.answer.Approver && d.Revoked == 0 {
			return true
		}
	}
	return false
}
