// Package cloud is the domain of the server: accounts, sign-in, sessions, and vaults of ciphertext (docs/protocol.md).
//
// What the server knows of a user is a public login key, a signed log of device keys, and sealed bytes. It proves nothing to
// anybody: clients verify all that it says. What it decides is who may ask, and in which order commits come:
//
//	proof of password and Secret Key → known device key, or a code by mail → session → requests signed by the device key
//
// The rules live here and nowhere else. Storage (Store), mail (Sender), clock and random source are given; package api speaks HTTP.
package cloud

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Config is what a Cloud is built from. Every field but Quota and Relay is required.
type Config struct {
	Store  Store
	Secret Secret
	Origin string // scheme, host and port that clients are given; proofs and requests are signed for it
	Mail   Sender
	Now    func() time.Time
	After  func(time.Duration) <-chan time.Time // time.After
	Random io.Reader
	Log    *slog.Logger
	// RecoveryDelay is how long every device has to cancel a recovery; DefaultRecoveryDelay but for tests.
	RecoveryDelay time.Duration
	// Quota is how many bytes of envelopes and chunks an account may have; 0 is DefaultQuota.
	Quota int64
	// Relay is needed where several processes have one Store.
	Relay Relay
}

// Cloud is the server without HTTP.
type Cloud struct {
	SignUp     *SignUp
	SignIn     *SignIn
	Sessions   *Sessions
	Accounts   *Accounts
	Pairings   *Pairings
	Recoveries *Recoveries
	Vaults     *Vaults
	Events     *Events
	Outbox     *Outbox
	Janitor    *Janitor
	Computers  *Computers
}

// New wires the services to one store.
func New(c Config) *Cloud {
	b := &base{store: c.Store, secret: c.Secret, now: c.Now, random: c.Random}
	logs := newLogCache()
	outbox := &Outbox{base: b, sender: c.Mail, log: c.Log, wake: make(chan struct{}, 1)}
	events := newEvents(c.Relay, outbox.wakeUp)
	outbox.events = events
	sessions := &Sessions{base: b, events: events}
	prover := newProver(b, c.Origin)
	return &Cloud{
		SignUp:     &SignUp{base: b, outbox: outbox, sessions: sessions},
		SignIn:     &SignIn{prover: prover, outbox: outbox, sessions: sessions},
		Sessions:   sessions,
		Accounts:   &Accounts{prover: prover, logs: logs, events: events, outbox: outbox},
		Pairings:   &Pairings{base: b, dummy: prover.dummy, events: events, after: c.After},
		Recoveries: &Recoveries{prover: prover, outbox: outbox, sessions: sessions, events: events, delay: c.RecoveryDelay},
		Vaults:     &Vaults{base: b, logs: logs, events: events, quota: cmp.Or(c.Quota, DefaultQuota)},
		Events:     events,
		Outbox:     outbox,
		Janitor:    &Janitor{base: b, log: c.Log},
		Computers:  &Computers{b},
	}
}

// base is what every service needs.
type base struct {
	store  Store
	secret Secret
	now    func() time.Time
	random io.Reader
}

// time is the server's clock in Unix ms, the unit of everything that is stored or sent.
func (b *base) time() int64 { return b.now().UnixMilli() }

// bytes returns n random bytes. A random source that fails leaves nothing safe to do, so it panics and the request ends in a 500.
func (b *base) bytes(n int) []byte {
	out := make([]byte, n)
	if _, err := io.ReadFull(b.random, out); err != nil {
		panic("cloud: random source: " + err.Error())
	}
	return out
}

// rowID is the id of a row that the server makes: time-ordered, so that its index stays compact.
func (b *base) rowID() string {
	id, err := uuid.NewV7FromReader(b.random)
	if err != nil {
		panic("cloud: random source: " + err.Error())
	}
	return id.String()
}

// decide runs do in a transaction that commits although do may decide against the request: a wrong try has to be counted. Only a
// failure rolls back.
func (b *base) decide(ctx context.Context, do func(Tx) (verdict, failure error)) error {
	var verdict error
	err := b.store.Update(ctx, func(tx Tx) error {
		var failure error
		verdict, failure = do(tx)
		return failure
	})
	if err != nil {
		return err
	}
	return verdict
}

func millis(d time.Duration) int64 { return d.Milliseconds() }
