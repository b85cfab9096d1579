package cloud

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/netip"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
)

const (
	// DefaultRecoveryDelay is how long every device has to cancel a recovery.
	DefaultRecoveryDelay = 24 * time.Hour
	// recoveryWindow is how long after the delay a recovery can be used.
	recoveryWindow = 7 * 24 * time.Hour
)

// Recoveries lets in who has the recovery code and the mailbox, after a delay in which any device can say no.
type Recoveries struct {
	*prover
	outbox   *Outbox
	sessions *Sessions
	events   *Events
	delay    time.Duration
}

// Recovery is one on its way: it waits for its mailed code, then for its time.
type Recovery struct {
	Account id.ID
	NewDevice
	Language string
	Code     MailedCode
	Started  int64
	ReadyAt  int64 // 0 until the code was right
	Expires  int64
}

// over tells whether a recovery is over, or is one that nobody could wait for (docs/crash-safety.md, Clocks).
func (s *Recoveries) over(r Recovery) bool {
	return over(s.time(), r.Expires, s.delay+recoveryWindow)
}

func (r Recovery) ready(now int64) bool { return r.ReadyAt > 0 && now >= r.ReadyAt && now < r.Expires }

type recoveryRows interface {
	PutRecovery(Recovery) error
	Recovery(account, device id.ID) (Recovery, error)
	// RecoveryUnderWay finds the one recovery of an account whose code was right.
	RecoveryUnderWay(account id.ID) (Recovery, error)
	DeleteRecoveries(account id.ID) error
}

// Lookup finds the account of a recovery code by its tag.
func (s *Recoveries) Lookup(ctx context.Context, tag []byte) (LookedUp, error) {
	return s.lookup(ctx, forRecovery, tag, func(tx Tx) (Account, error) { return tx.AccountByRecoveryTag(tag) })
}

// Challenge returns a nonce for one proof, for any account id.
func (s *Recoveries) Challenge(ctx context.Context, account id.ID) (Challenge, error) {
	return s.challenge(ctx, account, forRecovery)
}

// RecoveryProof shows that a new device's user has the recovery code.
type RecoveryProof struct {
	Account           id.ID
	Email             string
	Device            NewDevice
	Nonce             []byte
	Expires           int64
	RecoverySignature []byte
	DeviceSignature   []byte
	Language          string
	From              netip.Addr // that the request came from
}

// Start checks a proof of the recovery code and mails a code to the account's address. Errors: ErrInvalid, ErrProofFailed, *SlowDown.
func (s *Recoveries) Start(ctx context.Context, p RecoveryProof) (codeExpires int64, err error) {
	if err := p.Device.check(); err != nil {
		return 0, err
	}
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		claimed := Challenge{Nonce: p.Nonce, Purpose: forRecovery, Account: p.Account, Expires: p.Expires}
		account, verdict, failure := s.judge(tx, claimed, id.ID{}, func(a Account) bool { return s.right(a, p) })
		if verdict != nil || failure != nil {
			return verdict, failure
		}
		codeExpires, failure = s.mailCode(tx, account, p)
		if refused(failure) {
			return failure, nil
		}
		return nil, failure
	})
	s.outbox.nudge()
	return codeExpires, err
}

// right checks both signatures and the address, all three in every case.
func (s *Recoveries) right(a Account, p RecoveryProof) bool {
	message := proof.Recovery{
		Origin: s.origin, Account: p.Account, Email: p.Email, Device: p.Device.ID, DeviceKey: p.Device.Key, Nonce: p.Nonce, Expires: p.Expires,
	}.Message()
	recovery := s.verify(s.recoveryKey(a), signing.Recovery, message, p.RecoverySignature)
	device := s.verify(p.Device.Key, signing.DeviceProof, message, p.DeviceSignature)
	email, _ := normalEmail(p.Email)
	sameEmail := hmac.Equal([]byte(email), []byte(a.Email))
	return recovery == nil && device == nil && sameEmail
}

// mailCode puts the recovery to the place of the same device's before. One that is under way stays so, until its time is over and no
// longer: whoever waited once must not be let in for ever.
func (s *Recoveries) mailCode(tx Tx, a Account, p RecoveryProof) (expires int64, err error) {
	switch _, err := tx.Device(a.ID, p.Device.ID); {
	case err == nil:
		return 0, invalid("a recovery makes a new device")
	case !errors.Is(err, ErrNone):
		return 0, err
	}
	r, err := tx.Recovery(a.ID, p.Device.ID)
	if err != nil && !errors.Is(err, ErrNone) {
		return 0, err
	}
	if s.over(r) {
		r = Recovery{NewDevice: p.Device}
	}
	if r.NewDevice != p.Device {
		return 0, invalid("device id has other keys")
	}
	if err := s.countMail(tx, "recovery", a.ID); err != nil {
		return 0, err
	}
	code, remembered := s.issueCode("recovery", a.ID, p.Device.ID, p.Device.Key[:])
	r.Account, r.Language, r.Code = a.ID, knownLanguage(p.Language), remembered
	if r.ReadyAt == 0 {
		r.Expires = remembered.Expires
	}
	if err := tx.PutRecovery(r); err != nil {
		return 0, err
	}
	return remembered.Expires, s.outbox.addFor(tx, Mail{
		To: a.Email, Language: a.language(r.Language), Kind: MailRecoveryCode, Code: code,
		Device: r.Name, Platform: r.Platform, Time: s.time(), From: p.From, Expires: remembered.Expires,
	}, s.secret.waitingDevice("recovery", r.Account, r.ID))
}

// ByRecovery finds the key of a device that recovers, for the signature of its request. Where there is none it returns a key that
// nobody has, so that the caller cannot tell, and does the same work.
func (s *Recoveries) ByRecovery(ctx context.Context, account, device id.ID) (Caller, error) {
	caller := Caller{Account: account, Device: device, Key: s.dummy}
	err := s.store.View(ctx, func(tx Tx) error {
		r, err := tx.Recovery(account, device)
		if errors.Is(err, ErrNone) {
			return nil
		}
		caller.Key = r.Key
		return err
	})
	return caller, err
}

// own returns the row that the caller's signature was verified for. Errors: ErrCodeExpired.
func (s *Recoveries) own(tx Tx, c Caller) (Recovery, error) {
	r, err := tx.Recovery(c.Account, c.Device)
	if errors.Is(err, ErrNone) || (err == nil && (r.Key != c.Key || s.over(r))) {
		return Recovery{}, ErrCodeExpired
	}
	return r, err
}

// Verify trades the mailed code for the beginning of the delay, and tells the mailbox and all devices. It ends a recovery that another
// device has under way. Errors: *CodeWrong, ErrCodeExpired.
func (s *Recoveries) Verify(ctx context.Context, c Caller, code string) (readyAt int64, err error) {
	began := false
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		began = false
		r, err := s.own(tx, c)
		if errors.Is(err, ErrCodeExpired) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		if r.ReadyAt > 0 {
			readyAt = r.ReadyAt // the answer was lost
			return nil, nil
		}
		if verdict := s.tryCode(&r.Code, code, "recovery", r.Account, r.ID, r.Key[:]); verdict != nil {
			return verdict, tx.PutRecovery(r)
		}
		began = true
		readyAt, failure = s.begin(tx, r, c.From)
		return nil, failure
	})
	if began && err == nil {
		s.events.publish(c.Account, Event{Notice: Notice{Devices: true}})
		s.outbox.nudge()
	}
	return readyAt, err
}

func (s *Recoveries) begin(tx Tx, r Recovery, from netip.Addr) (readyAt int64, err error) {
	a, err := tx.Account(r.Account)
	if err != nil {
		return 0, err
	}
	if err := endRecoveries(tx, r.Account); err != nil {
		return 0, err
	}
	r.Started = s.time()
	r.ReadyAt = r.Started + millis(s.delay)
	r.Expires = r.ReadyAt + millis(recoveryWindow)
	if err := tx.PutRecovery(r); err != nil {
		return 0, err
	}
	return r.ReadyAt, s.outbox.add(tx, Mail{
		To: a.Email, Language: a.language(r.Language), Kind: MailRecoveryStarted,
		Device: r.Name, Platform: r.Platform, Time: r.Started, From: from, ReadyAt: r.ReadyAt,
	})
}

// endRecoveries ends all recoveries of an account, whatever they wait for.
func endRecoveries(tx Tx, account id.ID) error {
	r, err := tx.RecoveryUnderWay(account)
	if err == nil {
		err = tx.DeleteDeviceSessions(account, r.ID)
	}
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	return tx.DeleteRecoveries(account)
}

// Open opens a session that may read, and change the account once. Errors: *RecoveryWaits, ErrCodeExpired.
func (s *Recoveries) Open(ctx context.Context, c Caller) (tokens Tokens, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		r, err := s.own(tx, c)
		switch {
		case err != nil:
			return err
		case r.ReadyAt == 0:
			return ErrCodeExpired
		case !r.ready(s.time()):
			return &RecoveryWaits{ReadyAt: r.ReadyAt}
		}
		tokens, err = s.sessions.open(tx, r.Account, r.ID)
		return err
	})
	return tokens, err
}

// Cancel ends a recovery, and those that wait for their codes. Errors: ErrNotFound, ErrDeviceUnlisted.
func (s *Recoveries) Cancel(ctx context.Context, c Caller) error {
	err := s.store.Update(ctx, func(tx Tx) error {
		if _, err := ownListed(tx, c); err != nil {
			return err
		}
		a, err := ownAccount(tx, c)
		if err != nil {
			return err
		}
		r, err := tx.RecoveryUnderWay(c.Account)
		if err != nil {
			return orNotFound(err)
		}
		if err := endRecoveries(tx, c.Account); err != nil {
			return err
		}
		return s.outbox.add(tx, Mail{
			To: a.Email, Language: a.language(r.Language), Kind: MailRecoveryCancelled,
			Device: r.Name, Platform: r.Platform, Time: s.time(), From: c.From,
		})
	})
	if err == nil {
		s.events.publish(c.Account, Event{Notice: Notice{Devices: true}})
		s.outbox.nudge()
	}
	return err
}
