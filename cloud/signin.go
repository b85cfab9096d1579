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
	nonceSize         = 32
	challengeLifetime = 5 * time.Minute
	// freeProofs wrong proofs cost nothing; every further one doubles the wait, from a second to maxProofWait.
	freeProofs   = 10
	maxProofWait = 15 * time.Minute
	// proofMemory is how long after the last wrong proof it is forgotten.
	proofMemory = 24 * time.Hour
	tagSize     = 32
)

// SignIn proves who is there and admits new devices.
type SignIn struct {
	*prover
	outbox   *Outbox
	sessions *Sessions
}

type signinRows interface {
	InsertChallenge(Challenge) error
	// TakeChallenge returns and removes a challenge, so that one nonce serves one proof.
	TakeChallenge(nonce []byte) (Challenge, error)
	// WrongProofs is zero where there were none. device is zero for all that are none of the account's.
	WrongProofs(account, device id.ID) (WrongProofs, error)
	PutWrongProofs(account, device id.ID, w WrongProofs) error
	PutPendingDevice(PendingDevice) error
	PendingDevice(account, device id.ID) (PendingDevice, error)
	DeletePendingDevice(account, device id.ID) error
	DeletePendingDevices(account id.ID) error
	// Count raises the counter of a subject on a day and returns it.
	Count(subject []byte, day int64) (int, error)
}

// WrongProofs counts what somebody tried on an account, existing or not.
type WrongProofs struct {
	Count int
	Last  int64
}

// left is how long from now the next proof is not looked at. A last one that lies ahead is from before the clock was set back, and
// keeps nobody waiting: it could be for days.
func (w WrongProofs) left(now int64) time.Duration {
	if w.Last > now {
		return 0
	}
	return w.wait() - time.Duration(now-w.Last)*time.Millisecond
}

// wait is how long after the last wrong proof the next one is looked at.
func (w WrongProofs) wait() time.Duration {
	over := w.Count - freeProofs
	if over <= 0 {
		return 0
	}
	if over > 10 { // 2^10 s is more than the maximum
		return maxProofWait
	}
	return min(time.Second<<(over-1), maxProofWait)
}

// PendingDevice is a new device that has proved password and Secret Key and waits for its code.
type PendingDevice struct {
	Account id.ID
	NewDevice
	Language string
	Code     MailedCode
}

// Lookup finds the account of a Secret Key by its tag.
func (s *SignIn) Lookup(ctx context.Context, tag []byte) (LookedUp, error) {
	return s.lookup(ctx, forSignIn, tag, func(tx Tx) (Account, error) { return tx.AccountByTag(tag) })
}

// Challenge returns a nonce for one proof, for any account id.
func (s *SignIn) Challenge(ctx context.Context, account id.ID) (Challenge, error) {
	return s.challenge(ctx, account, forSignIn)
}

// Proof is a client's answer to a challenge.
type Proof struct {
	Account         id.ID
	Email           string
	Device          NewDevice
	Nonce           []byte
	Expires         int64
	LoginSignature  []byte
	DeviceSignature []byte
	Language        string
	From            netip.Addr // that the request came from
}

func (p Proof) message(origin string) []byte {
	return proof.SignIn{
		Origin: origin, Account: p.Account, Email: p.Email, Device: p.Device.ID, DeviceKey: p.Device.Key, Nonce: p.Nonce, Expires: p.Expires,
	}.Message()
}

// Proved is a session for a device that the account knows, or the expiry of the code that was mailed for a new one.
type Proved struct {
	Tokens      *Tokens
	CodeExpires int64
}

// Prove checks a proof of password and Secret Key. Errors: ErrInvalid, ErrProofFailed, ErrDeviceRevoked, *SlowDown.
func (s *SignIn) Prove(ctx context.Context, p Proof) (out Proved, err error) {
	if err := p.Device.check(); err != nil {
		return Proved{}, err
	}
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		signed := s.verify(p.Device.Key, signing.DeviceProof, p.message(s.origin), p.DeviceSignature) == nil
		own, failure := ownDevice(tx, p, signed)
		if failure != nil {
			return nil, failure
		}
		claimed := Challenge{Nonce: p.Nonce, Purpose: forSignIn, Account: p.Account, Expires: p.Expires}
		account, verdict, failure := s.judge(tx, claimed, own, func(a Account) bool { return s.right(a, p, !own.IsZero()) && signed })
		if verdict != nil || failure != nil {
			return verdict, failure
		}
		out, failure = s.admit(tx, account, p)
		if refused(failure) {
			return failure, nil
		}
		return nil, failure
	})
	s.outbox.nudge()
	return out, err
}

// refused tells decisions that stand from failures that roll back.
func refused(err error) bool {
	var slow *SlowDown
	return errors.Is(err, ErrDeviceRevoked) || errors.Is(err, ErrInvalid) || errors.As(err, &slow)
}

// ownDevice is the account's listed device that signed the proof, zero for any other. It is asked for every account, existing or not.
func ownDevice(tx Tx, p Proof, signed bool) (id.ID, error) {
	d, err := tx.Device(p.Account, p.Device.ID)
	if err != nil && !errors.Is(err, ErrNone) {
		return id.ID{}, err
	}
	if err != nil || !signed || d.Key != p.Device.Key || d.Status != DeviceListed {
		return id.ID{}, nil
	}
	return d.ID, nil
}

// right checks the login key's signature and the address, both in every case. A listed device need not know the address: another one
// may have changed it meanwhile.
func (s *SignIn) right(account Account, p Proof, listed bool) bool {
	login := s.verify(account.LoginKey, signing.SignIn, p.message(s.origin), p.LoginSignature)
	email, _ := normalEmail(p.Email)
	sameEmail := hmac.Equal([]byte(email), []byte(account.Email))
	return login == nil && (sameEmail || listed)
}

// admit lets a known device in and has a code mailed for a new one.
func (s *SignIn) admit(tx Tx, account Account, p Proof) (Proved, error) {
	known, err := tx.Device(account.ID, p.Device.ID)
	switch {
	case errors.Is(err, ErrNone):
		expires, err := s.mailCode(tx, account, PendingDevice{Account: account.ID, NewDevice: p.Device, Language: knownLanguage(p.Language)}, p.From)
		return Proved{CodeExpires: expires}, err
	case err != nil:
		return Proved{}, err
	case known.Status == DeviceRevoked:
		return Proved{}, ErrDeviceRevoked
	case known.Key != p.Device.Key || known.Receive != p.Device.Receive:
		return Proved{}, invalid("device id has other keys")
	}
	tokens, err := s.sessions.open(tx, account.ID, known.ID)
	if err != nil {
		return Proved{}, err
	}
	return Proved{Tokens: &tokens}, errors.Join(tx.TouchDevice(account.ID, known.ID, s.time()), speaks(tx, account, p.Language))
}

// mailCode replaces the code of a pending device: one is outstanding at a time.
func (s *SignIn) mailCode(tx Tx, to Account, d PendingDevice, from netip.Addr) (expires int64, err error) {
	if err := s.countMail(tx, "device", d.Account); err != nil {
		return 0, err
	}
	code, remembered := s.issueCode("device", d.Account, d.ID, d.Key[:])
	d.Code = remembered
	if err := tx.PutPendingDevice(d); err != nil {
		return 0, err
	}
	return remembered.Expires, s.outbox.addFor(tx, Mail{
		To: to.Email, Language: to.language(d.Language), Kind: MailDeviceCode, Code: code,
		Device: d.Name, Platform: d.Platform, Time: s.time(), From: from, Expires: remembered.Expires,
	}, s.secret.waitingDevice("device", d.Account, d.ID))
}

// ByPending finds the key that a new device introduced itself with, for the signature of its request. Where there is none it
// returns a key that nobody has, so that the caller cannot tell, and does the same work. Errors: none of the domain.
func (s *SignIn) ByPending(ctx context.Context, account, device id.ID) (Caller, error) {
	caller := Caller{Account: account, Device: device, Key: s.dummy}
	err := s.store.View(ctx, func(tx Tx) error {
		d, err := tx.PendingDevice(account, device)
		if errors.Is(err, ErrNone) {
			return nil
		}
		caller.Key = d.Key
		return err
	})
	return caller, err
}

// pending returns the row that the caller's signature was verified for. Errors: ErrCodeExpired.
func pending(tx Tx, c Caller) (PendingDevice, error) {
	d, err := tx.PendingDevice(c.Account, c.Device)
	if errors.Is(err, ErrNone) || (err == nil && d.Key != c.Key) {
		return PendingDevice{}, ErrCodeExpired
	}
	return d, err
}

// VerifyDevice trades the mailed code for a session and tells the account's owner. Errors: *CodeWrong, ErrCodeExpired, ErrTaken where
// another device of the account has let it in meanwhile.
func (s *SignIn) VerifyDevice(ctx context.Context, c Caller, code string) (tokens Tokens, err error) {
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		d, err := pending(tx, c)
		if errors.Is(err, ErrCodeExpired) {
			return err, nil
		} else if err != nil {
			return nil, err
		}
		if verdict := s.tryCode(&d.Code, code, "device", d.Account, d.ID, d.Key[:]); verdict != nil {
			return verdict, tx.PutPendingDevice(d)
		}
		tokens, failure = s.enrol(tx, d, c.From)
		return nil, failure
	})
	if errors.Is(err, ErrExists) {
		return Tokens{}, ErrTaken
	}
	s.outbox.nudge()
	return tokens, err
}

func (s *SignIn) enrol(tx Tx, d PendingDevice, from netip.Addr) (Tokens, error) {
	account, err := tx.Account(d.Account)
	if err != nil {
		return Tokens{}, err
	}
	if err := tx.DeletePendingDevice(d.Account, d.ID); err != nil {
		return Tokens{}, err
	}
	if err := tx.InsertDevice(d.row(d.Account, DeviceVerified, s.time())); err != nil {
		return Tokens{}, err
	}
	notice := Mail{
		To: account.Email, Language: account.language(d.Language), Kind: MailNewDevice, Device: d.Name, Platform: d.Platform, Time: s.time(), From: from,
	}
	if err := errors.Join(s.outbox.add(tx, notice), speaks(tx, account, d.Language)); err != nil {
		return Tokens{}, err
	}
	return s.sessions.open(tx, d.Account, d.ID)
}

// Resend mails another code to a pending device. Errors: ErrCodeExpired, *SlowDown.
func (s *SignIn) Resend(ctx context.Context, c Caller) (expires int64, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		d, err := pending(tx, c)
		if err != nil {
			return err
		}
		account, err := tx.Account(d.Account)
		if err != nil {
			return err
		}
		expires, err = s.mailCode(tx, account, d, c.From)
		return err
	})
	s.outbox.nudge()
	return expires, err
}
