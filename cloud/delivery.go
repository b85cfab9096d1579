package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/coffer-vault/coffer/crypto/id"
)

// DeliveryState says how far a mail has come.
type DeliveryState string

// The states of a mail. Sent means that our own mail server has it: another one may still give it back.
const (
	MailQueued  DeliveryState = "queued"
	MailSent    DeliveryState = "sent"
	MailRefused DeliveryState = "refused" // by our mail server, for good
	MailBounced DeliveryState = "bounced" // given back by a mail server after ours
	MailLate    DeliveryState = "late"    // of no use any more before a mail server took it
)

// deliveryMemory is how long it is known what became of a mail: mail servers try for up to five days before they give one back.
const deliveryMemory = 7 * 24 * time.Hour

const (
	deliverySeal = "coffer/v1/delivery"
	// maxAnswer bounds what is kept of a mail server's words, in bytes.
	maxAnswer = 300
	// maxDeliveries bounds a list for people.
	maxDeliveries = 200
)

// Delivery is the row of one mail. Whose it is, is in it as a keyed hash, to be found by, and sealed, to be told to an operator.
type Delivery struct {
	Mail    string // its id, as in the outbox
	Kind    MailKind
	Address []byte
	Waiting []byte // keyed hash of who waits for the code in it; empty for a notice
	State   DeliveryState
	Sealed  []byte
	Queued  int64
	Changed int64
}

type deliveryRows interface {
	InsertDelivery(Delivery) error
	Delivery(mailID string) (Delivery, error)
	// DeliveryFor is the newest mail with a code that somebody waits for.
	DeliveryFor(waiting []byte) (Delivery, error)
	// SettleDelivery sets state, sealed and changed. A mail that came back stays so. ErrNone where there is no such row.
	SettleDelivery(Delivery) error
	// FailedDeliveries are the newest in a state, at most so many.
	FailedDeliveries(state DeliveryState, limit int) ([]Delivery, error)
	// CountDeliveries returns how many mails are in a state.
	CountDeliveries(state DeliveryState) (int, error)
	DeliveriesTo(address []byte, limit int) ([]Delivery, error)
	// DeleteDeliveriesTo forgets the mails to an address, also those that wait.
	DeleteDeliveriesTo(address []byte) error
}

// whereabouts is what is sealed in a delivery.
type whereabouts struct {
	To     string
	Answer string `json:",omitempty"` // of a mail server
}

func (s Secret) mailAddress(address string) []byte { return s.mac("coffer/v1/mail-address", address) }

// The ones who wait for a code, by what they alone can name: the id of a sign-up, a device that signs.
func (s Secret) waitingSignup(signupID string) []byte {
	return s.mac("coffer/v1/mail-waiting", "signup", signupID)
}

func (s Secret) waitingDevice(purpose string, account, device id.ID) []byte {
	return s.mac("coffer/v1/mail-waiting", purpose, account, device)
}

func (b *base) sealWhereabouts(w whereabouts) []byte {
	plain, err := json.Marshal(w)
	if err != nil {
		panic(err) // two texts
	}
	return b.secret.seal(deliverySeal, b.bytes(sealNonceSize), plain)
}

// Refusal is the last word of a mail server on a mail. It is the server's code alone: the words beside it may name the address.
type Refusal struct{ Answer string }

func (r *Refusal) Error() string { return "mail server answered " + r.Answer }

// Unwrap makes it an ErrUndeliverable.
func (r *Refusal) Unwrap() error { return ErrUndeliverable }

// settle notes how a mail ended. A mail that a version before has queued has no row.
func (o *Outbox) settle(tx Tx, q QueuedMail, failure error) error {
	row, err := tx.Delivery(q.ID)
	if errors.Is(err, ErrNone) {
		return nil
	} else if err != nil {
		return err
	}
	row.State, row.Changed = MailSent, o.time()
	var refusal *Refusal
	switch {
	case errors.As(failure, &refusal):
		row.State = MailRefused
		row.Sealed, err = o.answered(row.Sealed, refusal.Answer)
	case failure != nil && o.time() >= q.Expires:
		row.State = MailLate
	case failure != nil:
		row.State = MailRefused // by ourselves: it has no address, or cannot be opened
	}
	if err != nil {
		return err
	}
	return settled(tx.SettleDelivery(row))
}

// settled lets a row be gone: the janitor or an erasure was first, and a mail that came back stays so.
func settled(err error) error {
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

// answered adds to sealed whereabouts what a mail server said.
func (b *base) answered(sealed []byte, answer string) ([]byte, error) {
	plain, err := b.secret.open(deliverySeal, sealed)
	if err != nil {
		return nil, fmt.Errorf("row of a mail: %w", err)
	}
	var w whereabouts
	if err := json.Unmarshal(plain, &w); err != nil {
		return nil, fmt.Errorf("row of a mail: %w", err)
	}
	w.Answer = oneLine(answer)
	return b.sealWhereabouts(w), nil
}

// oneLine makes of a stranger's words something that can stand in a list.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxAnswer {
		text = strings.ToValidUTF8(text[:maxAnswer], "")
	}
	return text
}

// Bounce is a mail server's report that a mail was given back.
type Bounce struct {
	Mail   string // its id
	Answer string
}

// Bounced notes that a mail came back. Errors: ErrNotFound for a mail that nobody knows, or knows no more.
func (o *Operator) Bounced(ctx context.Context, b Bounce) error {
	if uuid.Validate(b.Mail) != nil {
		return ErrNotFound
	}
	return orNotFound(o.store.Update(ctx, func(tx Tx) error {
		row, err := tx.Delivery(b.Mail)
		if err != nil {
			return err
		}
		row.State, row.Changed = MailBounced, o.time()
		if row.Sealed, err = o.answered(row.Sealed, b.Answer); err != nil {
			return err
		}
		return settled(tx.SettleDelivery(row))
	}))
}

// state answers who waits for a code. Where nothing is known (the version before has queued the mail, or it was long ago) it is
// on its way, as far as anybody knows.
func (o *Outbox) state(ctx context.Context, waiting []byte) (state DeliveryState, err error) {
	err = o.store.View(ctx, func(tx Tx) error {
		row, err := tx.DeliveryFor(waiting)
		if state = row.State; errors.Is(err, ErrNone) {
			state, err = MailQueued, nil
		}
		return err
	})
	return state, err
}

// MailState says what became of the code's mail. The id of the sign-up is what its holder alone knows, and whether the address has an
// account changes nothing. Errors: ErrCodeExpired.
func (s *SignUp) MailState(ctx context.Context, signupID string) (DeliveryState, error) {
	if uuid.Validate(signupID) != nil {
		return "", ErrCodeExpired
	}
	err := s.store.View(ctx, func(tx Tx) error {
		_, err := tx.Signup(signupID)
		return err
	})
	if errors.Is(err, ErrNone) {
		return "", ErrCodeExpired
	} else if err != nil {
		return "", err
	}
	return s.outbox.state(ctx, s.secret.waitingSignup(signupID))
}

// MailState says what became of the mail with the code for the caller, a device that waits.
func (s *SignIn) MailState(ctx context.Context, c Caller) (DeliveryState, error) {
	return s.outbox.state(ctx, s.secret.waitingDevice("device", c.Account, c.Device))
}

// MailState says what became of the mail with the code for the caller, a device that recovers.
func (s *Recoveries) MailState(ctx context.Context, c Caller) (DeliveryState, error) {
	return s.outbox.state(ctx, s.secret.waitingDevice("recovery", c.Account, c.Device))
}

// EmailState says what became of the mail with one of the two codes for the caller, a device that changes the account's address. Where the
// new one has an account it is that of the mail that says so.
func (a *Accounts) EmailState(ctx context.Context, c Caller, fresh bool) (DeliveryState, error) {
	purpose := "email-old"
	if fresh {
		purpose = "email-new"
	}
	return a.outbox.state(ctx, a.secret.waitingDevice(purpose, c.Account, c.Device))
}

// SentMail is what an operator is told of a mail.
type SentMail struct {
	ID      string        `json:"id"`
	Kind    MailKind      `json:"kind"`
	To      string        `json:"to"`
	State   DeliveryState `json:"state"`
	Answer  string        `json:"answer,omitempty"` // of a mail server
	Queued  time.Time     `json:"queued"`
	Changed time.Time     `json:"changed"`
}

// FailedMails returns the newest that were refused, came back, or were too late.
func (o *Operator) FailedMails(ctx context.Context) (out []SentMail, err error) {
	err = o.store.View(ctx, func(tx Tx) error {
		out = nil
		for _, state := range []DeliveryState{MailRefused, MailBounced, MailLate} {
			rows, err := tx.FailedDeliveries(state, maxDeliveries)
			if err != nil {
				return err
			}
			if out, err = o.tell(out, rows); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// CountMails returns how many mails of the last week ended in a state.
func (o *Operator) CountMails(ctx context.Context, state DeliveryState) (n int, err error) {
	err = o.store.View(ctx, func(tx Tx) (err error) {
		n, err = tx.CountDeliveries(state)
		return err
	})
	return n, err
}

// MailsTo returns what is known of the mails to an address, the newest first. Errors: ErrInvalid.
func (o *Operator) MailsTo(ctx context.Context, address string) (out []SentMail, err error) {
	email, err := normalEmail(address)
	if err != nil {
		return nil, err
	}
	err = o.store.View(ctx, func(tx Tx) (err error) {
		out, err = o.mailsTo(tx, email)
		return err
	})
	return out, err
}

func (o *Operator) mailsTo(tx Tx, email string) ([]SentMail, error) {
	rows, err := tx.DeliveriesTo(o.secret.mailAddress(email), maxDeliveries)
	if err != nil {
		return nil, err
	}
	return o.tell(nil, rows)
}

func (o *Operator) tell(out []SentMail, rows []Delivery) ([]SentMail, error) {
	for _, row := range rows {
		plain, err := o.secret.open(deliverySeal, row.Sealed)
		if err != nil {
			return nil, fmt.Errorf("mail %s: %w", row.Mail, err)
		}
		var w whereabouts
		if err := json.Unmarshal(plain, &w); err != nil {
			return nil, fmt.Errorf("mail %s: %w", row.Mail, err)
		}
		out = append(out, SentMail{
			ID: row.Mail, Kind: row.Kind, To: w.To, State: row.State, Answer: w.Answer,
			Queued: time.UnixMilli(row.Queued).UTC(), Changed: time.UnixMilli(row.Changed).UTC(),
		})
	}
	return out, nil
}
