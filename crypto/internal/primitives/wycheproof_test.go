// Package primitives_test runs the primitives that are linked into the program
// against Project Wycheproof, the collection of the ways in which
// implementations went wrong.
package primitives_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
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
	Tests     []struct {
		TcID    int
		Comment string
		Result  string

		Msg, Sig hexBytes // EddsaVerify

		Ikm, Salt, Info, Okm hexBytes // HkdfTest
		Size                 int

		Key, Iv, Aad, Ct, Tag hexBytes // AeadTest
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func wycheproofGroups(t *testing.T, file string) []group {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ TestGroups []group }
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	if len(content.TestGroups) == 0 {
		t.Fatal("no vectors")
	}
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

func TestWycheproofXChaCha20Poly1305(t *testing.T) {
	for _, group := range wycheproofGroups(t, "xchacha20_poly1305_test.json") {
		for _, test := range group.Tests {
			if len(test.Iv) != chacha20poly1305.NonceSizeX {
				continue // a nonce of another length cannot be given to the envelope
			}
			aead, err := chacha20poly1305.NewX(test.Key)
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
