package testsecret

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// The scan finds a secret in every form in which JSON or a header could carry it.
func TestSecretsAreFound(t *testing.T) {
	s := Set{"key": secret.Random(32).Reveal()}
	for shift := range 3 {
		padded := slices.Concat(make([]byte, shift), s["key"], []byte{1, 2, 3, 4, 5})
		for _, text := range [][]byte{padded, []byte(hex.EncodeToString(padded)), []byte(base64.StdEncoding.EncodeToString(padded)), []byte(base64.RawURLEncoding.EncodeToString(padded))} {
			if s.In(text) != "key" {
				t.Errorf("not found in %q", text)
			}
		}
	}
	if s.In(secret.Random(100).Reveal()) != "" {
		t.Error("found where it is not")
	}
}
