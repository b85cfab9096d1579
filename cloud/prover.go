package cloud

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// prover checks proofs over a nonce of the server. Its answers and its work are the same for accounts that exist and accounts that
// do not: same statements, same signature checks, same counters.
type prover struct {
	*base
	origin string
	dummy  signing.PublicKey
	verify func(signing.PublicKey, signing.Purpose, []byte, []byte) error
}

func newProver(b *base, origin string) *prover {
	// The key that proofs for unknown accounts are checked with. Its private half is gone at once.
	return &prover{base: b, origin: origin, dummy: signing.Generate().Public(), verify: signing.PublicKey.Verify}
}

// The purposes of challenges. Each proof has a message of its own, so this is a second fence.
const (
	forSignIn   = "sign-in"
	forRecovery = "recovery"
	forChange   = "account-change"
)

// Challenge is a nonce that waits for its proof.
type Challenge struct {
	Nonce   []byte
	Purpose string
	Account id.ID
	Expires int64
}

// challenge makes a nonce for one proof, for any account id.
func (p *prover) challenge(ctx context.Context, account id.ID, purpose string) (Challenge, error) {
	c := Challenge{Nonce: p.bytes(nonceSize), Purpose: purpose, Account: account, Expires: p.time() + millis(challengeLifetime)}
	return c, p.store.Update(ctx, func(tx Tx) error { return tx.InsertChallenge(c) })
}

// judge spends a challenge and decides whether its proof is right. It has no way out between the reading of the account and the last
// check, so that the clock cannot tell which part was wrong; right must do the same work for every account.
//
// who is the account's own device that asks, or zero: the wrong proofs of each device count apart from those of all others. Otherwise
// the finder of a lost laptop could keep its owner from ever revoking it, by a wrong proof each quarter of an hour.
func (p *prover) judge(tx Tx, claimed Challenge, who id.ID, right func(Account) bool) (account Account, verdict, failure error) {
	c, err := tx.TakeChallenge(claimed.Nonce)
	if errors.Is(err, ErrNone) || (err == nil && (c.Account != claimed.Account || c.Purpose != claimed.Purpose || c.Expires != claimed.Expires || over(p.time(), c.Expires, challengeLifetime))) {
		return Account{}, invalid("challenge is unknown, used or expired"), nil
	} else if err != nil {
		return Account{}, nil, err
	}
	wrong, err := tx.WrongProofs(c.Account, who)
	if err != nil {
		return Account{}, nil, err
	}
	if wait := wrong.left(p.time()); wait > 0 {
		return Account{}, &SlowDown{After: wait}, nil
	}
	account, err = tx.Account(c.Account)
	known := err == nil
	if !known {
		if !errors.Is(err, ErrNone) {
			return Account{}, nil, err
		}
		account = Account{LoginKey: p.dummy, RecoveryKey: p.dummy}
	}
	if right(account) && known {
		return account, nil, tx.PutWrongProofs(c.Account, who, WrongProofs{})
	}
	return Account{}, ErrProofFailed, tx.PutWrongProofs(c.Account, who, WrongProofs{Count: wrong.Count + 1, Last: p.time()})
}

// recoveryKey is the key that a recovery is proved with; of an account without a recovery code one that nobody has.
func (p *prover) recoveryKey(a Account) signing.PublicKey {
	if a.RecoveryKey == (signing.PublicKey{}) {
		return p.dummy
	}
	return a.RecoveryKey
}

// FreshProof shows that whoever asks knows the master password now.
type FreshProof struct {
	Nonce     []byte
	Expires   int64
	Signature []byte
}

// fresh checks a proof by the login key in force; of a device that recovers, by the recovery login key.
func (p *prover) fresh(tx Tx, c Caller, f FreshProof, message []byte) (account Account, verdict, failure error) {
	return p.judge(tx, Challenge{Nonce: f.Nonce, Purpose: forChange, Account: c.Account, Expires: f.Expires}, c.Device, func(a Account) bool {
		key := a.LoginKey
		if c.Status == DeviceRecovering {
			key = p.recoveryKey(a)
		}
		return p.verify(key, signing.AccountChange, message, f.Signature) == nil
	})
}

// LookedUp is what a client needs to derive its keys.
type LookedUp struct {
	Account    id.ID
	Generation uint64
	Profile    string
}

// lookup finds an account by a tag. An unknown tag gets an account made up from the tag, the same every time.
func (p *prover) lookup(ctx context.Context, kind string, tag []byte, find func(Tx) (Account, error)) (LookedUp, error) {
	if len(tag) != tagSize {
		return LookedUp{}, invalid("lookup tag of %d bytes", len(tag))
	}
	madeUp := p.secret.mac("coffer/v1/unknown-tag", kind, tag)
	found := LookedUp{Account: id.ID(madeUp[:id.Size]), Generation: 1, Profile: "P2"}
	err := p.store.View(ctx, func(tx Tx) error {
		a, err := find(tx)
		if errors.Is(err, ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		found = LookedUp{Account: a.ID, Generation: a.Generation, Profile: a.Profile}
		return nil
	})
	return found, err
}
