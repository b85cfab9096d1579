package screen

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// NewDevice lets this PC into an account with the help of another device of it.
type NewDevice struct {
	Sheet
	config  NewDeviceConfig
	pairing *session.Pairing
}

// NewDeviceConfig is what the pairing works with.
type NewDeviceConfig struct {
	Manager       *session.Manager
	Origin, Email string
	Close         func()
	Opened        func(*session.Unlocked)
}

// NewNewDevice asks the devices of the account at once.
func NewNewDevice(env *Env, config NewDeviceConfig) *NewDevice {
	n := &NewDevice{config: config}
	n.start(env, "newDevice", config.Close)
	n.ask()
	return n
}

// ask begins another request.
func (n *NewDevice) ask() {
	n.show(sheetPage{name: "ask", wait: true})
	n.watch(func(ctx context.Context) (err error) {
		n.pairing, err = n.config.Manager.BeginPairing(ctx, n.config.Origin, n.config.Email)
		return err
	}, func(err error) {
		if err != nil {
			n.ended(err)
			return
		}
		n.waitPage()
	})
}

// waitPage waits until another device takes the request up.
func (n *NewDevice) waitPage() {
	n.show(sheetPage{
		name: "wait", args: []any{"email", n.config.Email}, qr: n.pairing.Code(), wait: true, links: []string{"copy"},
		act: func(string, string) { n.copyCode() },
	})
	n.watch(n.pairing.Answered, func(err error) {
		if err != nil {
			n.ended(err)
			return
		}
		n.digitsPage()
	})
}

// codeStays is how long the text of the code lies on the clipboard.
const codeStays = time.Minute

// copyCode puts the text of the code on the clipboard, for who can send it to the other device by a way of his own.
func (n *NewDevice) copyCode() {
	code := secret.FromString(n.pairing.Code())
	Run(n.run, func(context.Context) (struct{}, error) {
		defer code.Wipe()
		return struct{}{}, n.env.Clipboard.Copy(code, codeStays)
	}, func(_ struct{}, err error) {
		if err != nil {
			n.fail(err)
		}
	})
}

// digitsPage shows this device's digits and waits for the other's yes.
func (n *NewDevice) digitsPage() {
	n.show(sheetPage{name: "digits", digits: n.pairing.Digits(), wait: true})
	n.watch(n.pairing.Approved, func(err error) {
		if err != nil {
			n.ended(err)
			return
		}
		n.confirmPage()
	})
}

// confirmPage asks for the digits that the other device shows: there is one try.
func (n *NewDevice) confirmPage() {
	delete(n.texts, "digits")
	field := SheetField{ID: "digits", Label: n.text("screen.newDevice.confirm.field"), Placeholder: "123 456", Kind: FieldDigits}
	n.show(sheetPage{name: "confirm", fields: []SheetField{field}, submit: func() {
		if err := n.pairing.Confirm(n.texts["digits"]); err != nil {
			n.ended(err)
			return
		}
		n.passwordPage()
	}})
}

func (n *NewDevice) passwordPage() {
	n.show(sheetPage{name: "password", fields: []SheetField{n.passwordField()}, submit: func() {
		password := n.password(fieldPassword)
		openLate(&n.Sheet, password, func(ctx context.Context, password secret.Bytes) (*session.Unlocked, error) {
			u, err := n.pairing.Finish(ctx, password, nil)
			if errors.Is(err, session.ErrProofFailed) {
				err = session.ErrWrongPassword // address and Secret Key came from the other device
			}
			return u, err
		}, n.config.Opened)
	}})
}

// ended says why the request is over, and offers another.
func (n *NewDevice) ended(err error) {
	n.show(sheetPage{name: "ended", submit: n.ask})
	n.fail(err)
}

// openLate opens an account; a vault that comes for a screen that is gone is locked.
func openLate(s *Sheet, password secret.Bytes, open func(context.Context, secret.Bytes) (*session.Unlocked, error), opened func(*session.Unlocked)) {
	s.busy, s.problem = true, Message{}
	s.cancel = RunOwned(s.run, func(ctx context.Context) (*session.Unlocked, error) {
		defer password.Wipe()
		return open(ctx, password)
	}, func(u *session.Unlocked, err error) {
		s.busy, s.cancel = false, nil
		if err != nil {
			s.fail(err)
			return
		}
		opened(u)
	}, lockLate)
	s.changed()
}
