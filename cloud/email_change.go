package cloud

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
)

// EmailChange is a change of address that waits for a code from each mailbox. Both have the same tries: a wrong one does not say
// which it was.
type EmailChange struct {
	Account          id.ID
	Device           id.ID
	Email            string // the new one, normalised
	OldHash, NewHash []byte
	TriesLeft        int
	Expires          int64
}

type emailRows interface {
	// PutEmailChange replaces the account's change before.
	PutEmailChange(EmailChange) error
	EmailChange(account id.ID) (EmailChange, error)
	DeleteEmailChange(account id.ID) error
}

// StartEmail mails one code to the account's address and one to the new, or other words if that has an account. The answer is the
// same, and so is the work. Errors: ErrInvalid, ErrProofFailed, *SlowDown, ErrDeviceUnlisted.
func (a *Accounts) StartEmail(ctx context.Context, c Caller, address string, f FreshProof) (expires int64, err error) {
	email, err := normalEmail(address)
	if err != nil {
		return 0, err
	}
	message := proof.EmailChange{
		Origin: a.origin, Account: c.Account, Device: c.Device, Nonce: f.Nonce, Expires: f.Expires, Email: address,
	}.Message()
	err = a.decide(ctx, func(tx Tx) (verdict, failure error) {
		self, failure := ownListed(tx, c)
		if failure != nil {
			return nil, failure
		}
		account, verdict, failure := a.fresh(tx, c, f, message)
		if verdict != nil || failure != nil {
			return verdict, failure
		}
		expires, failure = a.mailCodes(tx, account, self, email, c.From)
		if refused(failure) {
			return failure, nil
		}
		return nil, failure
	})
	a.outbox.nudge()
	return expires, err
}

func (a *Accounts) mailCodes(tx Tx, account Account, self Device, email string, from netip.Addr) (expires int64, err error) {
	if email == account.Email {
		return 0, invalid("the account has this address")
	}
	if err := errors.Join(a.countMail(tx, "email", account.ID), a.countMail(tx, "signup", email)); err != nil {
		return 0, err
	}
	oldCode, before := a.issueCode("email-old", account.ID, self.ID, email)
	newCode, after := a.issueCode("email-new", account.ID, self.ID, email)
	row := EmailChange{
		Account: account.ID, Device: self.ID, Email: email, OldHash: before.Hash, NewHash: after.Hash, TriesLeft: before.TriesLeft, Expires: before.Expires,
	}
	if err := tx.PutEmailChange(row); err != nil {
		return 0, err
	}
	mail := Mail{
		To: account.Email, Language: account.language(""), Kind: MailEmailCodeOld, Code: oldCode, Address: email,
		Device: self.Name, Platform: self.Platform, Time: a.time(), From: from, Expires: row.Expires,
	}
	if err := a.outbox.addFor(tx, mail, a.secret.waitingDevice("email-old", account.ID, self.ID)); err != nil {
		return 0, err
	}
	mail.To, mail.Kind, mail.Code = email, MailEmailCodeNew, newCode
	switch other, err := tx.AccountByEmail(email); {
	case err == nil:
		// No code is mailed, so none can be right.
		mail.Kind, mail.Code, mail.Language = MailEmailExists, "", other.language(mail.Language)
	case !errors.Is(err, ErrNone):
		return 0, err
	}
	return row.Expires, a.outbox.addFor(tx, mail, a.secret.waitingDevice("email-new", account.ID, self.ID))
}

// resendWithin is how long after its codes were void a change of address needs no other proof.
const resendWithin = time.Hour

// ResendEmail mails two other codes for the change that the caller has begun; those before are void. The fresh proof named this address.
// Errors: ErrCodeExpired, *SlowDown, ErrDeviceUnlisted.
func (a *Accounts) ResendEmail(ctx context.Context, c Caller) (expires int64, err error) {
	err = a.store.Update(ctx, func(tx Tx) error {
		self, err := ownListed(tx, c)
		if err != nil {
			return err
		}
		row, err := begunEmail(tx, c)
		if err != nil {
			return err
		}
		if a.time() >= row.Expires+millis(resendWithin) {
			return ErrCodeExpired
		}
		account, err := tx.Account(c.Account)
		if err != nil {
			return err
		}
		expires, err = a.mailCodes(tx, account, self, row.Email, c.From)
		return err
	})
	a.outbox.nudge()
	return expires, err
}

// begunEmail is the change that the caller has begun, or ErrCodeExpired.
func begunEmail(tx Tx, c Caller) (EmailChange, error) {
	row, err := tx.EmailChange(c.Account)
	if errors.Is(err, ErrNone) || err == nil && row.Device != c.Device {
		return EmailChange{}, ErrCodeExpired
	}
	return row, err
}

// FinishEmail changes the address, with both codes and the entry that names it. The same request again succeeds where it is done.
// Errors: *CodeWrong, ErrCodeExpired, ErrBadEntry, *LogMoved, ErrTaken, ErrDeviceUnlisted.
func (a *Accounts) FinishEmail(ctx context.Context, c Caller, oldCode, newCode string, entry chain.SignedEntry) error {
	var head uint64
	err := a.decide(ctx, func(tx Tx) (verdict, failure error) {
		failure = a.logs.with(tx, c.Account, func(log *chain.Log) error {
			if isHead(log, entry) {
				return nil
			}
			if _, err := ownListed(tx, c); err != nil {
				return err
			}
			var row EmailChange
			var err error
			if row, verdict, err = a.tryCodes(tx, c, oldCode, newCode); verdict != nil || err != nil {
				return err
			}
			err = a.changeEmail(tx, row, log, entry, c.From)
			head, _ = log.Head()
			return err
		})
		return verdict, failure
	})
	if errors.Is(err, ErrExists) {
		return ErrTaken
	} else if err != nil || head == 0 {
		return err
	}
	a.outbox.nudge()
	a.events.publish(c.Account, Event{Seq: head, Notice: Notice{Devices: true}})
	return nil
}

// tryCodes spends a try on both codes together.
func (a *Accounts) tryCodes(tx Tx, c Caller, oldCode, newCode string) (row EmailChange, verdict, failure error) {
	row, err := begunEmail(tx, c)
	if errors.Is(err, ErrCodeExpired) {
		return row, err, nil
	} else if err != nil {
		return row, nil, err
	}
	before := MailedCode{Hash: row.OldHash, TriesLeft: row.TriesLeft, Expires: row.Expires}
	after := MailedCode{Hash: row.NewHash, TriesLeft: row.TriesLeft, Expires: row.Expires}
	verdict = a.tryCode(&before, oldCode, "email-old", c.Account, c.Device, row.Email)
	// The second code is looked at in every case, and its answer is the same.
	if second := a.tryCode(&after, newCode, "email-new", c.Account, c.Device, row.Email); verdict == nil {
		verdict = second
	}
	if verdict == nil {
		return row, nil, nil
	}
	row.TriesLeft = before.TriesLeft
	return row, verdict, tx.PutEmailChange(row)
}

func (a *Accounts) changeEmail(tx Tx, row EmailChange, log *chain.Log, entry chain.SignedEntry, from netip.Addr) error {
	body, err := chain.ParseBody(entry)
	if err != nil {
		return badEntry(err)
	}
	if e, ok := body.(*chain.EmailChange); !ok || e.Email != chain.EmailHash(row.Account, row.Email) {
		return badEntry(errors.New("the entry names another address"))
	}
	if err := extend(tx, log, entry); err != nil {
		return err
	}
	account, err := tx.Account(row.Account)
	if err != nil {
		return err
	}
	self, err := tx.Device(row.Account, row.Device)
	if err != nil {
		return err
	}
	old := account.Email
	account.Email = row.Email
	// Codes that went to the old mailbox are worth nothing any more: it may be why the address is changed.
	err = errors.Join(tx.UpdateAccount(account), tx.DeleteEmailChange(row.Account), tx.DeletePendingDevices(row.Account), endRecoveries(tx, row.Account))
	if err != nil {
		return err
	}
	return a.outbox.add(tx, Mail{
		To: old, Language: account.language(""), Kind: MailEmailChanged, Address: row.Email,
		Device: self.Name, Platform: self.Platform, Time: a.time(), From: from,
	})
}

// Delete removes the account and everything of it. Its tag is then one that nobody has. Errors: ErrProofFailed, ErrInvalid, *SlowDown,
// ErrDeviceUnlisted.
func (a *Accounts) Delete(ctx context.Context, c Caller, f FreshProof) error {
	message := proof.AccountDelete{Origin: a.origin, Account: c.Account, Device: c.Device, Nonce: f.Nonce, Expires: f.Expires}.Message()
	err := a.decide(ctx, func(tx Tx) (verdict, failure error) {
		self, failure := ownListed(tx, c)
		if failure != nil {
			return nil, failure
		}
		account, verdict, failure := a.fresh(tx, c, f, message)
		if verdict != nil || failure != nil {
			return verdict, failure
		}
		if failure := erase(tx, account, a.secret); failure != nil {
			return nil, failure
		}
		return nil, a.outbox.notice(tx, account, MailAccountDeleted, self, c.From)
	})
	if err != nil {
		return err
	}
	a.outbox.nudge()
	a.events.signOut(c.Account, id.ID{})
	return nil
}
