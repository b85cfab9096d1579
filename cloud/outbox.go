package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"
)

// MailKind says what a mail is for.
type MailKind string

// The mails that the server sends.
const (
	MailSignupCode        MailKind = "signup-code"
	MailSignupExists      MailKind = "signup-exists"
	MailDeviceCode        MailKind = "device-code"
	MailNewDevice         MailKind = "new-device"
	MailDeviceRemoved     MailKind = "device-removed"
	MailKeysChanged       MailKind = "keys-changed"
	MailRecoveryCode      MailKind = "recovery-code"
	MailRecoveryStarted   MailKind = "recovery-started"
	MailRecoveryCancelled MailKind = "recovery-cancelled"
	MailRecovered         MailKind = "recovered"
	MailEmailCodeOld      MailKind = "email-code-old" // to the address that the account has
	MailEmailCodeNew      MailKind = "email-code-new"
	MailEmailExists       MailKind = "email-exists" // instead of the code, to an address that has an account
	MailEmailChanged      MailKind = "email-changed"
	MailAccountDeleted    MailKind = "account-deleted"
)

// Mail is a mail to be. Fields that its kind has no use for are empty.
type Mail struct {
	ID       string `json:"-"` // of its row, once it is sent: a bounce names it
	To       string
	Language string // BCP 47, as the client said; may be empty or nonsense
	Kind     MailKind
	Code     string
	Device   string // name
	Platform string
	Address  string // the new one
	Time     int64
	From     netip.Addr // of the network that the request came from; may be the zero Addr
	ReadyAt  int64      // of a recovery
	Expires  int64      // when it is of no use any more; 0 means noticeLifetime
}

// Sender sends one mail by SMTP. ErrUndeliverable means that trying again is pointless.
type Sender interface {
	Send(ctx context.Context, m Mail) error
}

// ErrUndeliverable is a mail that no server will ever accept.
var ErrUndeliverable = errors.New("mail is undeliverable")

// Mails are retried after firstRetry, then twice as long each time, until they are of no use.
const (
	firstRetry     = 2 * time.Second
	maxRetry       = 10 * time.Minute
	noticeLifetime = 24 * time.Hour
	outboxIdle     = time.Minute
	mailSeal       = "coffer/v1/outbox"
)

// QueuedMail is a row of the outbox. Its content is sealed: a code must not be readable in a copy of the database.
type QueuedMail struct {
	ID       string
	Sealed   []byte
	Attempts int
	NextTry  int64
	Expires  int64
}

type mailRows interface {
	InsertMail(QueuedMail) error
	// ClaimMail takes a mail that is due, counts the attempt and moves NextTry to until, so that a crash or a second worker finds it
	// later. ErrNone if none is due.
	ClaimMail(now, until int64) (QueuedMail, error)
	RetryMail(mailID string, at int64) error
	DeleteMail(mailID string) error
	// NextMail is the earliest NextTry. ErrNone if there is no mail.
	NextMail() (at int64, err error)
	// MailQueue returns how many mails wait, of more than 10,000 so many, and the id of the oldest; empty if there is none.
	MailQueue() (waiting int, oldest string, err error)
	// HurryMails makes what is due later than a moment due at another one, and of no use at the latest after a third.
	HurryMails(later, at, expires int64) error
}

// Outbox sends mails after the transaction that wanted them, again and again until a mail server takes them.
type Outbox struct {
	*base
	sender Sender
	log    *slog.Logger
	wake   chan struct{}
	events *Events
	runs   atomic.Bool // in this process
}

// add queues a mail within the transaction that gives the reason for it.
func (o *Outbox) add(tx Tx, m Mail) error { return o.addFor(tx, m, nil) }

// addFor queues a mail with a code; waiting names who may ask what becomes of it.
func (o *Outbox) addFor(tx Tx, m Mail, waiting []byte) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	now := o.time()
	if m.Expires == 0 {
		m.Expires = now + millis(noticeLifetime)
	}
	mail := QueuedMail{ID: o.rowID(), Sealed: o.secret.seal(mailSeal, o.bytes(sealNonceSize), plain), NextTry: now, Expires: m.Expires}
	if err := tx.InsertMail(mail); err != nil || m.Kind == MailAccountDeleted { // of whom nothing is kept, not for a week either
		return err
	}
	return tx.InsertDelivery(Delivery{
		Mail: mail.ID, Kind: m.Kind, Address: o.secret.mailAddress(m.To), Waiting: waiting, State: MailQueued,
		Sealed: o.sealWhereabouts(whereabouts{To: m.To}), Queued: now, Changed: now,
	})
}

// notice queues a mail to an account's owner that tells of something that a device did, or that was done to it.
func (o *Outbox) notice(tx Tx, to Account, kind MailKind, d Device, from netip.Addr) error {
	return o.add(tx, Mail{To: to.Email, Language: to.language(""), Kind: kind, Device: d.Name, Platform: d.Platform, Time: o.time(), From: from})
}

// nudge wakes Run, in another process where this one has none.
func (o *Outbox) nudge() {
	if o.runs.Load() {
		o.wakeUp()
		return
	}
	o.events.tell(told{Kind: toldMail})
}

func (o *Outbox) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	o.runs.Store(true)
	defer o.runs.Store(false)
	for ctx.Err() == nil {
		next, err := o.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			o.log.Error("outbox", "err", err)
			next = o.now().Add(outboxIdle)
		}
		timer := time.NewTimer(min(next.Sub(o.now()), outboxIdle))
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Deliver sends what is due and returns when to call again. The error is the store's; a mail that fails is only tried again.
func (o *Outbox) Deliver(ctx context.Context) (next time.Time, err error) {
	for {
		var mail QueuedMail
		// The lease is as long as one attempt may take.
		err := o.store.Update(ctx, func(tx Tx) (err error) {
			mail, err = tx.ClaimMail(o.time(), o.time()+millis(outboxIdle))
			return err
		})
		if errors.Is(err, ErrNone) {
			return o.nextTry(ctx)
		} else if err != nil {
			return time.Time{}, err
		}
		if err := o.send(ctx, mail); err != nil {
			return time.Time{}, err
		}
	}
}

func (o *Outbox) send(ctx context.Context, q QueuedMail) error {
	err := o.attempt(ctx, q)
	done := err == nil || errors.Is(err, ErrUndeliverable) || o.time() >= q.Expires
	if err != nil && ctx.Err() == nil { // what ended with the server says nothing about the mail
		o.log.Warn("mail not sent", "mail", q.ID, "attempt", q.Attempts, "given_up", done, "err", err)
	}
	// The answer of the mail server counts even if ctx has ended meanwhile.
	return o.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		// The mail is gone where its account was deleted meanwhile.
		if done {
			return errors.Join(settled(tx.DeleteMail(q.ID)), o.settle(tx, q, err))
		}
		return settled(tx.RetryMail(q.ID, o.time()+millis(retryWait(q.Attempts))))
	})
}

func (o *Outbox) attempt(ctx context.Context, q QueuedMail) error {
	if o.time() >= q.Expires {
		return fmt.Errorf("%w: too late", ErrUndeliverable)
	}
	plain, err := o.secret.open(mailSeal, q.Sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUndeliverable, err)
	}
	var m Mail
	if err := json.Unmarshal(plain, &m); err != nil {
		return fmt.Errorf("%w: %w", ErrUndeliverable, err)
	}
	m.ID = q.ID
	ctx, cancel := context.WithTimeout(ctx, outboxIdle)
	defer cancel()
	return o.sender.Send(ctx, m)
}

// retryWait is the time until the next try after so many attempts.
func retryWait(attempts int) time.Duration {
	if attempts > 10 {
		return maxRetry
	}
	return min(firstRetry<<(attempts-1), maxRetry)
}

func (o *Outbox) nextTry(ctx context.Context) (time.Time, error) {
	var at int64
	err := o.store.View(ctx, func(tx Tx) (err error) {
		at, err = tx.NextMail()
		return err
	})
	if errors.Is(err, ErrNone) {
		return o.now().Add(outboxIdle), nil
	}
	now := o.time()
	if latest := now + millis(maxRetry); err == nil && at > latest {
		at = now
		err = o.hurry(ctx, now, latest)
	}
	return time.UnixMilli(at), err
}

// hurry makes mails due that were put off further than any is: the clock was set back meanwhile.
func (o *Outbox) hurry(ctx context.Context, now, latest int64) error {
	return o.store.Update(ctx, func(tx Tx) error { return tx.HurryMails(latest, now, now+millis(noticeLifetime)) })
}
