package signing_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
)

var purposes = []signing.Purpose{signing.AccountLog, signing.Commit, signing.SignIn, signing.DeviceProof, signing.Request,
	signing.IdentityRotate, signing.Wrap, signing.AccountChange, signing.Recovery, signing.EnrolToken}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors come from docs/vectors/vectors.py, which shares no code with this.
func TestVectors(t *testing.T) {
	var cases []struct{ Seed, Public, Purpose, Message, Signature string }
	vectors.Load(t, "signing.json", &cases)
	if len(cases) != len(purposes) {
		t.Fatalf("%d vectors for %d purposes", len(cases), len(purposes))
	}
	for i, test := range cases {
		key, err := signing.FromSeed(secret.New(fromHex(t, test.Seed)))
		if err != nil {
			t.Fatal(err)
		}
		if string(purposes[i]) != test.Purpose || key.Public().String() != test.Public {
			t.Errorf("%s: purpose or public key differ", test.Purpose)
		}
		if own := signing.FromOwn([32]byte(fromHex(t, test.Seed))); own.Public() != key.Public() {
			t.Errorf("%s: another key of an own seed", test.Purpose)
		}
		if got := hex.EncodeToString(key.Sign(purposes[i], fromHex(t, test.Message))); got != test.Signature {
			t.Errorf("%s: signature %s", test.Purpose, got)
		}
	}
}

func TestRefusedSignatureVectors(t *testing.T) {
	var v struct {
		Purpose                    signing.Purpose
		Message, Public, Signature vectors.Hex
		Refused                    []struct {
			Name              string
			Public, Signature vectors.Hex
		}
	}
	vectors.Load(t, "signature.json", &v)
	if err := signing.PublicKey(v.Public.Hash32(t)).Verify(v.Purpose, v.Message, v.Signature); err != nil {
		t.Errorf("the right one: %v", err)
	}
	for _, r := range v.Refused {
		if err := signing.PublicKey(r.Public.Hash32(t)).Verify(v.Purpose, v.Message, r.Signature); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}

func TestVerifiesForItsPurposeOnly(t *testing.T) {
	key, other := signing.Generate(), signing.Generate()
	msg := []byte("message")
	for _, made := range purposes {
		sig := key.Sign(made, msg)
		for _, asked := range purposes {
			err := key.Public().Verify(asked, msg, sig)
			if made == asked && err != nil || made != asked && !errors.Is(err, signing.ErrSignature) {
				t.Errorf("made for %s, asked for %s: %v", made, asked, err)
			}
		}
		if err := other.Public().Verify(made, msg, sig); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("under another key: %v", err)
		}
		if err := key.Public().Verify(made, []byte("message2"), sig); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("another message: %v", err)
		}
	}
}

// A purpose must not run into the message, nor a bare signature count.
func TestPurposeIsSeparated(t *testing.T) {
	key := signing.Generate()
	sig := key.Sign("a", []byte("bc"))
	if key.Public().Verify("ab", []byte("c"), sig) == nil {
		t.Error("the purpose runs into the message")
	}
	seed := key.Seed()
	bare := ed25519.Sign(ed25519.NewKeyFromSeed(seed.Reveal()), []byte("bc"))
	if key.Public().Verify("", []byte("bc"), bare) == nil || key.Public().Verify("a", []byte("bc"), bare) == nil {
		t.Error("a signature without a purpose verifies")
	}
}

func TestEveryBitOfASignatureCounts(t *testing.T) {
	key := signing.Generate()
	sig := key.Sign(signing.Commit, nil)
	for bit := range len(sig) * 8 {
		flipped := bytes.Clone(sig)
		flipped[bit/8] ^= 1 << (bit % 8)
		if key.Public().Verify(signing.Commit, nil, flipped) == nil {
			t.Errorf("verifies without bit %d", bit)
		}
	}
	for _, other := range [][]byte{nil, sig[:63], append(bytes.Clone(sig), 0), bytes.Repeat(sig, 2)} {
		if err := key.Public().Verify(signing.Commit, nil, other); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("%d bytes: %v", len(other), err)
		}
	}
}

func TestSeedMakesTheKeyAgain(t *testing.T) {
	key := signing.Generate()
	again, err := signing.FromSeed(key.Seed())
	if err != nil || again.Public() != key.Public() {
		t.Fatal("another key", err)
	}
	if signing.Generate().Public() == key.Public() {
		t.Error("Generate made the same key twice")
	}
}

func TestFromSeedRefusesAndCopies(t *testing.T) {
	wiped := secret.Random(32)
	wiped.Wipe()
	for name, seed := range map[string]secret.Bytes{
		"zero": {}, "wiped": wiped, "31 bytes": secret.Random(31), "64 bytes": secret.Random(64),
	} {
		if key, err := signing.FromSeed(seed); !errors.Is(err, signing.ErrSeed) || !key.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	seed := secret.Random(32)
	key, err := signing.FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	seed.Wipe()
	if key.Public().Verify(signing.Commit, nil, key.Sign(signing.Commit, nil)) != nil {
		t.Error("the key died with the seed")
	}
}

func TestWipedKeySignsNothing(t *testing.T) {
	key := signing.Generate()
	public, copied := key.Public(), key
	key.Wipe()
	for name, gone := range map[string]signing.PrivateKey{"wiped": key, "its copy": copied, "zero": {}} {
		sig := gone.Sign(signing.Commit, nil)
		if sig != nil || public.Verify(signing.Commit, nil, sig) == nil {
			t.Errorf("%s: signature %x", name, sig)
		}
		if !gone.IsZero() || gone.Public() != (signing.PublicKey{}) || !gone.Seed().IsZero() {
			t.Errorf("%s: there is something left", name)
		}
		if gone.Public().Verify(signing.Commit, nil, public[:]) == nil {
			t.Errorf("%s: its public key verifies something", name)
		}
	}
}

func TestPrivateKeyDoesNotPrint(t *testing.T) {
	key := signing.Generate()
	seed := key.Seed()
	for _, v := range []any{key, &key, []signing.PrivateKey{key}, struct{ key signing.PrivateKey }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			output := fmt.Sprintf(verb, v)
			for _, spelling := range []string{"%s", "%x", "%d", "%q"} {
				if strings.Contains(output, strings.Trim(fmt.Sprintf(spelling, seed.Reveal()), "[]")) {
					t.Errorf("%s of %T: %s", verb, v, output)
				}
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	key, err := signing.FromSeed(secret.New(make([]byte, 32)))
	if err != nil {
		f.Fatal(err)
	}
	public := key.Public()
	f.Add(public[:], []byte("message"), key.Sign(signing.Commit, []byte("message")))
	f.Add(make([]byte, 32), []byte{}, make([]byte, 64))
	f.Fuzz(func(t *testing.T, public, msg, sig []byte) {
		other, err := signing.ParsePublicKey(public)
		if err != nil {
			return
		}
		if other.Verify(signing.Commit, msg, sig) == nil && (other != key.Public() || string(msg) != "message") {
			t.Errorf("a forgery under %v of %x: %x", other, msg, sig)
		}
	})
}
