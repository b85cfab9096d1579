package cloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Operator is what whoever runs the server may see and do. It keeps nothing in memory, so it may work beside a server on the same store.
type Operator struct{ *base }

// NewOperator works on a store and its server's secret.
func NewOperator(s Store, secret Secret) *Operator {
	return &Operator{&base{store: s, secret: secret, now: time.Now, random: rand.Reader}}
}

// MailQueue returns how many mails wait to be sent, and since when the oldest does; the zero time without one.
func (o *Operator) MailQueue(ctx context.Context) (waiting int, since time.Time, err error) {
	var oldest string
	err = o.store.View(ctx, func(tx Tx) (err error) {
		waiting, oldest, err = tx.MailQueue()
		return err
	})
	if err != nil || oldest == "" {
		return waiting, since, err
	}
	row, err := uuid.Parse(oldest)
	if err != nil {
		return waiting, since, fmt.Errorf("id of a mail: %w", err)
	}
	return waiting, time.Unix(row.Time().UnixTime()), nil
}

// Find returns the account of an address. Errors: ErrNotFound, ErrInvalid.
func (o *Operator) Find(ctx context.Context, email string) (account id.ID, err error) {
	email, err = normalEmail(email)
	if err != nil {
		return account, err
	}
	err = o.store.View(ctx, func(tx Tx) error {
		row, err := tx.AccountByEmail(email)
		account = row.ID
		return err
	})
	return account, orNotFound(err)
}

// Erase removes an account and every row that names it. What is left names nobody: counters under a keyed hash, for two days. Its
// sessions end with it; a stream that is open ends with its access token. Errors: ErrNotFound.
func (o *Operator) Erase(ctx context.Context, account id.ID) error {
	return orNotFound(o.store.Update(ctx, func(tx Tx) error {
		row, err := tx.Account(account)
		if err != nil {
			return err
		}
		return erase(tx, row, o.secret)
	}))
}

// erase removes an account with the mails to its address, also those that wait.
func erase(tx Tx, a Account, secret Secret) error {
	return errors.Join(tx.DeleteAccount(a.ID), tx.DeleteDeliveriesTo(secret.mailAddress(a.Email)))
}
