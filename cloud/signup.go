package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

const signupTokenLifetime = time.Hour

// SignUp creates accounts in three steps: address, code, keys. Whoever asks learns nothing about an address whose mailbox is not
// theirs.
type SignUp struct {
	*base
	outbox   *Outbox
	sessions *Sessions
}

// Signup is a sign-up on its way. TokenHash is empty until the code was right.
type Signup struct {
	ID        string
	Email     string
	Language  string
	Code      MailedCode
	TokenHash []byte
	Expires   int64 // of the row, whatever step it is at
}

type signupRows interface {
	InsertSignup(Signup) error
	Signup(signupID string) (Signup, error)
	SignupByToken(tokenHash []byte) (Signup, error)
	UpdateSignup(Signup) error
	DeleteSignup(signupID string) error
}

// Start mails a code to the address, or other words if it has an account. The answer is the same, and so is the work.
// Errors: ErrInvalid, *SlowDown.
func (s *SignUp) Start(ctx context.Context, address, language string, from netip.Addr) (signupID string, expires int64, err error) {
	email, err := normalEmail(address)
	if err != nil {
		return "", 0, err
	}
	row := Signup{ID: s.rowID(), Email: email, Language: knownLanguage(language)}
	code, remembered := s.issueCode("signup", row.ID)
	row.Code, row.Expires = remembered, remembered.Expires
	err = s.store.Update(ctx, func(tx Tx) error {
		if err := s.countMail(tx, "signup", email); err != nil {
			return err
		}
		mail := Mail{To: email, Language: row.Language, Kind: MailSignupCode, Code: code, Time: s.time(), From: from, Expires: row.Expires}
		switch account, err := tx.AccountByEmail(email); {
		case err == nil:
			// No code is mailed, so none can be right: what the mailbox gets has no code in it.
			mail.Kind, mail.Code, mail.Language = MailSignupExists, "", account.language(mail.Language)
		case !errors.Is(err, ErrNone):
			return err
		}
		if err := tx.InsertSignup(row); err != nil {
			return err
		}
		return s.outbox.addFor(tx, mail, s.secret.waitingSignup(row.ID))
	})
	if err != nil {
		return "", 0, err
	}
	s.outbox.nudge()
	return row.ID, row.Expires, nil
}

// Verify trades the code for a token that opens Finish once. The right code again gets the same token: its answer was lost.
// Errors: *CodeWrong, ErrCodeExpired.
func (s *SignUp) Verify(ctx context.Context, signupID, code string) (token []byte, err error) {
	// No database has to be asked for what is none of our ids; not each would take every character.
	if uuid.Validate(signupID) != nil {
		return nil, ErrCodeExpired
	}
	token = s.secret.mac("coffer/v1/signup-token", signupID, readCode(code))
	err = s.decide(ctx, func(tx Tx) (verdict, failure error) {
		row, err := tx.Signup(signupID)
		if errors.Is(err, ErrNone) {
			return ErrCodeExpired, nil
		} else if err != nil {
			return nil, err
		}
		if verdict = s.tryCode(&row.Code, code, "signup", row.ID); verdict == nil && len(row.TokenHash) == 0 {
			row.TokenHash, row.Expires = hashToken(token), s.time()+millis(signupTokenLifetime)
		}
		return verdict, tx.UpdateSignup(row)
	})
	if err != nil {
		return nil, err
	}
	return token, nil
}

// NewAccount is what the last step of a sign-up brings.
type NewAccount struct {
	Token          []byte
	Account        id.ID
	LookupTag      []byte
	RecoveryTag    []byte // empty without a recovery code
	SealedAccount  []byte
	SealedRecovery []byte // empty without a recovery code
	SealedIdentity []byte
	Vault          id.ID
	SealedVault    []byte
	Device         NewDevice
	Log            []chain.SignedEntry // genesis, credentials, device-add, vault-epoch
}

// Finish creates the account with its first device, vault and session, all or nothing. The caller has verified the device's
// signature of the request. Errors: ErrInvalid, ErrBadEntry, ErrCodeExpired for a token that is spent, ErrTaken.
func (s *SignUp) Finish(ctx context.Context, n NewAccount) (Tokens, error) {
	account, log, err := n.check(s.time())
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	err = s.store.Update(ctx, func(tx Tx) error {
		row, err := tx.SignupByToken(hashToken(n.Token))
		if errors.Is(err, ErrNone) || (err == nil && over(s.time(), row.Expires, signupTokenLifetime)) {
			return ErrCodeExpired
		} else if err != nil {
			return err
		}
		if err := tx.DeleteSignup(row.ID); err != nil {
			return err
		}
		account.Email, account.Language = row.Email, row.Language
		if err := insertAccount(tx, account, n, log); err != nil {
			return err
		}
		tokens, err = s.sessions.open(tx, n.Account, n.Device.ID)
		return err
	})
	if errors.Is(err, ErrExists) {
		return Tokens{}, ErrTaken
	}
	return tokens, err
}

func insertAccount(tx Tx, account Account, n NewAccount, log *chain.Log) error {
	if err := tx.InsertAccount(account); err != nil {
		return err
	}
	for seq, entry := range log.Entries(-1) {
		hash, _ := log.HashAt(uint64(seq))
		if err := tx.InsertLogEntry(n.Account, uint64(seq), hash, entry); err != nil {
			return err
		}
	}
	if err := tx.InsertDevice(n.Device.row(n.Account, DeviceListed, account.Created)); err != nil {
		return err
	}
	if err := tx.InsertVault(Vault{ID: n.Vault, Account: n.Account}); err != nil {
		return err
	}
	return tx.InsertSealedVault(n.Account, SealedVault{Vault: n.Vault, Epoch: 1, Sealed: n.SealedVault})
}

// check verifies the log and that it names exactly what came with it: a client that mixed up its keys must find out now and not
// on its second device.
func (n NewAccount) check(now int64) (Account, *chain.Log, error) {
	if len(n.Token) != tokenSize {
		return Account{}, nil, invalid("sign-up token")
	}
	if err := n.Device.check(); err != nil {
		return Account{}, nil, err
	}
	if err := errors.Join(checkSealedKey(n.SealedIdentity), checkSealedKey(n.SealedVault)); err != nil {
		return Account{}, nil, err
	}
	// Counted before any signature is checked: whoever asks here is a stranger.
	if len(n.Log) != 4 {
		return Account{}, nil, badEntry(fmt.Errorf("%d entries", len(n.Log)))
	}
	log, err := chain.ReadLog(n.Account, n.Log)
	if err != nil {
		return Account{}, nil, badEntry(err)
	}
	if err := n.checkLog(log); err != nil {
		return Account{}, nil, err
	}
	c := log.Credentials()
	return Account{
		ID: n.Account, LookupTag: n.LookupTag, RecoveryTag: n.RecoveryTag,
		Generation: c.Generation, Profile: c.Profile, LoginKey: c.Login, RecoveryKey: c.Recovery,
		SealedAccount: n.SealedAccount, SealedRecovery: n.SealedRecovery, SealedIdentity: n.SealedIdentity, Created: now,
	}, log, nil
}

func (n NewAccount) checkLog(log *chain.Log) error {
	key, live := log.LiveDevice(n.Device.ID, 2)
	epoch, hasVault := log.Epoch(n.Vault)
	switch {
	case log.Credentials().Generation != 1 || !live || !hasVault:
		return badEntry(errors.New("an account begins with genesis, credentials, device-add, vault-epoch"))
	case log.Genesis().SealedIdentity != chain.SealedKeyHash(n.SealedIdentity):
		return badEntry(errors.New("genesis names another sealed identity"))
	case epoch.SealedKey != chain.SealedKeyHash(n.SealedVault):
		return badEntry(errors.New("vault-epoch names another sealed vault key"))
	case log.Devices()[0].DeviceAdd != n.Device.entry() || key != n.Device.Key:
		return badEntry(errors.New("device-add names another device"))
	}
	return checkCredentials(log.Credentials(), sealedCredentials{n.SealedAccount, n.SealedRecovery, n.LookupTag, n.RecoveryTag}, Account{})
}

const (
	maxSealedKey   = 4 << 10
	maxProfileName = 16
)

// checkSealedKey bounds a sealed key. The server cannot tell more about it.
func checkSealedKey(sealed []byte) error {
	if len(sealed) == 0 || len(sealed) > maxSealedKey {
		return invalid("sealed key of %d bytes", len(sealed))
	}
	return nil
}

// sealedCredentials is what travels with a credentials entry.
type sealedCredentials struct{ account, recovery, lookupTag, recoveryTag []byte }

// checkCredentials refuses what no client could sign in with, and sealed keys that the entry does not name. The recovery sealing of
// the credentials before, those of a, may stay in force and does not travel again.
func checkCredentials(c chain.Credentials, with sealedCredentials, a Account) error {
	if c.Profile == "" || len(c.Profile) > maxProfileName || strings.ContainsFunc(c.Profile, notAlphanumeric) {
		return badEntry(errors.New("profile name"))
	}
	if _, err := signing.ParsePublicKey(c.Login[:]); err != nil {
		return badEntry(err)
	}
	if len(with.lookupTag) != tagSize {
		return invalid("lookup tag of %d bytes", len(with.lookupTag))
	}
	if err := checkSealedKey(with.account); err != nil {
		return err
	}
	if listed, _ := c.Sealing(chain.SealingPassword); listed != chain.SealedKeyHash(with.account) {
		return badEntry(errors.New("credentials name another sealed account key"))
	}
	listed, has := c.Sealing(chain.SealingRecovery)
	if len(with.recovery) == 0 && len(with.recoveryTag) == 0 {
		if kept := chain.SealedKeyHash(a.SealedRecovery); has && (len(a.SealedRecovery) == 0 || listed != kept || c.Recovery != a.RecoveryKey) {
			return badEntry(errors.New("credentials name a recovery sealing that did not come with them"))
		}
		return nil
	}
	return checkRecoverySealing(c, listed, with)
}

func checkRecoverySealing(c chain.Credentials, listed chain.Hash, with sealedCredentials) error {
	if _, err := signing.ParsePublicKey(c.Recovery[:]); err != nil {
		return badEntry(err)
	}
	if len(with.recoveryTag) != tagSize {
		return invalid("recovery tag of %d bytes", len(with.recoveryTag))
	}
	if err := checkSealedKey(with.recovery); err != nil {
		return err
	}
	if listed != chain.SealedKeyHash(with.recovery) {
		return badEntry(errors.New("credentials name another recovery sealing"))
	}
	return nil
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
