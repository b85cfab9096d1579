package wrap_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/sha3"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/wrap"
)

// The public key by another route: the seed is expanded with SHAKE256 into the
// seeds of both halves (draft-ietf-hpke-pq, MLKEM768-X25519).
func publicOf(t *testing.T, seed secret.Bytes) []byte {
	t.Helper()
	expanded := sha3.SumSHAKE256(seed.Reveal(), mlkem.SeedSize+32)
	pq, err := mlkem.NewDecapsulationKey768(expanded[:mlkem.SeedSize])
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdh.X25519().NewPrivateKey(expanded[mlkem.SeedSize:])
	if err != nil {
		t.Fatal(err)
	}
	return append(pq.EncapsulationKey().Bytes(), curve.PublicKey().Bytes()...)
}

func TestPublicKey(t *testing.T) {
	for range 5 {
		key := wrap.Generate()
		public := key.Public()
		if len(public) != wrap.PublicKeySize || !bytes.Equal(public, publicOf(t, key.Seed())) {
			t.Errorf("public key of %d bytes", len(public))
		}
		clear(public)
		if bytes.Equal(public, key.Public()) {
			t.Error("the caller can change the key")
		}
	}
}

// What is sealed to the public key opens with the key made of the seed.
func TestSeedOpens(t *testing.T) {
	key := wrap.Generate()
	kem := hpke.MLKEM768X25519()
	public, err := kem.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hpke.Seal(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte("info"), []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	seed := key.Seed()
	private, err := kem.NewPrivateKey(seed.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	opened, err := hpke.Open(private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte("info"), sealed)
	if err != nil || string(opened) != "key" {
		t.Errorf("%q, %v", opened, err)
	}
}

func TestFromSeed(t *testing.T) {
	seed := secret.Random(wrap.SeedSize)
	key, err := wrap.FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	again, err := wrap.FromSeed(key.Seed())
	if err != nil || !bytes.Equal(again.Public(), key.Public()) {
		t.Error("another key", err)
	}
	if bytes.Equal(wrap.Generate().Public(), key.Public()) {
		t.Error("Generate made the same key")
	}
	seed.Wipe()
	if key.Seed().Len() != wrap.SeedSize {
		t.Error("the key died with the seed")
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := wrap.FromSeed(secret.Random(n)); !errors.Is(err, wrap.ErrSeed) {
			t.Errorf("seed of %d bytes: %v", n, err)
		}
	}
}

func TestWipe(t *testing.T) {
	key := wrap.Generate()
	copied := key
	key.Wipe()
	if !key.Seed().IsZero() || !copied.Seed().IsZero() {
		t.Error("the seed is still there")
	}
}

func TestDoesNotPrint(t *testing.T) {
	key := wrap.Generate()
	seed := key.Seed()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		output := fmt.Sprintf(verb, struct{ key wrap.PrivateKey }{key})
		for _, spelling := range []string{"%s", "%x", "%d"} {
			if strings.Contains(output, strings.Trim(fmt.Sprintf(spelling, seed.Reveal()[:8]), "[]")) {
				t.Errorf("%s: %s", verb, output)
			}
		}
	}
}

func TestSealOpens(t *testing.T) {
	key := wrap.Generate()
	for _, plaintext := range []string{"", "x", strings.Repeat("long ", 1000)} {
		enc, ciphertext, err := wrap.Seal(key.Public(), []byte("info"), []byte(plaintext))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := key.Open(enc, []byte("info"), ciphertext)
		if err != nil || string(opened.Reveal()) != plaintext || len(enc) != 1120 || len(ciphertext) != len(plaintext)+16 {
			t.Errorf("%q, enc of %d bytes, %v", opened.Reveal(), len(enc), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	key, other := wrap.Generate(), wrap.Generate()
	enc, ciphertext, err := wrap.Seal(key.Public(), []byte("info"), []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[i] ^= 1
		return b
	}
	open := func(k wrap.PrivateKey, enc, info, ciphertext []byte) error {
		_, err := k.Open(enc, info, ciphertext)
		return err
	}
	for name, err := range map[string]error{
		"another key":           open(other, enc, []byte("info"), ciphertext),
		"another info":          open(key, enc, []byte("infx"), ciphertext),
		"no info":               open(key, enc, nil, ciphertext),
		"ML-KEM part changed":   open(key, flip(enc, 0), []byte("info"), ciphertext),
		"X25519 part changed":   open(key, flip(enc, len(enc)-1), []byte("info"), ciphertext),
		"enc cut":               open(key, enc[1:], []byte("info"), ciphertext),
		"no enc":                open(key, nil, []byte("info"), ciphertext),
		"X25519 part all zeros": open(key, append(bytes.Clone(enc[:1088]), make([]byte, 32)...), []byte("info"), ciphertext),
		"text changed":          open(key, enc, []byte("info"), flip(ciphertext, 0)),
		"tag changed":           open(key, enc, []byte("info"), flip(ciphertext, len(ciphertext)-1)),
		"cut":                   open(key, enc, []byte("info"), ciphertext[:3]),
		"nothing":               open(key, enc, []byte("info"), nil),
	} {
		if !errors.Is(err, wrap.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	key.Wipe()
	if err := open(key, enc, []byte("info"), ciphertext); !errors.Is(err, wrap.ErrSeed) {
		t.Errorf("a wiped key: %v", err)
	}
}

func TestSealRefusesBadKeys(t *testing.T) {
	good := wrap.Generate().Public()
	for name, public := range map[string][]byte{
		"none": nil, "short": good[1:], "long": append(bytes.Clone(good), 0), "zeros": make([]byte, wrap.PublicKeySize),
		"not reduced": bytes.Repeat([]byte{0xff}, wrap.PublicKeySize),
	} {
		if _, _, err := wrap.Seal(public, nil, []byte("text")); !errors.Is(err, wrap.ErrPublicKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	seed := secret.New(bytes.Repeat([]byte{7}, wrap.SeedSize))
	key, err := wrap.FromSeed(seed)
	if err != nil {
		f.Fatal(err)
	}
	enc, ciphertext, err := wrap.Seal(key.Public(), []byte("info"), []byte("text"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc, []byte("info"), ciphertext)
	f.Fuzz(func(t *testing.T, e, info, c []byte) {
		opened, err := key.Open(e, info, c)
		if err == nil && string(opened.Reveal()) != "text" {
			t.Fatal("a forged text opened")
		}
	})
}
