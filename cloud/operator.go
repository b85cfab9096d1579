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

// Held is all that the server knows of a person, in plain words. What is sealed is named with its size and not repeated: the server
// cannot open it, and the person's own program exports what is in it.
type Held struct {
	Account   HeldAccount     `json:"account"`
	Devices   []HeldDevice    `json:"devices"`
	Log       []HeldEntry     `json:"account_log"`
	Vaults    []HeldVault     `json:"vaults"`
	Recovery  *HeldRecovery   `json:"recovery,omitempty"`
	NewEmail  *HeldNewAddress `json:"change_of_address,omitempty"`
	Mails     []SentMail      `json:"mails,omitempty"` // to the address, of the last week
	UsedBytes int64           `json:"used_bytes"`
}

// HeldAccount is the account's own row.
type HeldAccount struct {
	ID          string    `json:"id"`
	Email       string    `json:"email"`
	Created     time.Time `json:"created"`
	Generation  uint64    `json:"generation"`
	Profile     string    `json:"profile"`
	LoginKey    string    `json:"login_key"`
	HasRecovery bool      `json:"has_recovery_code"`
	Language    string    `json:"language"` // of the mails
}

// HeldDevice is a device.
type HeldDevice struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Platform string       `json:"platform"`
	Status   DeviceStatus `json:"status"`
	Created  time.Time    `json:"created"`
	LastSeen time.Time    `json:"last_seen"`
}

// HeldEntry is an entry of the account log, as it was signed.
type HeldEntry struct {
	Seq       uint64 `json:"seq"`
	Entry     []byte `json:"entry"`
	Signature []byte `json:"signature"`
}

// HeldVault is a vault: how much is in it, and nothing of what.
type HeldVault struct {
	ID      string `json:"id"`
	Commits uint64 `json:"commits"`
	Objects int    `json:"objects"`
}

// HeldRecovery is a recovery under way.
type HeldRecovery struct {
	Device  string    `json:"device"`
	Started time.Time `json:"started"`
}

// HeldNewAddress is an address that waits for its code.
type HeldNewAddress struct {
	Email   string    `json:"email"`
	Expires time.Time `json:"expires"`
}

// Export returns what the server knows of an account, as one moment saw it. Errors: ErrNotFound.
func (o *Operator) Export(ctx context.Context, account id.ID) (out Held, err error) {
	err = o.store.View(ctx, func(tx Tx) error {
		out = Held{}
		err := errors.Join(out.readAccount(tx, account), out.readLog(tx, account), out.readVaults(tx, account), out.readChanges(tx, account))
		if err != nil {
			return err
		}
		out.Mails, err = o.mailsTo(tx, out.Account.Email)
		return err
	})
	return out, orNotFound(err)
}

func (h *Held) readAccount(tx Tx, account id.ID) error {
	a, err := tx.Account(account)
	if err != nil {
		return err
	}
	h.Account = HeldAccount{
		ID: a.ID.String(), Email: a.Email, Created: time.UnixMilli(a.Created).UTC(), Generation: a.Generation, Profile: a.Profile,
		LoginKey: a.LoginKey.String(), HasRecovery: len(a.RecoveryTag) > 0, Language: a.Language,
	}
	devices, err := tx.Devices(account)
	for _, d := range devices {
		h.Devices = append(h.Devices, HeldDevice{
			ID: d.ID.String(), Name: d.Name, Platform: d.Platform, Status: d.Status, Created: time.UnixMilli(d.Created).UTC(), LastSeen: time.UnixMilli(d.LastSeen).UTC(),
		})
	}
	return err
}

func (h *Held) readLog(tx Tx, account id.ID) error {
	entries, err := tx.LogEntries(account, -1, maxLogBytes)
	for i, e := range entries {
		h.Log = append(h.Log, HeldEntry{Seq: uint64(i), Entry: e.Entry, Signature: e.Signature})
	}
	return err
}

func (h *Held) readVaults(tx Tx, account id.ID) error {
	vaults, err := tx.Vaults(account)
	for _, v := range vaults {
		h.Vaults = append(h.Vaults, HeldVault{ID: v.ID.String(), Commits: v.At.Seq, Objects: v.Objects})
	}
	if err != nil {
		return err
	}
	h.UsedBytes, err = tx.UsedBytes(account)
	return err
}

func (h *Held) readChanges(tx Tx, account id.ID) error {
	r, err := tx.RecoveryUnderWay(account)
	if err == nil {
		h.Recovery = &HeldRecovery{Device: r.Name, Started: time.UnixMilli(r.Started).UTC()}
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	c, err := tx.EmailChange(account)
	if err == nil {
		h.NewEmail = &HeldNewAddress{Email: c.Email, Expires: time.UnixMilli(c.Expires).UTC()}
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	return nil
}
