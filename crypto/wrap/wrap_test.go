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
