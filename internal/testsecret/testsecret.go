// Package testsecret gives tests the secrets of an account, to look for them where they must not be: in what was sent, on the disk, in
// the memory of a process. It derives them as docs/protocol.md §3 says it and not with the program's own hierarchy. Programs must not
// import it.
package testsecret

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Set is bytes that must never leave a device nor outlive a lock, by name.
type Set map[string][]byte

// OfDevice are the secrets in a computer's keyring.
func OfDevice(d platform.DeviceSecrets) Set {
	return Set{
		"Secret Key": bytes.Clone(d.SecretKey.Reveal()), "device seed": bytes.Clone(d.DeviceSeed.Reveal()), "anchor": bytes.Clone(d.Anchor.Reveal()),
	}
}

// OfAccount derives every key of an account: from its file at path, which no program has open, its keyring and its master password.
func OfAccount(t testing.TB, path string, device platform.DeviceSecrets, password []byte) Set {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	account, err := store.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := OfDevice(device)
	all["master password"] = bytes.Clone(password)
	maps.Copy(all, underPassword(t, account, all["Secret Key"], password))
	vaults, err := store.Vaults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header := seal.Header{Purpose: seal.SealedKey, KeyID: account.ID}
	for _, v := range vaults {
		context := canonical.Concat("vk", account.ID, v.Vault, uint64(v.Epoch))
		all["VK of "+v.Vault.String()] = Unseal(t, all["AK"], header, context, v.Sealed)
	}
	return all
}

// underPassword are the keys between the master password and the account key.
func underPassword(t testing.TB, account vault.Account, secretKey, password []byte) Set {
	t.Helper()
	generation := uint64(account.Generation)
	salt := derive(t, secretKey, "coffer/v1/sk", canonical.Concat("coffer/v1/pw-salt", account.ID, generation), 16)
	profile, err := kdf.ByName(account.Profile)
	if err != nil {
		t.Fatal(err)
	}
	pwk, err := kdf.DerivePassword(context.WithoutCancel(t.Context()), secret.New(bytes.Clone(password)), [16]byte(salt), profile)
	if err != nil {
		t.Fatal(err)
	}
	both := slices.Concat(pwk.Reveal(), secretKey)
	amk := derive(t, both, "coffer/v1/2skd", canonical.Concat("coffer/v1/amk", account.ID, account.Profile, generation), 32)
	kek := Expand(t, amk, "coffer/v1/account-kek")
	header := seal.Header{Purpose: seal.SealedKey, Epoch: account.Generation, KeyID: account.ID}
	return Set{
		"PWK": pwk.Reveal(), "AMK": amk, "KEK": kek, "login seed": Expand(t, amk, "coffer/v1/auth-ed25519"), "DSK": Expand(t, amk, "coffer/v1/device-seal"),
		"AK": Unseal(t, kek, header, canonical.Concat("ak", account.ID, generation, "password"), account.SealedAccountKey),
	}
}

func derive(t testing.TB, ikm []byte, salt string, info []byte, n int) []byte {
	t.Helper()
	out, err := hkdf.Key(sha256.New, ikm, []byte(salt), string(info), n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Expand is HKDF-Expand to 32 bytes.
func Expand(t testing.TB, key []byte, info string) []byte {
	t.Helper()
	out, err := hkdf.Expand(sha256.New, key, info, 32)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Unseal opens an envelope that opens.
func Unseal(t testing.TB, key []byte, h seal.Header, context, envelope []byte) []byte {
	t.Helper()
	opened, err := seal.Open(secret.New(bytes.Clone(key)), h, context, envelope)
	if err != nil {
		t.Fatalf("the test cannot open what it should: %v", err)
	}
	return opened
}

// In returns the name of a secret that is in data: as it is, in hexadecimal, or in base64 wherever it begins.
func (s Set) In(data []byte) string {
	for name, bytes := range s {
		for _, form := range forms(bytes) {
			if contains(data, form) {
				return name
			}
		}
	}
	return ""
}

func contains(data, part []byte) bool { return len(part) > 0 && bytes.Contains(data, part) }

func forms(b []byte) [][]byte {
	all := [][]byte{b, []byte(hex.EncodeToString(b))}
	for shift := range 3 {
		// Of base64 at an offset the first and last characters depend on the neighbours.
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), b...))
		text = text[(shift*8+5)/6 : (shift+len(b))*8/6]
		all = append(all, []byte(text), []byte(base64.RawURLEncoding.EncodeToString(append(make([]byte, shift), b...))[(shift*8+5)/6:(shift+len(b))*8/6]))
	}
	return all
}
