package keys

import (
	"errors"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// RecoveryCodeSize is the length of a recovery code in bytes.
const RecoveryCodeSize = 20

var (
	// ErrRecoveryCodeMalformed is returned for text that has not the form of a recovery code.
	ErrRecoveryCodeMalformed = errors.New("keys: malformed recovery code")
	// ErrRecoveryCodeChecksum is returned for text of the right form with a wrong checksum: a typing error.
	ErrRecoveryCodeChecksum = errors.New("keys: wrong checksum in the recovery code")
)

var recoveryText = textForm{prefix: "R1", size: RecoveryCodeSize, group: 6, checksumLabel: "coffer/v1/recovery-checksum"}

// recoverySalt is HKDF's salt wherever the recovery code is the input.
const recoverySalt = "coffer/v1/recovery"

// RecoveryCode is 160 random bits on the emergency kit: with the mailbox and a day's patience it opens an account whose password
// or Secret Key is lost. It needs no stretching.
type RecoveryCode struct {
	raw secret.Bytes
}

// NewRecoveryCode makes one from the system's random source.
func NewRecoveryCode() RecoveryCode { return RecoveryCode{secret.Random(RecoveryCodeSize)} }

// ParseRecoveryCode reads text as ParseSecretKey does. Errors are ErrRecoveryCodeMalformed and ErrRecoveryCodeChecksum.
func ParseRecoveryCode(text string) (RecoveryCode, error) {
	raw, form, sum := recoveryText.parse(text)
	switch {
	case !form:
		return RecoveryCode{}, ErrRecoveryCodeMalformed
	case !sum:
		return RecoveryCode{}, ErrRecoveryCodeChecksum
	}
	return RecoveryCode{secret.New(raw)}, nil
}

// RecoveryCodeFromBytes takes ownership of the 20 bytes that Bytes returned; ErrRecoveryCodeMalformed for another length.
func RecoveryCodeFromBytes(raw secret.Bytes) (RecoveryCode, error) {
	if raw.Len() != RecoveryCodeSize {
		return RecoveryCode{}, ErrRecoveryCodeMalformed
	}
	return RecoveryCode{raw}, nil
}

// Bytes returns a copy of the 20 bytes.
func (c RecoveryCode) Bytes() secret.Bytes { return c.raw.Clone() }

// Text is the code as shown and printed: R1-XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX-XXXXXX. Empty for a missing code.
func (c RecoveryCode) Text() string { return recoveryText.format(c.raw.Reveal()) }

// String is redacted; Text is the explicit way.
func (c RecoveryCode) String() string { return secret.Redacted }

// IsZero reports whether there is no code: never set, or wiped.
func (c RecoveryCode) IsZero() bool { return c.raw.IsZero() }

// Equal compares in constant time.
func (c RecoveryCode) Equal(other RecoveryCode) bool { return c.raw.Equal(other.raw) }

// Wipe clears the code, in all its copies.
func (c RecoveryCode) Wipe() { c.raw.Wipe() }

// RecoveryTag is what finds the account of a recovery code at a server. Zeros for a missing code.
func RecoveryTag(c RecoveryCode) [32]byte {
	return [32]byte(derive(c.raw.Reveal(), recoverySalt, "coffer/v1/recovery-lookup", 32))
}

// RecoveryMaster is RMK, what the recovery code gives for one account.
type RecoveryMaster struct {
	rmk secret.Bytes
}

// DeriveRecoveryMaster makes RMK; of a missing code one that opens and signs nothing.
func DeriveRecoveryMaster(c RecoveryCode, account id.ID) RecoveryMaster {
	if c.IsZero() {
		return RecoveryMaster{}
	}
	info := canonical.Concat("coffer/v1/recovery-master", account)
	return RecoveryMaster{secret.New(derive(c.raw.Reveal(), recoverySalt, string(info), Size))}
}

// LoginKey proves the knowledge of the code; the server and the account log have its public half.
func (m RecoveryMaster) LoginKey() signing.PrivateKey { return loginKey(m.rmk) }

// KEK seals the account key.
func (m RecoveryMaster) KEK() secret.Bytes { return expand(m.rmk, accountKEKInfo) }

// Wipe clears RMK; keys taken from it before live on.
func (m RecoveryMaster) Wipe() { m.rmk.Wipe() }
