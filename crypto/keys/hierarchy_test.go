package keys

import (
	"context"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// Every input of a derivation counts: changing any gives another key.
func TestEveryInputCounts(t *testing.T) {
	pwk, other := secret.Random(32), secret.Random(32)
	sk, vk := NewSecretKey(), secret.Random(32)
	a, b := id.New(), id.New()
	amk := func(pwk secret.Bytes, sk SecretKey, account id.ID, profile string, generation uint32) string {
		return string(combine(pwk, sk, account, profile, generation).amk.Reveal())
	}
	salt := func(sk SecretKey, account id.ID, generation uint32) string {
		s := PasswordSalt(sk, account, generation)
		return string(s[:])
	}
	tag := func(sk SecretKey) string {
		s := LookupTag(sk)
		return string(s[:])
	}
	master := combine(pwk, sk, a, "P2", 1)
	login := master.LoginKey().Seed()
	for name, values := range map[string][]string{
		"AMK": {
			amk(pwk, sk, a, "P2", 1), amk(other, sk, a, "P2", 1), amk(pwk, NewSecretKey(), a, "P2", 1),
			amk(pwk, sk, b, "P2", 1), amk(pwk, sk, a, "P3", 1), amk(pwk, sk, a, "P2", 2),
		},
		"salt":          {salt(sk, a, 1), salt(NewSecretKey(), a, 1), salt(sk, b, 1), salt(sk, a, 2)},
		"tag":           {tag(sk), tag(NewSecretKey())},
		"parts of AMK":  {string(master.amk.Reveal()), string(login.Reveal()), string(master.KEK().Reveal()), string(master.DeviceSealKey().Reveal())},
		"object key":    {object(vk, a, a, 1), object(other, a, a, 1), object(vk, b, a, 1), object(vk, a, b, 1), object(vk, a, a, 2)},
		"vault, object": {object(vk, a, b, 1), object(vk, b, a, 1)},
	} {
		seen := make(map[string]bool)
		for i, value := range values {
			if seen[value] || value == "" {
				t.Errorf("%s: value %d is not new", name, i)
			}
			seen[value] = true
		}
	}
}

func object(vk secret.Bytes, vault, object id.ID, epoch uint32) string {
	return string(ObjectKey(vk, vault, object, epoch).Reveal())
}

func TestDeriveAccountMasterRefuses(t *testing.T) {
	wiped := NewSecretKey()
	wiped.Wipe()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name     string
		ctx      context.Context
		password string
		sk       SecretKey
		profile  kdf.Profile
		want     error
	}{
		{"no Secret Key", t.Context(), "password", SecretKey{}, kdf.P1, ErrSecretKeyMissing},
		{"wiped Secret Key", t.Context(), "password", wiped, kdf.P1, ErrSecretKeyMissing},
		{"no password", t.Context(), "", NewSecretKey(), kdf.P1, kdf.ErrPasswordEmpty},
		{"own profile", t.Context(), "password", NewSecretKey(), kdf.Profile{Name: "P1"}, kdf.ErrBelowFloor},
		{"ended context", ended, "password", NewSecretKey(), kdf.P1, context.Canceled},
	} {
		master, err := DeriveAccountMaster(test.ctx, secret.FromString(test.password), test.sk, id.New(), test.profile, 1)
		if !errors.Is(err, test.want) || !master.KEK().IsZero() {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// What everybody could compute from a missing key must not be a key.
func TestMissingKeyGivesNoKey(t *testing.T) {
	master := combine(secret.Random(32), NewSecretKey(), id.New(), "P2", 1)
	login, kek := master.LoginKey(), master.KEK()
	master.Wipe()
	for name, m := range map[string]AccountMaster{"wiped": master, "zero": {}} {
		if !m.LoginKey().IsZero() || !m.KEK().IsZero() || !m.DeviceSealKey().IsZero() {
			t.Errorf("%s AMK gives keys", name)
		}
	}
	for _, vk := range []secret.Bytes{{}, secret.Random(31), secret.Random(64)} {
		if !ObjectKey(vk, id.ID{}, id.ID{}, 1).IsZero() {
			t.Errorf("a vault key of %d bytes gives keys", vk.Len())
		}
	}
	if kek.IsZero() || login.Public().Verify(signing.SignIn, nil, login.Sign(signing.SignIn, nil)) != nil {
		t.Error("keys taken before the wipe are gone")
	}
}
