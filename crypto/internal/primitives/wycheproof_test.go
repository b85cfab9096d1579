// Package primitives_test runs the primitives that are linked into the program
// against Project Wycheproof, the collection of the ways in which
// implementations went wrong.
package primitives_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"golang.org/x/crypto/chacha20poly1305"
)

// group is a test group; cases differ by type.
type group struct {
	PublicKey struct{ Pk hexBytes }
	TagSize   int // bits
	Tests     []struct {
		TcID    int
		Comment string
		Result  string

		Msg, Sig hexBytes // EddsaVerify

		Ikm, Salt, Info, Okm hexBytes // HkdfTest
		Size                 int

		Key, Iv, Aad, Ct, Tag hexBytes // AeadTest, MacTest

		Public, Private, Shared hexBytes // XdhComp

		Seed, M, Ek, C, K hexBytes // ML-KEM
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// wycheproofGroups reads a file, and makes sure that it was read whole.
func wycheproofGroups(t *testing.T, file string) []group {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		NumberOfTests int
		TestGroups    []group
	}
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, group := range content.TestGroups {
		read += len(group.Tests)
	}
	if read == 0 || read != content.NumberOfTests {
		t.Fatalf("%d vectors of %d", read, content.NumberOfTests)
	}
	t.Logf("%s: %d vectors", file, read)
	return content.TestGroups
}

func TestWycheproofEd25519(t *testing.T) {
	for _, group := range wycheproofGroups(t, "ed25519_test.json") {
		for _, test := range group.Tests {
			ok := ed25519.Verify(ed25519.PublicKey(group.PublicKey.Pk), test.Msg, test.Sig)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %v, should be %s", test.TcID, test.Comment, ok, test.Result)
			}
		}
	}
}

func TestWycheproofHKDF(t *testing.T) {
	for _, group := range wycheproofGroups(t, "hkdf_sha256_test.json") {
		for _, test := range group.Tests {
			out, err := hkdf.Key(sha256.New, test.Ikm, test.Salt, string(test.Info), test.Size)
			ok := err == nil && bytes.Equal(out, test.Okm)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %x, %v", test.TcID, test.Comment, out, err)
			}
		}
	}
}

func TestWycheproofHMAC(t *testing.T) {
	for _, group := range wycheproofGroups(t, "hmac_sha256_test.json") {
		for _, test := range group.Tests {
			mac := hmac.New(sha256.New, test.Key)
			mac.Write(test.Msg)
			ok := hmac.Equal(mac.Sum(nil)[:group.TagSize/8], test.Tag)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %v, should be %s", test.TcID, test.Comment, ok, test.Result)
			}
		}
	}
}

func TestWycheproofXChaCha20Poly1305(t *testing.T) {
	wycheproofAEAD(t, "xchacha20_poly1305_test.json", chacha20poly1305.NonceSizeX, chacha20poly1305.NewX)
}

// HPKE's.
func TestWycheproofChaCha20Poly1305(t *testing.T) {
	wycheproofAEAD(t, "chacha20_poly1305_test.json", chacha20poly1305.NonceSize, chacha20poly1305.New)
}

func wycheproofAEAD(t *testing.T, file string, nonceSize int, open func(key []byte) (cipher.AEAD, error)) {
	t.Helper()
	for _, group := range wycheproofGroups(t, file) {
		for _, test := range group.Tests {
			if len(test.Iv) != nonceSize { // cannot be given to it
				if test.Result != "invalid" {
					t.Errorf("%d %s: nonce of %d bytes", test.TcID, test.Comment, len(test.Iv))
				}
				continue
			}
			aead, err := open(test.Key)
			if err != nil {
				t.Fatal(err)
			}
			out, err := aead.Open(nil, test.Iv, append(test.Ct, test.Tag...), test.Aad)
			ok := err == nil && bytes.Equal(out, test.Msg)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %x, %v", test.TcID, test.Comment, out, err)
			}
		}
	}
}

// Half of HPKE's KEM. An acceptable case may be refused, but never gives another secret: a public key of low order, or one that is not
// spelled canonically.
func TestWycheproofX25519(t *testing.T) {
	for _, group := range wycheproofGroups(t, "x25519_test.json") {
		for _, test := range group.Tests {
			private, err := ecdh.X25519().NewPrivateKey(test.Private)
			if err != nil {
				t.Fatal(err)
			}
			public, err := ecdh.X25519().NewPublicKey(test.Public)
			if err != nil {
				t.Fatal(err)
			}
			shared, err := private.ECDH(public)
			if err != nil && test.Result == "valid" || err == nil && !bytes.Equal(shared, test.Shared) {
				t.Errorf("%d %s: %x, %v", test.TcID, test.Comment, shared, err)
			}
		}
	}
}

// The other half.
func TestWycheproofMLKEM(t *testing.T) {
	for _, group := range wycheproofGroups(t, "mlkem_768_test.json") {
		for _, test := range group.Tests {
			var shared []byte
			key, err := mlkem.NewDecapsulationKey768(test.Seed)
			if err == nil {
				shared, err = key.Decapsulate(test.C)
			}
			ok := err == nil && bytes.Equal(shared, test.K) && bytes.Equal(key.EncapsulationKey().Bytes(), test.Ek)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %x, %v", test.TcID, test.Comment, shared, err)
			}
		}
	}
	for _, group := range wycheproofGroups(t, "mlkem_768_keygen_seed_test.json") {
		for _, test := range group.Tests {
			key, err := mlkem.NewDecapsulationKey768(test.Seed)
			if err != nil || !bytes.Equal(key.EncapsulationKey().Bytes(), test.Ek) {
				t.Errorf("%d %s: %v", test.TcID, test.Comment, err)
			}
		}
	}
}

func TestWycheproofMLKEMEncapsulation(t *testing.T) {
	for _, group := range wycheproofGroups(t, "mlkem_768_encaps_test.json") {
		for _, test := range group.Tests {
			var shared, ciphertext []byte
			key, err := mlkem.NewEncapsulationKey768(test.Ek)
			if err == nil {
				shared, ciphertext, err = mlkemtest.Encapsulate768(key, test.M)
			}
			ok := err == nil && bytes.Equal(shared, test.K) && bytes.Equal(ciphertext, test.C)
			if ok != (test.Result == "valid") {
				t.Errorf("%d %s: %x, %v", test.TcID, test.Comment, shared, err)
			}
		}
	}
}
