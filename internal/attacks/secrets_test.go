package attacks

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// secrets are the bytes that must never leave a device nor outlive a lock, by name.
type secrets map[string][]byte

// secretsOf derives every key of the one account on a locked computer from the password, as docs/protocol.md §3 says it and not with
// the program's own hierarchy.
func secretsOf(t testing.TB, pc *testpc.PC) secrets {
	t.Helper()
	return secretsUnder(t, pc, []byte(testpc.Password))
}

func secretsUnder(t testing.TB, pc *testpc.PC, password []byte) secrets {
	t.Helper()
	store, err := sqlite.Open(t.Context(), pc.Paths.Account(pc.Accounts()[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	account, err := store.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := deviceSecrets(pc)
	generation := uint64(account.Generation)
	salt := derive(t, all["Secret Key"], "coffer/v1/sk", canonical.Concat("coffer/v1/pw-salt", account.ID, generation), 16)
	profile, err := kdf.ByName(account.Profile)
	if err != nil {
		t.Fatal(err)
	}
	pwk, err := kdf.DerivePassword(t.Context(), secret.New(bytes.Clone(password)), [16]byte(salt), profile)
	if err != nil {
		t.Fatal(err)
	}
	both := slices.Concat(pwk.Reveal(), all["Secret Key"])
	amk := derive(t, both, "coffer/v1/2skd", canonical.Concat("coffer/v1/amk", account.ID, account.Profile, generation), 32)
	kek := expand(t, amk, "coffer/v1/account-kek")
	header := seal.Header{Purpose: seal.SealedKey, Epoch: account.Generation, KeyID: account.ID}
	ak := unseal(t, kek, header, canonical.Concat("ak", account.ID, generation, "password"), account.SealedAccountKey)
	maps.Copy(all, secrets{
		"master password": password, "PWK": pwk.Reveal(), "AMK": amk, "KEK": kek, "AK": ak,
		"login seed": expand(t, amk, "coffer/v1/auth-ed25519"), "DSK": expand(t, amk, "coffer/v1/device-seal"),
	})
	vaults, err := store.Vaults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header = seal.Header{Purpose: seal.SealedKey, KeyID: account.ID}
	for _, v := range vaults {
		all["VK of "+v.Vault.String()] = unseal(t, ak, header, canonical.Concat("vk", account.ID, v.Vault, uint64(v.Epoch)), v.Sealed)
	}
	return all
}

// deviceSecrets are those in the computer's keyring.
func deviceSecrets(pc *testpc.PC) secrets {
	all := secrets{}
	for _, d := range pc.Keyring.Entries() {
		all["Secret Key"], all["device seed"], all["anchor"] = d.SecretKey.Reveal(), d.DeviceSeed.Reveal(), d.Anchor.Reveal()
	}
	return all
}

func derive(t testing.TB, ikm []byte, salt string, info []byte, n int) []byte {
	t.Helper()
	out, err := hkdf.Key(sha256.New, ikm, []byte(salt), string(info), n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func expand(t testing.TB, key []byte, info string) []byte {
	t.Helper()
	out, err := hkdf.Expand(sha256.New, key, info, 32)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unseal(t testing.TB, key []byte, h seal.Header, context, envelope []byte) []byte {
	t.Helper()
	opened, err := seal.Open(secret.New(bytes.Clone(key)), h, context, envelope)
	if err != nil {
		t.Fatalf("the test cannot open what it should: %v", err)
	}
	return opened
}

// in returns the name of a secret that is in data: as it is, in hexadecimal, or in base64 wherever it begins.
func (s secrets) in(data []byte) string {
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

// canaries are the plaintext of the items that the tests save.
var canaries = secrets{"title": []byte(titleCanary), "user name": []byte(userCanary), "password": []byte(passwordCanary), "website": []byte(websiteCanary)}

const (
	titleCanary    = "canary-title-7d1f"
	userCanary     = "canary-user-88c2"
	passwordCanary = "canary-password-01ee"
	websiteCanary  = "canary-host.example"
)

// canaryIn returns the name of an item's plaintext, or of the master password, that is in data.
func canaryIn(data []byte) string {
	if leaked := canaries.in(data); leaked != "" {
		return leaked
	}
	return secrets{"master password": []byte(testpc.Password)}.in(data)
}

// The scan finds a secret in every form in which JSON or a header could carry it.
func TestSecretsAreFound(t *testing.T) {
	s := secrets{"key": secret.Random(32).Reveal()}
	for shift := range 3 {
		padded := slices.Concat(make([]byte, shift), s["key"], []byte{1, 2, 3, 4, 5})
		for _, text := range [][]byte{padded, []byte(hex.EncodeToString(padded)), []byte(base64.StdEncoding.EncodeToString(padded)), []byte(base64.RawURLEncoding.EncodeToString(padded))} {
			if s.in(text) != "key" {
				t.Errorf("not found in %q", text)
			}
		}
	}
	if s.in(secret.Random(100).Reveal()) != "" {
		t.Error("found where it is not")
	}
}
