package testsecret

import (
	"encoding/hex"
	"os"
	"runtime"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// A secret is found in the memory of this very process, as bytes and as runes.
func TestMemoryIsFound(t *testing.T) {
	text := []byte(hex.EncodeToString(secret.Random(16).Reveal()))
	asRunes := []rune(string(text))
	s := Set{"key": secret.Random(32).Reveal(), "text": text}
	found := s.InMemory(t, os.Getpid())
	runtime.KeepAlive(asRunes)
	if found["key"] < 1 || found["text"] < 2 {
		t.Errorf("found %v", found)
	}
}
