// Package keys is the key hierarchy of an account, and the only place that
// decides under which key and in which context something is sealed:
//
//	password, Secret Key → AMK → login key, KEK, DSK
//	KEK → AK → identity, vault keys → object keys
//	DSK → what a device keeps for itself
//
// Nothing here makes up for a missing key: a wiped or absent key is an error
// (seal.ErrKey), or gives a key that opens and signs nothing.
package keys

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
)

// Size is the length in bytes of every symmetric key.
const Size = 32

// secretKeySalt is HKDF's salt wherever the Secret Key is the input.
const secretKeySalt = "coffer/v1/sk"

// PasswordSalt is the salt of Argon2id. It depends on the Secret Key, so that no
// server can choose it.
func PasswordSalt(sk SecretKey, account id.ID, generation uint32) [16]byte {
	info := canonical.Concat("coffer/v1/pw-salt", account, uint64(generation))
	return [16]byte(derive(sk.raw.Reveal(), secretKeySalt, string(info), 16))
}

// LookupTag is what a device shows a server to find its account before it has
// proved anything. Zeros for a missing Secret Key.
func LookupTag(sk SecretKey) [32]byte {
	return [32]byte(derive(sk.raw.Reveal(), secretKeySalt, "coffer/v1/lookup", 32))
}

// AccountMaster is AMK, the key that needs both password and Secret Key.
type AccountMaster struct {
	amk secret.Bytes
}

// DeriveAccountMaster runs the password derivation, which takes a second or so
// and the profile's memory. Errors are those of kdf.DerivePassword, and
// ErrSecretKeyMissing. A wrong password gives another key, not an error.
func DeriveAccountMaster(ctx context.Context, password secret.Bytes, sk SecretKey, account id.ID, profile kdf.Profile, generation uint32) (AccountMaster, error) {
	if sk.IsZero() {
		return AccountMaster{}, ErrSecretKeyMissing
	}
	pwk, err := kdf.DerivePassword(ctx, password, PasswordSalt(sk, account, generation), profile)
	if err != nil {
		return AccountMaster{}, fmt.Errorf("derive account master: %w", err)
	}
	defer pwk.Wipe()
	return combine(pwk, sk, account, profile.Name, generation), nil
}

// combine is the second half: from the stretched password and the Secret Key.
func combine(pwk secret.Bytes, sk SecretKey, account id.ID, profile string, generation uint32) AccountMaster {
	both := make([]byte, 0, kdf.KeySize+SecretKeySize)
	both = append(append(both, pwk.Reveal()...), sk.raw.Reveal()...)
	defer clear(both)
	info := canonical.Concat("coffer/v1/amk", account, profile, uint64(generation))
	return AccountMaster{secret.New(derive(both, "coffer/v1/2skd", string(info), Size))}
}

// LoginKey signs the proof at sign-in; the server knows its public half. Zero
// after Wipe.
func (m AccountMaster) LoginKey() signing.PrivateKey { return loginKey(m.amk) }

// loginKey is zero, which signs nothing, for a master that was wiped.
func loginKey(master secret.Bytes) signing.PrivateKey {
	seed := expand(master, "coffer/v1/auth-ed25519")
	defer seed.Wipe()
	key, err := signing.FromSeed(seed)
	if err != nil {
		return signing.PrivateKey{}
	}
	return key
}

const accountKEKInfo = "coffer/v1/account-kek"

// KEK seals the account key.
func (m AccountMaster) KEK() secret.Bytes { return expand(m.amk, accountKEKInfo) }

// DeviceSealKey seals what a device keeps for itself.
func (m AccountMaster) DeviceSealKey() secret.Bytes { return expand(m.amk, "coffer/v1/device-seal") }

// Bytes returns a copy of AMK: for a change of the account that is kept, sealed, until the server has it.
func (m AccountMaster) Bytes() secret.Bytes { return m.amk.Clone() }

// AccountMasterFromBytes takes ownership of the 32 bytes that Bytes returned; seal.ErrKey for another length.
func AccountMasterFromBytes(amk secret.Bytes) (AccountMaster, error) {
	if amk.Len() != Size {
		return AccountMaster{}, seal.ErrKey
	}
	return AccountMaster{amk}, nil
}

// Wipe clears AMK; keys taken from it before live on.
func (m AccountMaster) Wipe() { m.amk.Wipe() }

// ObjectKey is OK, the key of one object in one epoch; vk is the vault key.
func ObjectKey(vk secret.Bytes, vault, object id.ID, epoch uint32) secret.Bytes {
	return expand(vk, string(canonical.Concat("coffer/v1/object", vault, object, uint64(epoch))))
}

// expand is HKDF-Expand to 32 bytes. A key that is missing gives no key: the
// expansion of nothing would be one that everybody can compute.
func expand(key secret.Bytes, info string) secret.Bytes {
	if key.Len() != Size {
		return secret.Bytes{}
	}
	out, err := hkdf.Expand(sha256.New, key.Reveal(), info, Size)
	if err != nil {
		panic(err) // the length is a constant below HKDF's limit
	}
	return secret.New(out)
}

// derive is HKDF of n bytes. As with expand, a key that is missing gives zeros.
func derive(ikm []byte, salt, info string, n int) []byte {
	if len(ikm) == 0 {
		return make([]byte, n)
	}
	out, err := hkdf.Key(sha256.New, ikm, []byte(salt), info, n)
	if err != nil {
		panic(err) // the lengths are constants below HKDF's limit
	}
	return out
}

// DeviceReceiveKey is the HPKE key with which a device receives; it is made from the device's seed, so that nothing more is kept.
// The error is wrap.ErrSeed for a device key that is missing.
func DeviceReceiveKey(device signing.PrivateKey) (wrap.PrivateKey, error) {
	seed := device.Seed()
	defer seed.Wipe()
	receive := expand(seed, "coffer/v1/device-receive")
	defer receive.Wipe()
	return wrap.FromSeed(receive)
}
